"""Routing: the tree of resources built from the declaration."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

from ari_notebook.schema import Declaration, Operation, builtin
from ari_notebook.schema.versions import NEWEST, AsteriskVersion
from ari_notebook.simulator.rest.parameters import decode

METHODS = ("GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS")  # in the order of an Allow header


@dataclass(slots=True)
class RouteNode:
    """A node of the tree: one segment of a path.

    Attributes:
        segment: its text, or the name of its variable.
        variable: whether it takes any text.
        children: children in the order of declaration.
        operations: operations by method.
    """

    segment: str
    variable: bool = False
    children: list[RouteNode] = field(default_factory=list)
    operations: dict[str, Operation] = field(default_factory=dict)

    @property
    def methods(self) -> list[str]:
        """Return the methods of the Allow header after OPTIONS, without WebSocket upgrades."""
        return [each for each in METHODS if each in self.operations and not self.websocket(each)]

    def websocket(self, method: str) -> bool:
        """Return whether a method is a WebSocket upgrade here."""
        operation = self.operations.get(method)
        return operation is not None and operation.websocket

    def child(self, segment: str, *, variable: bool) -> RouteNode:
        """Return the child of a name, created if it does not exist."""
        for each in self.children:
            if each.segment == segment and each.variable is variable:
                return each
        self.children.append(RouteNode(segment, variable))
        return self.children[-1]


def tree(declaration: Declaration, lacking: frozenset[str] = frozenset()) -> RouteNode:
    """Build the tree of a declaration's paths, without some operations, such as ``GET /sounds``."""
    root = RouteNode("ari")
    for operation in declaration.operations:
        if f"{operation.method} {operation.path}" in lacking:
            continue
        node = root
        for segment in operation.path.strip("/").split("/"):
            variable = segment.startswith("{")
            node = node.child(segment.strip("{}"), variable=variable)
        node.operations[operation.method] = operation
    return root


@cache
def builtin_tree(version: AsteriskVersion = NEWEST) -> RouteNode:
    """Return the tree of a release, with the newest declaration of each operation."""
    return tree(builtin(), lacking=version.lacks())


def find(root: RouteNode, path: str) -> tuple[RouteNode, dict[str, str]] | None:
    """Walk a path without its leading slash; return None if it leads nowhere.

    As in Asterisk, an empty segment ends the walk, and a variable passed over for a name declared
    after it stays open for one more segment: ``channels/externalMedia/x`` means the channel
    "externalMedia".

    Returns:
        The node and the decoded values of the path's variables.
    """
    node = root
    values: dict[str, str] = {}
    open_variable: RouteNode | None = None
    for raw in path.split("/"):
        if not raw:
            break
        segment = decode(raw)
        found = None
        for child in node.children:
            if child.variable:
                values.setdefault(child.segment, segment)
                open_variable = child
            elif child.segment == segment:
                found = child
                break
        if found is None:
            if open_variable is None:
                return None
            found, open_variable = open_variable, None
        node = found
    return node, values
