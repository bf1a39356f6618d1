"""What Asterisk's configuration files mean to the exchange, with Asterisk's own defaults."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.resources import files
from math import isfinite
from pathlib import Path

from ari_notebook.simulator.configfile import ConfigError, Section, Setting, is_true, read
from ari_notebook.simulator.naturals import natural

__all__ = [
    "Acl",
    "Ari",
    "Config",
    "ConfigError",
    "Endpoint",
    "Http",
    "OutboundWebsocket",
    "User",
    "WebsocketClient",
    "read_config",
]

VERSION = "22.10.1"


@dataclass(frozen=True, slots=True)
class Acl:
    """Who may connect: rules in their order, the last that fits an address decides."""

    rules: tuple[tuple[bool, ipaddress.IPv4Network | ipaddress.IPv6Network], ...] = ()

    def permits(self, address: str) -> bool:
        """Whether an address may connect; without rules all may."""
        try:
            ip = ipaddress.ip_address(address.split("%")[0])
        except ValueError:
            return not self.rules
        allowed = True
        for permit, network in self.rules:
            if ip.version == network.version and ip in network:
                allowed = permit
        return allowed


@dataclass(frozen=True, slots=True)
class User:
    """A user of ari.conf."""

    name: str
    password: str
    password_format: str = "plain"  # noqa: S105  plain or crypt
    read_only: bool = False
    acl: Acl = Acl()

    def permits(self, address: str) -> bool:
        """Whether the user may connect from an address."""
        return self.acl.permits(address)


@dataclass(frozen=True, slots=True)
class OutboundWebsocket:
    """A section of type outbound_websocket of ari.conf."""

    name: str
    websocket_client_id: str
    apps: str
    subscribe_all: bool
    local_ari_user: str


@dataclass(frozen=True, slots=True)
class WebsocketClient:
    """A section of websocket_client.conf. Times are milliseconds."""

    uri: str
    protocols: str = ""
    username: str = ""
    password: str = ""
    connection_type: str = "persistent"
    connection_timeout: int = 500
    reconnect_interval: int = 500
    reconnect_attempts: int = 4
    tls_enabled: bool = False
    ca_list_file: str = ""
    ca_list_path: str = ""
    cert_file: str = ""
    priv_key_file: str = ""
    verify_server_cert: bool = True
    verify_server_hostname: bool = True


@dataclass(frozen=True, slots=True)
class Http:
    """http.conf. Times are seconds."""

    enabled: bool = False
    address: str = "127.0.0.1"
    port: int = 8088
    prefix: str = ""
    server_name: str = f"Asterisk/{VERSION}"
    session_limit: int = 100
    session_inactivity: float = 30.0
    session_keep_alive: float = 15.0
    tls_enabled: bool = False
    tls_address: str = "127.0.0.1"
    tls_port: int = 8089
    tls_certificate: str = ""
    tls_private_key: str = ""


@dataclass(frozen=True, slots=True)
class Ari:
    """ari.conf."""

    enabled: bool = True
    pretty: bool = False
    auth_realm: str = "Asterisk REST Interface"
    allowed_origins: tuple[str, ...] = ()
    websocket_write_timeout: float = 0.1
    channelvars: tuple[str, ...] = ()
    users: Mapping[str, User] = field(default_factory=dict)
    outbound_websockets: Mapping[str, OutboundWebsocket] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A PJSIP endpoint: a phone of the exchange."""

    name: str
    context: str = "default"
    caller_id: str = ""


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that the exchange is set up with."""

    http: Http = Http()
    ari: Ari = Ari()
    websocket_clients: Mapping[str, WebsocketClient] = field(default_factory=dict)
    endpoints: Mapping[str, Endpoint] = field(default_factory=dict)
    unloaded_modules: tuple[str, ...] = ()
    logfiles: tuple[tuple[str, str], ...] = ()
    extensions: str = ""
    folder: Path | None = None


def read_config(folder: Path | str | None = None) -> Config:
    """Read a folder of configuration files.

    Args:
        folder: with ``http.conf``, ``ari.conf``, ``extensions.conf`` and, where used,
            ``pjsip.conf``, ``acl.conf``, ``websocket_client.conf``, ``modules.conf`` (what is not
            loaded) and ``logger.conf``; the package's own demonstration set-up if None.

    Raises:
        ConfigError: with the file, the line and the reason.
    """
    path = Path(str(files("ari_notebook") / "config")) if folder is None else Path(folder)
    if not path.is_dir():
        raise ConfigError(f"there is no folder {folder}")
    http = _http(read(path / "http.conf"))
    if not http.enabled:
        raise ConfigError("http.conf: without enabled = yes in [general] there is no ARI")
    acls = {section.name: _rules(section, {}) for section in read(path / "acl.conf")}
    ari = _ari(read(path / "ari.conf"), acls)
    if not ari.enabled:
        raise ConfigError("ari.conf: enabled = no in [general]; there is no ARI")
    extensions = path / "extensions.conf"
    return Config(
        http=http,
        ari=ari,
        websocket_clients=_clients(read(path / "websocket_client.conf")),
        endpoints=_endpoints(read(path / "pjsip.conf")),
        unloaded_modules=tuple(
            value for name, value in _settings(path / "modules.conf", "modules") if name == "noload"
        ),
        logfiles=_settings(path / "logger.conf", "logfiles"),
        extensions=extensions.read_text(errors="surrogateescape") if extensions.exists() else "",
        folder=path,
    )


def _settings(path: Path, name: str) -> tuple[tuple[str, str], ...]:
    """The settings of a file's sections of a name, in their order."""
    sections = [section for section in read(path) if section.name == name]
    return tuple((each.name, each.value) for section in sections for each in section.settings)


def _general(sections: list[Section]) -> Section:
    return next((s for s in sections if s.name == "general"), Section("general", ""))


def _number(section: Section, name: str, default: float) -> float:
    text = section.get(name)
    if not text:
        return default
    with suppress(ValueError):
        if isfinite(number := float(text)):
            return number
    place = section.all(name)[-1].place
    raise ConfigError(f"{place}: {name} must be a number, not {text!r}")


def _address(text: str, port: float) -> tuple[str, int]:
    """``host``, ``host:port`` or ``[v6]:port``."""
    host, _, given = (
        text.rpartition(":") if text.count(":") == 1 or "]:" in text else (text, "", "")
    )
    number = natural(given, int(port))
    if number > 65535:
        raise ConfigError(f"http.conf: no port has the number {number}, as in {text}")
    return host.strip("[]"), number


def _http(sections: list[Section]) -> Http:
    general = _general(sections)
    default = Http()
    port = _number(general, "bindport", default.port)
    if not 0 <= port <= 65535:
        raise ConfigError(f"{general.all('bindport')[-1].place}: no port has the number {port:g}")
    host, port = _address(general.get("bindaddr", default.address), port)
    tls_host, tls_port = _address(general.get("tlsbindaddr", host), default.tls_port)
    prefix = general.get("prefix").strip("/")
    return Http(
        enabled=is_true(general.get("enabled")),
        address=host,
        port=port,
        prefix=f"/{prefix}" if prefix else "",
        server_name=general.get("servername", default.server_name),
        session_limit=int(_number(general, "sessionlimit", default.session_limit)),
        session_inactivity=_number(general, "session_inactivity", 30_000) / 1000,
        session_keep_alive=_number(general, "session_keep_alive", 15_000) / 1000,
        tls_enabled=is_true(general.get("tlsenable")),
        tls_address=tls_host,
        tls_port=tls_port,
        tls_certificate=general.get("tlscertfile"),
        tls_private_key=general.get("tlsprivatekey"),
    )


def _ari(sections: list[Section], acls: Mapping[str, Acl]) -> Ari:
    general = _general(sections)
    users, outbound = {}, {}
    for section in sections:
        kind = section.get("type")
        if section.name == "general":
            continue
        if kind == "outbound_websocket":
            outbound[section.name] = OutboundWebsocket(
                section.name,
                section.get("websocket_client_id"),
                section.get("apps"),
                is_true(section.get("subscribe_all")),
                section.get("local_ari_user"),
            )
        elif kind in ("user", ""):
            users[section.name] = _user(section, acls)
        else:
            raise ConfigError(f"{section.place}: [{section.name}] has an unknown type, {kind!r}")
    origins = (word.strip() for word in general.get("allowed_origins").split(","))
    variables = (word.strip() for word in general.get("channelvars").split(","))
    return Ari(
        enabled=is_true(general.get("enabled", "yes")),
        pretty=is_true(general.get("pretty")),
        auth_realm=general.get("auth_realm", Ari().auth_realm),
        allowed_origins=tuple(word for word in origins if word),
        websocket_write_timeout=_number(general, "websocket_write_timeout", 100) / 1000,
        channelvars=tuple(word for word in variables if word),
        users=users,
        outbound_websockets=outbound,
    )


def _user(section: Section, acls: Mapping[str, Acl]) -> User:
    kind = section.get("password_format", "plain")
    if kind not in ("plain", "crypt"):
        place = section.all("password_format")[-1].place
        raise ConfigError(f"{place}: password_format is plain or crypt, not {kind!r}")
    if not section.get("password"):
        raise ConfigError(f"{section.place}: the user [{section.name}] has no password")
    return User(
        section.name,
        section.get("password"),
        kind,
        is_true(section.get("read_only")),
        _rules(section, acls),
    )


def _rules(section: Section, acls: Mapping[str, Acl]) -> Acl:
    rules: list[tuple[bool, ipaddress.IPv4Network | ipaddress.IPv6Network]] = []
    for setting in section.all("permit", "deny", "acl"):
        for word in (each.strip() for each in setting.value.split(",")):
            if setting.name.lower() == "acl":
                if word not in acls:
                    raise ConfigError(f"{setting.place}: acl.conf has no [{word}]")
                rules += acls[word].rules
            else:
                permit = setting.name.lower() == "permit"
                permit, word = (permit, word) if word[:1] != "!" else (not permit, word[1:])
                rules.append((permit, _network(word, setting)))
    return Acl(tuple(rules))


def _network(text: str, setting: Setting) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ConfigError(f"{setting.place}: {text!r} is no network") from None


def _clients(sections: list[Section]) -> dict[str, WebsocketClient]:
    default = WebsocketClient("")
    clients = {}
    for section in sections:
        if section.name == "general":
            continue
        kind = section.get("connection_type", default.connection_type)
        if kind not in ("persistent", "per_call_config"):
            raise ConfigError(f"{section.place}: an unknown connection_type, {kind!r}")
        if not section.get("uri"):
            raise ConfigError(f"{section.place}: [{section.name}] needs a uri")
        clients[section.name] = WebsocketClient(
            uri=section.get("uri"),
            protocols=section.get("protocols"),
            username=section.get("username"),
            password=section.get("password"),
            connection_type=kind,
            connection_timeout=int(_number(section, "connection_timeout", 500)),
            reconnect_interval=int(_number(section, "reconnect_interval", 500)),
            reconnect_attempts=int(_number(section, "reconnect_attempts", 4)),
            tls_enabled=is_true(section.get("tls_enabled")),
            ca_list_file=section.get("ca_list_file"),
            ca_list_path=section.get("ca_list_path"),
            cert_file=section.get("cert_file"),
            priv_key_file=section.get("priv_key_file"),
            verify_server_cert=is_true(section.get("verify_server_cert", "yes")),
            verify_server_hostname=is_true(section.get("verify_server_hostname", "yes")),
        )
    return clients


def _endpoints(sections: list[Section]) -> dict[str, Endpoint]:
    return {
        section.name: Endpoint(
            section.name, section.get("context", "default"), section.get("callerid")
        )
        for section in sections
        if section.get("type") == "endpoint"
    }
