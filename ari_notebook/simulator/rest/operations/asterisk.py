"""ARI's operations on asterisk: information, modules, logging, settings."""

from __future__ import annotations

from typing import Any

from ari_notebook.simulator.messages import AriRefusal, Reply
from ari_notebook.simulator.rest.context import Arguments, AriContext
from ari_notebook.simulator.services.dynamic_config import fields_of


def get_info(ari: AriContext, args: Arguments) -> Reply:
    """Return the system information, or the parts that ``only`` names: ``GET /asterisk/info``."""
    only = {name.lower() for name in args["only"]}
    parts = _information(ari)
    return Reply(200, {name: parts[name] for name in parts if not only or name in only})


def _information(ari: AriContext) -> dict[str, Any]:
    exchange = ari.exchange
    started = exchange.timestamp(exchange.started)
    return {
        "build": {
            "os": "Linux",
            "kernel": "6.1.0",
            "machine": "x86_64",
            "options": "OPTIONAL_API",
            "date": "2026-10-01 00:00:00 UTC",
            "user": "simulator",
        },
        "system": {"version": str(exchange.config.version), "entity_id": exchange.asterisk_id},
        "config": {"name": "", "default_language": "en", "setid": {"user": "", "group": ""}},
        "status": {"startup_time": started, "last_reload_time": started},
    }


def ping(ari: AriContext, args: Arguments) -> Reply:  # noqa: ARG001
    """Answer with the time: ``GET /asterisk/ping``."""
    stamp = {"timestamp": ari.exchange.timestamp(), "asterisk_id": ari.exchange.asterisk_id}
    return Reply(200, {"ping": "pong", **stamp})


def list_modules(ari: AriContext, args: Arguments) -> Reply:  # noqa: ARG001
    """List the modules: ``GET /asterisk/modules``."""
    return Reply(200, ari.modules.list())


def get_module(ari: AriContext, args: Arguments) -> Reply:
    """Return one module: ``GET /asterisk/modules/{moduleName}``."""
    return Reply(200, ari.modules.get(args["moduleName"]))


def load_module(ari: AriContext, args: Arguments) -> Reply:
    """Load a module: ``POST /asterisk/modules/{moduleName}``."""
    ari.modules.load(args["moduleName"])
    return Reply(204)


def unload_module(ari: AriContext, args: Arguments) -> Reply:
    """Unload a module: ``DELETE /asterisk/modules/{moduleName}``."""
    ari.modules.unload(args["moduleName"])
    return Reply(204)


def reload_module(ari: AriContext, args: Arguments) -> Reply:
    """Reload a module: ``PUT /asterisk/modules/{moduleName}``."""
    ari.modules.reload(args["moduleName"])
    return Reply(204)


def list_log_channels(ari: AriContext, args: Arguments) -> Reply:  # noqa: ARG001
    """List the log channels: ``GET /asterisk/logging``."""
    return Reply(200, ari.logging.list())


def add_log(ari: AriContext, args: Arguments) -> Reply:
    """Add a log channel: ``POST /asterisk/logging/{logChannelName}``."""
    ari.logging.add(args["logChannelName"], args["configuration"])
    return Reply(204)


def delete_log(ari: AriContext, args: Arguments) -> Reply:
    """Delete a log channel: ``DELETE /asterisk/logging/{logChannelName}``."""
    ari.logging.remove(args["logChannelName"])
    return Reply(204)


def rotate_log(ari: AriContext, args: Arguments) -> Reply:
    """Rotate a log channel: ``PUT /asterisk/logging/{logChannelName}/rotate``."""
    ari.logging.rotate(args["logChannelName"])
    return Reply(204)


def get_global_variable(ari: AriContext, args: Arguments) -> Reply:
    """Return a variable or function, empty if it is unset: ``GET /asterisk/variable``."""
    return Reply(200, {"value": ari.exchange.get_global(_variable(args))})


def set_global_variable(ari: AriContext, args: Arguments) -> Reply:
    """Set or unset a variable; a function may refuse silently: ``POST /asterisk/variable``."""
    ari.exchange.assign(None, _variable(args), args["value"], from_outside=True)
    return Reply(204)


def get_object(ari: AriContext, args: Arguments) -> Reply:
    """Return a configuration object.

    ``GET /asterisk/config/dynamic/{configClass}/{objectType}/{id}``.
    """
    return Reply(200, ari.dynamic_config.get(*_object(args)))


def update_object(ari: AriContext, args: Arguments) -> Reply:
    """Create or update a configuration object.

    ``PUT /asterisk/config/dynamic/{configClass}/{objectType}/{id}``.
    """
    fields = fields_of(args["fields"])
    return Reply(200, ari.dynamic_config.update(*_object(args), fields))


def delete_object(ari: AriContext, args: Arguments) -> Reply:
    """Delete a configuration object.

    ``DELETE /asterisk/config/dynamic/{configClass}/{objectType}/{id}``.
    """
    ari.dynamic_config.delete(*_object(args))
    return Reply(204)


def _variable(args: Arguments) -> str:
    name: str = args["variable"] or ""
    if not name:
        raise AriRefusal(400, "Variable name is required")
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
