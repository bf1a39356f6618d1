"""A service: killed and started again it takes its calls over; it drains and reports its health.

``ari-notebook serve benchmarks.jobs.ours.service:greet`` does the same without the last lines.
"""

import sys

import ari_notebook
from ari_notebook.flows import flow
from ari_notebook.flows.call import Call


@flow(args=["many"])
def greet(call: Call) -> None:
    """Serve a caller."""
    call.answer()
    call.ask("beep", tries=1, timeout=60)


if __name__ == "__main__":
    url, user, password, port = sys.argv[1:5]
    ari_notebook.serve(
        url, [greet], app="jobs", user=user, password=password, health_port=int(port)
    )
