"""The stanzas of Asterisk's configuration for an outbound WebSocket."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

__all__ = ["ConnectionType", "OutboundConfig", "outbound_config"]

ConnectionType: TypeAlias = Literal["persistent", "per_call"]

_NAME = "ari-notebook"
_TYPES = {"persistent": "persistent", "per_call": "per_call_config"}


@dataclass(frozen=True)
class OutboundConfig:
    """Stanzas of ari.conf and websocket_client.conf; shown as they are to be pasted.

    Attributes:
        ari: the stanza for ari.conf.
        websocket_client: the stanza for websocket_client.conf, with the password.
    """

    ari: str
    websocket_client: str = field(repr=False)

    def __str__(self) -> str:
        return (
            f"; ari.conf\n{self.ari}\n; websocket_client.conf\n{self.websocket_client}\n"
            "; then on Asterisk's console:\n"
            ";   module reload res_websocket_client.so\n;   module reload res_ari.so\n"
        )

    __repr__ = __str__


def outbound_config(
    uri: str,
    applications: tuple[str, ...],
    user: str,
    password: str,
    *,
    connection_type: ConnectionType = "persistent",
    subscribe_all: bool = False,
    authority: str | None = None,
    verify: bool = True,
) -> OutboundConfig:
    """Return the stanzas with which Asterisk connects.

    Args:
        uri: where it connects to, such as ``ws://127.0.0.1:8765/``.
        applications: the Stasis applications of the connection.
        user: the user of ari.conf with whose rights requests run; Asterisk also gives its name.
        password: what Asterisk gives as password.
        connection_type: one connection, or one for each call.
        subscribe_all: send the events of all channels, bridges, endpoints and devices.
        authority: file on Asterisk's machine with the authority of a TLS certificate.
        verify: whether Asterisk verifies the certificate.
    """
    name = f"{_NAME}-{connection_type.replace('_', '-')}"
    ari = [
        f"[{name}]",
        "type = outbound_websocket",
        f"websocket_client_id = {name}",
        f"apps = {','.join(applications)}",
        f"subscribe_all = {'yes' if subscribe_all else 'no'}",
        f"local_ari_user = {user}",
    ]
    client = [
        f"[{name}]",
        "type = websocket_client",
        f"connection_type = {_TYPES[connection_type]}",
        f"uri = {uri}",
        "protocols = ari",
        f"username = {user}",
        f"password = {password}",
        "connection_timeout = 2000",
        "reconnect_interval = 500",
    ]
    if uri.startswith("wss:"):
        client.append("tls_enabled = yes")
        if not verify:
            client += ["verify_server_cert = no", "verify_server_hostname = no"]
        elif authority is not None:
            client.append(f"ca_list_file = {authority}")
    return OutboundConfig("\n".join(ari) + "\n", "\n".join(client) + "\n")
