"""The simulator's objects, safe to use from any thread: everything is done on the simulator's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ari_notebook.simulator.exchange import Exchange
from ari_notebook.simulator.phone import Phone
from ari_notebook.simulator.phone_calls import Call, NotPossible

__all__ = ["Remote"]

Run = Callable[[Callable[[Exchange], Any]], Any]


class Remote:
    """Stands for an object of the simulator's thread.

    Reading an attribute, setting one and calling a method happen on that thread, and phones and
    calls that come of it are such stand-ins themselves.

    Args:
        run: does something on the simulator's thread.
        find: finds the object; anew each time, as a restart makes a new exchange.
    """

    def __init__(self, run: Run, find: Callable[[Exchange], Any]) -> None:
        self.__dict__.update(_run=run, _find=find)

    def __getattr__(self, name: str) -> Any:
        value = self._do(lambda target: getattr(target, name))
        if not callable(value):
            return value

        def call(*args: Any, **keywords: Any) -> Any:
            given = [_meant(each) for each in args]
            return self._do(lambda target: getattr(target, name)(*given, **keywords))

        call.__doc__ = value.__doc__
        return call

    def __setattr__(self, name: str, value: Any) -> None:
        self._do(lambda target: setattr(target, name, value))

    def __getitem__(self, key: Any) -> Any:
        return self._do(lambda target: target[key])

    def __iter__(self) -> Iterator[Any]:
        return iter(self._do(list))

    def __contains__(self, key: object) -> bool:
        return bool(self._do(lambda target: key in target))

    def __dir__(self) -> list[str]:
        return list(self._do(dir))

    def __repr__(self) -> str:
        return str(self._do(repr))

    def __eq__(self, other: object) -> bool:
        meant = _meant(other)
        return bool(self._do(lambda mine: mine is meant))

    def __hash__(self) -> int:
        return int(self._do(hash))

    def _do(self, do: Callable[[Any], Any], *, wrap: bool = True) -> Any:
        try:
            value = self._run(lambda exchange: do(self._find(exchange)))
        except (NotPossible, ValueError) as error:
            # What a phone cannot do: the way there, through another thread, is nobody's business.
            raise error.with_traceback(None) from None
        return self._wrapped(value) if wrap else value

    def _wrapped(self, value: Any) -> Any:
        if isinstance(value, Phone | Call):
            return Remote(self._run, lambda exchange: value)
        if isinstance(value, tuple):
            return tuple(self._wrapped(each) for each in value)
        return value


def _meant(value: Any) -> Any:
    """What a stand-in stands for: asking it on the simulator's own thread would wait for itself."""
    return value._do(lambda each: each, wrap=False) if isinstance(value, Remote) else value
