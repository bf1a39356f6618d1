"""A queue with two agents: the longest waiting is first, with music and announcements."""

import sys

import ari_notebook
from ari_notebook.flows import flow
from ari_notebook.flows.call import Call
from ari_notebook.parts import Queue

queue = Queue("Local/agent@far/n", ring=10, announce=15)


@flow(args=["queue"])
def hotline(call: Call) -> None:
    """Serve a caller."""
    queue.serve(call)


if __name__ == "__main__":
    url, user, password = sys.argv[1:4]
    ari_notebook.serve(url, [hotline], app="jobs", user=user, password=password)
