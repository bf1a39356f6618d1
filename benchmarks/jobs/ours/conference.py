"""A conference that waits for its moderator, ends with it, and can be left by #."""

import sys

import ari_notebook
from ari_notebook.flows import flow
from ari_notebook.flows.call import Call
from ari_notebook.parts import Conference

board = Conference("board", moderated=True)


@flow(args=["guest"])
def guest(call: Call) -> None:
    """Let a guest take part."""
    board.join(call)


@flow(args=["moderator"])
def moderator(call: Call) -> None:
    """Let the moderator take part."""
    board.join(call, moderator=True)


if __name__ == "__main__":
    url, user, password = sys.argv[1:4]
    ari_notebook.serve(url, [guest, moderator], app="jobs", user=user, password=password)
