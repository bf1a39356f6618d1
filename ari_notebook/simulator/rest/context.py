"""The context of ARI's operations: the exchange and its services."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from ari_notebook.simulator.media.registry import MediaRegistry
from ari_notebook.simulator.messages import Deferred, Reply
from ari_notebook.simulator.pbx.exchange import Exchange
from ari_notebook.simulator.rest.parameters import Arguments
from ari_notebook.simulator.services.device_states import DeviceStateRegistry
from ari_notebook.simulator.services.dynamic_config import DynamicConfig
from ari_notebook.simulator.services.endpoints import EndpointRegistry
from ari_notebook.simulator.services.log_channels import LogChannelRegistry
from ari_notebook.simulator.services.mailboxes import MailboxRegistry
from ari_notebook.simulator.services.modules import ModuleRegistry

__all__ = ["Arguments", "AriContext", "OperationHandler"]


@dataclass(frozen=True, slots=True)
class AriContext:
    """The exchange and the services that ARI's operations use.

    Attributes:
        exchange: channels, bridges, applications, the dialplan.
        media: playbacks and recordings.
        endpoints: the endpoints and their phones.
        devices: device states.
        mailboxes: the mailboxes.
        modules: Asterisk's modules.
        logging: the log channels.
        dynamic_config: configuration objects.
    """

    exchange: Exchange
    media: MediaRegistry
    endpoints: EndpointRegistry
    devices: DeviceStateRegistry
    mailboxes: MailboxRegistry
    modules: ModuleRegistry
    logging: LogChannelRegistry
    dynamic_config: DynamicConfig


# Handler of one operation.
OperationHandler: TypeAlias = Callable[[AriContext, Arguments], Reply | Deferred[Reply]]
