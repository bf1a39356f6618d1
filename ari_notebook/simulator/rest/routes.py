"""Which operation a path and a method mean: the tree of resources, made from the declaration."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

from ari_notebook.simulator.rest.parameters import decode
from ari_notebook.spec import Declaration, Operation, builtin

METHODS = ("GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS")  # in the order of an Allow header


@dataclass(slots=True)
class Node:
    """A place in the tree: one segment of a path.

    Attributes:
        segment: its text; of a variable, the variable's name.
        variable: whether it takes any text.
        children: in the order in which they are declared.
        operations: what can be asked for here, by method.
    """

    segment: str
    variable: bool = False
    children: list[Node] = field(default_factory=list)
    operations: dict[str, Operation] = field(default_factory=dict)

    @property
    def methods(self) -> list[str]:
        """The methods that ``Allow`` names after OPTIONS: an upgrade to a WebSocket is not one."""
        return [each for each in METHODS if each in self.operations and not self.websocket(each)]

    def websocket(self, method: str) -> bool:
        """Whether this method here is an upgrade to a WebSocket."""
        operation = self.operations.get(method)
        return operation is not None and operation.websocket

    def child(self, segment: str, *, variable: bool) -> Node:
        """The child of this name, made where there is none."""
        for each in self.children:
            if each.segment == segment and each.variable is variable:
                return each
        self.children.append(Node(segment, variable))
        return self.children[-1]


def tree(declaration: Declaration) -> Node:
    """Make the tree of a declaration's paths."""
    root = Node("ari")
    for operation in declaration.operations:
        node = root
        for segment in operation.path.strip("/").split("/"):
            variable = segment.startswith("{")
            node = node.child(segment.strip("{}"), variable=variable)
        node.operations[operation.method] = operation
    return root


@cache
def builtin_tree() -> Node:
    """The tree of Asterisk 22.10."""
    return tree(builtin())


def find(root: Node, path: str) -> tuple[Node, dict[str, str]] | None:
    """Walk a path, given without its leading slash; None where it leads nowhere.

    As in Asterisk, an empty segment ends the walk, and a variable that was passed over for a name
    declared after it stays open one segment longer than it should: ``channels/externalMedia/x``
    means the channel "externalMedia".

    Returns:
        the place and the decoded values of the variables on the way.
    """
    node = root
    values: dict[str, str] = {}
    open_variable: Node | None = None
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
