"""What ARI's asterisk operations answer: information, modules, logging, settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from ari_notebook.simulator.dynamic_config import fields_of
from ari_notebook.simulator.messages import Refused, Reply

if TYPE_CHECKING:
    from ari_notebook.simulator.exchange import Exchange

Arguments: TypeAlias = Mapping[str, Any]


def get_info(exchange: Exchange, args: Arguments) -> Reply:
    """``GET /asterisk/info``, or the parts of it that ``only`` names."""
    only = {name.lower() for name in args["only"]}
    parts = exchange.information()
    return Reply(200, {name: parts[name] for name in parts if not only or name in only})


def ping(exchange: Exchange, args: Arguments) -> Reply:  # noqa: ARG001
    """``GET /asterisk/ping``."""
    stamp = {"timestamp": exchange.timestamp(), "asterisk_id": exchange.asterisk_id}
    return Reply(200, {"ping": "pong", **stamp})


def list_modules(exchange: Exchange, args: Arguments) -> Reply:  # noqa: ARG001
    """``GET /asterisk/modules``."""
    return Reply(200, exchange.modules.list())


def get_module(exchange: Exchange, args: Arguments) -> Reply:
    """``GET /asterisk/modules/{moduleName}``."""
    return Reply(200, exchange.modules.get(args["moduleName"]))


def load_module(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /asterisk/modules/{moduleName}``."""
    exchange.modules.load(args["moduleName"])
    return Reply(204)


def unload_module(exchange: Exchange, args: Arguments) -> Reply:
    """``DELETE /asterisk/modules/{moduleName}``."""
    exchange.modules.unload(args["moduleName"])
    return Reply(204)


def reload_module(exchange: Exchange, args: Arguments) -> Reply:
    """``PUT /asterisk/modules/{moduleName}``."""
    exchange.modules.reload(args["moduleName"])
    return Reply(204)


def list_log_channels(exchange: Exchange, args: Arguments) -> Reply:  # noqa: ARG001
    """``GET /asterisk/logging``."""
    return Reply(200, exchange.logging.list())


def add_log(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /asterisk/logging/{logChannelName}``."""
    exchange.logging.add(args["logChannelName"], args["configuration"])
    return Reply(204)


def delete_log(exchange: Exchange, args: Arguments) -> Reply:
    """``DELETE /asterisk/logging/{logChannelName}``."""
    exchange.logging.remove(args["logChannelName"])
    return Reply(204)


def rotate_log(exchange: Exchange, args: Arguments) -> Reply:
    """``PUT /asterisk/logging/{logChannelName}/rotate``."""
    exchange.logging.rotate(args["logChannelName"])
    return Reply(204)


def get_global_variable(exchange: Exchange, args: Arguments) -> Reply:
    """``GET /asterisk/variable``: what is not set is empty, and so is a function."""
    return Reply(200, {"value": exchange.get_global(_variable(args))})


def set_global_variable(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /asterisk/variable``: no value unsets it; a function may refuse, without a word."""
    from ari_notebook.simulator.dialplan import assign

    assign(exchange, None, _variable(args), args["value"], from_outside=True)
    return Reply(204)


def get_object(exchange: Exchange, args: Arguments) -> Reply:
    """``GET /asterisk/config/dynamic/{configClass}/{objectType}/{id}``."""
    return Reply(200, exchange.dynamic_config.get(*_object(args)))


def update_object(exchange: Exchange, args: Arguments) -> Reply:
    """``PUT /asterisk/config/dynamic/{configClass}/{objectType}/{id}``."""
    fields = fields_of(args["fields"])
    return Reply(200, exchange.dynamic_config.update(*_object(args), fields))


def delete_object(exchange: Exchange, args: Arguments) -> Reply:
    """``DELETE /asterisk/config/dynamic/{configClass}/{objectType}/{id}``."""
    exchange.dynamic_config.delete(*_object(args))
    return Reply(204)


def _variable(args: Arguments) -> str:
    name: str = args["variable"] or ""
    if not name:
        raise Refused(400, "Variable name is required")
    return name


def _object(args: Arguments) -> tuple[str, str, str]:
    return args["configClass"], args["objectType"], args["id"]


OPERATIONS = {
    "getInfo": get_info,
    "ping": ping,
    "listModules": list_modules,
    "getModule": get_module,
    "loadModule": load_module,
    "unloadModule": unload_module,
    "reloadModule": reload_module,
    "listLogChannels": list_log_channels,
    "addLog": add_log,
    "deleteLog": delete_log,
    "rotateLog": rotate_log,
    "getGlobalVar": get_global_variable,
    "setGlobalVar": set_global_variable,
    "getObject": get_object,
    "updateObject": update_object,
    "deleteObject": delete_object,
}
