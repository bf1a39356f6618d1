"""A kernel as Jupyter runs it, to send messages to."""

from __future__ import annotations

import queue
import time
from dataclasses import dataclass, field
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager


@dataclass
class Cell:
    """A cell that was run, and all output below it."""

    id: str
    text: str = ""
    error: str = ""
    html: str = ""
    names: list[str] = field(default_factory=list)


class Kernel:
    """A running kernel with the extension loaded."""

    def __init__(self) -> None:
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel()
        self.client: BlockingKernelClient = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=100)
        self.cells: dict[str, Cell] = {}
        self.run("%load_ext ari_notebook")

    def begin(self, code: str) -> Cell:
        """Send a cell, and do not wait for it."""
        id = self.client.execute(code)
        cell = self.cells[id] = Cell(id)
        return cell

    def run(self, code: str, timeout: float = 60) -> Cell:
        """Run a cell to its end."""
        cell = self.begin(code)
        self.finish(cell, timeout)
        return cell

    def finish(self, cell: Cell, timeout: float = 60) -> None:
        """Receive messages until a cell has finished."""
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            message = self._next(until - time.monotonic())
            if message is None:
                break
            idle = message["content"].get("execution_state") == "idle"
            if idle and message["parent_header"].get("msg_id") == cell.id:
                return
        raise TimeoutError(f"the cell did not end; so far: {cell}")

    def listen(self, seconds: float) -> None:
        """Receive messages for a while."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._next(left)

    def output(self, cell: Cell) -> Cell:
        """Return a cell that runs, with its output so far."""
        self.listen(1)
        return cell

    def _next(self, timeout: float) -> dict[str, Any] | None:
        try:
            message: dict[str, Any] = self.client.get_iopub_msg(timeout=timeout)
        except queue.Empty:
            return None
        cell = self.cells.get(message["parent_header"].get("msg_id", ""))
        content = message["content"]
        if cell is not None:
            if message["msg_type"] == "stream":
                cell.text += content["text"]
            elif message["msg_type"] == "error":
                cell.error += "\n".join(content["traceback"])
                cell.names.append(content["ename"])
            elif message["msg_type"] in ("execute_result", "display_data"):
                cell.text += content["data"].get("text/plain", "")
                cell.html += content["data"].get("text/html", "")
        return message

    def complete(self, code: str, cursor: int | None = None) -> list[str]:
        """Return JupyterLab's completions of the line's last word."""
        at = len(code) if cursor is None else cursor
        id = self.client.complete(code, at)
        while True:
            reply = self.client.get_shell_msg(timeout=30)
            if reply["parent_header"].get("msg_id") == id:
                break
        content = reply["content"]
        before = code[: content["cursor_start"]].split()[-1:] if content["matches"] else []
        glued = before[0] if before and not code[content["cursor_start"] - 1].isspace() else ""
        return [glued + match for match in content["matches"]]

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
