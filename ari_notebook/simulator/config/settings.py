"""The settings in Asterisk's configuration files, with Asterisk's defaults."""

from __future__ import annotations

import ipaddress
import logging
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.resources import files
from math import isfinite
from pathlib import Path

from ari_notebook.schema.versions import NEWEST, AsteriskVersion
from ari_notebook.simulator.config.behaviours import ReleaseBehaviour
from ari_notebook.simulator.config.syntax import ConfigError, Section, Setting, is_true, read
from ari_notebook.simulator.numbers import natural

__all__ = [
    "DEMONSTRATION_USER",
    "Acl",
    "AriSettings",
    "AsteriskSettings",
    "Config",
    "ConfigError",
    "EndpointSettings",
    "HttpSettings",
    "OutboundWebsocket",
    "User",
    "WebsocketClient",
    "read_config",
]

log = logging.getLogger(__name__)

DEMONSTRATION_USER = "asterisk"


@dataclass(frozen=True, slots=True)
class Acl:
    """An access control list: rules in order; the last that matches an address decides."""

    rules: tuple[tuple[bool, ipaddress.IPv4Network | ipaddress.IPv6Network], ...] = ()

    def permits(self, address: str) -> bool:
        """Return whether an address may connect; without rules every address may."""
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
    password: str = field(repr=False)
    password_format: str = "plain"  # noqa: S105  plain or crypt
    read_only: bool = False
    acl: Acl = Acl()

    def permits(self, address: str) -> bool:
        """Return whether the user may connect from an address."""
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
    password: str = field(default="", repr=False)
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
class HttpSettings:
    """http.conf. Times are seconds."""

    enabled: bool = False
    address: str = "127.0.0.1"
    port: int = 8088
    prefix: str = ""
    server_name: str | None = None  # None: Asterisk and its version
    session_limit: int = 100
    session_inactivity: float = 30.0
    session_keep_alive: float = 15.0
    tls_enabled: bool = False
    tls_address: str = "127.0.0.1"
    tls_port: int = 8089
    tls_certificate: str = ""
    tls_private_key: str = ""


@dataclass(frozen=True, slots=True)
class AriSettings:
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
class EndpointSettings:
    """A PJSIP endpoint: a phone of the exchange, or a trunk with static contacts."""

    name: str
    context: str = "default"
    caller_id: str = ""
    contacts: tuple[str, ...] = ()  # the static ones of its address records


@dataclass(frozen=True, slots=True)
class AsteriskSettings:
    """asterisk.conf.

    Attributes:
        spool: folder with ``recording``; None: a temporary one.
        log: folder of the log files that ARI lists; nothing is written there.
        sounds: folder of further sounds; None: there is none.
        live_dangerously: whether ARI may use the functions that are reserved for the dialplan.
    """

    spool: Path | None = None
    log: Path = Path("/var/log/asterisk")
    sounds: Path | None = None
    live_dangerously: bool = False


@dataclass(frozen=True, slots=True)
class Config:
    """The configuration of an exchange."""

    asterisk: AsteriskSettings = AsteriskSettings()

    http: HttpSettings = HttpSettings()
    ari: AriSettings = AriSettings()
    websocket_clients: Mapping[str, WebsocketClient] = field(default_factory=dict)
    endpoints: Mapping[str, EndpointSettings] = field(default_factory=dict)
    unloaded_modules: tuple[str, ...] = ()
    logfiles: tuple[tuple[str, str], ...] = ()
    music_classes: tuple[str, ...] = ()
    extensions: str = ""
    folder: Path | None = None
    version: AsteriskVersion = NEWEST

    @property
    def server_name(self) -> str:
        """Return the value of the ``Server`` header."""
        given = self.http.server_name
        return f"Asterisk/{self.version}" if given is None else given

    def has(self, behaviour: ReleaseBehaviour) -> bool:
        """Return whether its release of Asterisk has a behaviour."""
        return self.version.has(*behaviour.value)


def read_config(
    folder: Path | str | None = None, passwords: Mapping[str, str] | None = None
) -> Config:
    """Read a folder of configuration files.

    Args:
        folder: with ``http.conf``, ``ari.conf``, ``extensions.conf`` and, where used,
            ``asterisk.conf``, ``pjsip.conf``, ``acl.conf``, ``websocket_client.conf``,
            ``modules.conf`` (modules not to load), ``logger.conf`` and ``musiconhold.conf`` (music
            classes); None: the package's demonstration set-up.
        passwords: passwords of users of the demonstration set-up, whose files have none; other
            users get random passwords of 128 bits.

    Raises:
        ConfigError: invalid configuration, with file, line and reason.
    """
    path = (
        Path(str(files("ari_notebook.simulator") / "sample_config"))
        if folder is None
        else Path(folder)
    )
    if not path.is_dir():
        raise ConfigError(f"folder not found: {folder}")
    http = _http(read(path / "http.conf"))
    if not http.enabled:
        log.warning("http.conf has no enabled = yes in [general]: no ARI, as on a real Asterisk")
    acls = {section.name: _rules(section, {}) for section in read(path / "acl.conf")}
    sections = read(path / "ari.conf")
    if folder is None:
        _set_passwords(sections, passwords or {})
    ari = _ari(sections, acls)
    if not ari.enabled:
        log.warning("ari.conf has enabled = no in [general]: no ARI, as on a real Asterisk")
    extensions = path / "extensions.conf"
    return Config(
        asterisk=_asterisk(read(path / "asterisk.conf")),
        http=http,
        ari=ari,
        websocket_clients=_clients(read(path / "websocket_client.conf")),
        endpoints=_endpoints(read(path / "pjsip.conf")),
        unloaded_modules=tuple(
            value for name, value in _settings(path / "modules.conf", "modules") if name == "noload"
        ),
        logfiles=_settings(path / "logger.conf", "logfiles"),
        music_classes=tuple(
            section.name for section in read(path / "musiconhold.conf") if section.name != "general"
        ),
        extensions=extensions.read_text(errors="surrogateescape") if extensions.exists() else "",
        folder=path,
    )


def _settings(path: Path, name: str) -> tuple[tuple[str, str], ...]:
    """Return the settings of a name from a file's sections, in order."""
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
    """Parse ``host``, ``host:port`` or ``[v6]:port``."""
    host, _, given = (
        text.rpartition(":") if text.count(":") == 1 or "]:" in text else (text, "", "")
    )
    number = natural(given, int(port))
    if number > 65535:
        raise ConfigError(f"http.conf: invalid port {number} in {text}")
    return host.strip("[]"), number


def _http(sections: list[Section]) -> HttpSettings:
    general = _general(sections)
    default = HttpSettings()
    port = _number(general, "bindport", default.port)
    if not 0 <= port <= 65535:
        raise ConfigError(f"{general.all('bindport')[-1].place}: invalid port {port:g}")
    host, port = _address(general.get("bindaddr", default.address), port)
    tls_host, tls_port = _address(general.get("tlsbindaddr", host), default.tls_port)
    prefix = general.get("prefix").strip("/")
    return HttpSettings(
        enabled=is_true(general.get("enabled")),
        address=host,
        port=port,
        prefix=f"/{prefix}" if prefix else "",
        server_name=general.get("servername") if general.all("servername") else None,
        session_limit=int(_number(general, "sessionlimit", default.session_limit)),
        session_inactivity=_number(general, "session_inactivity", 30_000) / 1000,
        session_keep_alive=_number(general, "session_keep_alive", 15_000) / 1000,
        tls_enabled=is_true(general.get("tlsenable")),
        tls_address=tls_host,
        tls_port=tls_port,
        tls_certificate=general.get("tlscertfile"),
        tls_private_key=general.get("tlsprivatekey"),
    )


def _ari(sections: list[Section], acls: Mapping[str, Acl]) -> AriSettings:
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
            raise ConfigError(f"{section.place}: [{section.name}] has an unknown type: {kind!r}")
    origins = (word.strip() for word in general.get("allowed_origins").split(","))
    variables = (word.strip() for word in general.get("channelvars").split(","))
    return AriSettings(
        enabled=is_true(general.get("enabled", "yes")),
        pretty=is_true(general.get("pretty")),
        auth_realm=general.get("auth_realm", AriSettings().auth_realm),
        allowed_origins=tuple(word for word in origins if word),
        websocket_write_timeout=_number(general, "websocket_write_timeout", 100) / 1000,
        channelvars=tuple(word for word in variables if word),
        users=users,
        outbound_websockets=outbound,
    )


def _set_passwords(sections: list[Section], passwords: Mapping[str, str]) -> None:
    for section in sections:
        if section.get("type") == "user":
            password = passwords.get(section.name) or secrets.token_urlsafe(16)
            section.settings.append(Setting("password", password, section.place))


def _user(section: Section, acls: Mapping[str, Acl]) -> User:
    kind = section.get("password_format", "plain")
    if kind not in ("plain", "crypt"):
        place = section.all("password_format")[-1].place
        raise ConfigError(f"{place}: password_format must be plain or crypt, not {kind!r}")
    if not section.get("password"):
        raise ConfigError(f"{section.place}: user [{section.name}] needs a password")
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
        raise ConfigError(f"{setting.place}: {text!r} is not an IP network") from None


def _clients(sections: list[Section]) -> dict[str, WebsocketClient]:
    default = WebsocketClient("")
    clients = {}
    for section in sections:
        if section.name == "general":
            continue
        kind = section.get("connection_type", default.connection_type)
        if kind not in ("persistent", "per_call_config"):
            raise ConfigError(f"{section.place}: unknown connection_type: {kind!r}")
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


def _endpoints(sections: list[Section]) -> dict[str, EndpointSettings]:
    records = {
        section.name: [each.value for each in section.all("contact") if each.value]
        for section in sections
        if section.get("type") == "aor"
    }
    return {
        section.name: EndpointSettings(
            section.name,
            section.get("context", "default"),
            section.get("callerid"),
            tuple(
                contact
                for name in section.get("aors").split(",")
                for contact in records.get(name.strip(), ())
            ),
        )
        for section in sections
        if section.get("type") == "endpoint"
    }


def _asterisk(sections: list[Section]) -> AsteriskSettings:
    default = AsteriskSettings()
    by_name = {section.name: section for section in reversed(sections)}
    folders = by_name.get("directories", Section("directories", ""))
    options = by_name.get("options", Section("options", ""))
    spool, data = folders.get("astspooldir"), folders.get("astdatadir")
    return AsteriskSettings(
        spool=Path(spool) if spool else None,
        log=Path(folders.get("astlogdir") or default.log),
        sounds=Path(data) / "sounds" if data else None,
        live_dangerously=is_true(options.get("live_dangerously")),
    )
