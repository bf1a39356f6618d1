"""Every operation's handler, by resource and nickname."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, TypeAlias

from ari_notebook.spec import builtin

if TYPE_CHECKING:
    from ari_notebook.simulator.exchange import Exchange
    from ari_notebook.simulator.messages import Later, Reply
    from ari_notebook.simulator.rest.parameters import Arguments

Handler: TypeAlias = "Callable[[Exchange, Arguments], Reply | Later[Reply]]"


@cache
def handlers() -> Mapping[str, Mapping[str, Handler]]:
    """The table ``OPERATIONS`` of each resource's module, by ARI's name of the resource.

    They are imported when the first request comes, as they import the exchange's rooms in turn.
    """
    return {
        operation.resource: import_module(f"{__package__}.{operation.resource_name}").OPERATIONS
        for operation in builtin().operations
    }
