"""Call numbers at a rate, with ring time-outs and a second try; print how many ended how."""

import json
import sys

import ari_notebook
from ari_notebook.parts import dial_out

if __name__ == "__main__":
    url, user, password = sys.argv[1:4]
    with ari_notebook.connect(url, "jobs", user, password) as ari:
        results = dial_out(
            ari, sys.argv[4:], endpoint="Local/{}@far/n", rate=20, ring=2, tries=2, retry=["BUSY"]
        )
    print(json.dumps(results["disposition"].value_counts().to_dict()))
