"""Which channels are one call, compared with the linked ids of a real Asterisk.

Its ``linkedid`` is one for the channels that it takes for one call. It reaches only the channels
that are in a bridge, not the far ends of their Local pairs: those are taken to be where the near
ones are.
"""

from __future__ import annotations

import socket
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import pytest

import ari_notebook
from ari_notebook.sessions.session import Session
from tests.conftest import RealAsterisk

DIALPLAN = """
[default]
exten => 1002,1,Answer()
 same => n,Wait(3600)

[kinds]
exten => fork,1,Dial(Local/late@kinds&Local/soon@kinds,20)
exten => second,1,Dial(Local/busy@kinds,20)
 same => n,Dial(Local/soon@kinds,20)
exten => _forwarded-X.,1,Dial(PJSIP/loopback/sip:away@127.0.0.1:${EXTEN:10},20)
exten => blind,1,Dial(Local/gives-away@kinds/n,20,tT)
exten => attended,1,Dial(Local/asks-first@kinds/n,20,tT)
exten => conference,1,Answer()
 same => n,ConfBridge(1)
exten => parked,1,Answer()
 same => n,BridgeWait()

exten => late,1,Wait(9)
exten => soon,1,Wait(0.3)
 same => n,Answer()
 same => n,Wait(60)
exten => busy,1,Busy(1)
exten => gives-away,1,Answer()
 same => n,Wait(0.5)
 same => n,SendDTMF(#)
 same => n,Wait(1)
 same => n,SendDTMF(9)
 same => n,Wait(20)
exten => asks-first,1,Answer()
 same => n,Wait(0.5)
 same => n,SendDTMF(*2)
 same => n,Wait(1)
 same => n,SendDTMF(9)
 same => n,Wait(3)
exten => 9,1,Answer()
 same => n,Wait(60)
"""
FEATURES = "[general]\nfeaturedigittimeout = 1000\n[featuremap]\nblindxfer => #\natxfer => *2\n"


def new(ari: Session) -> Any:
    channel = ari.channels.originate(endpoint="Local/1002@default", app="kinds")
    ari.wait_for("StasisStart", channel=channel)
    return channel


def mixed(ari: Session) -> None:
    ari.bridges.create(type="mixing").add_channel(channel=[new(ari).id, new(ari).id])


def held(ari: Session) -> None:
    ari.bridges.create(type="holding").add_channel(channel=[new(ari).id, new(ari).id])


def snooped(ari: Session) -> None:
    """Bridge a snoop channel and a snoop channel on it with a third channel."""
    channel, supervisor = new(ari), new(ari)
    channel.snoop_channel(app="kinds", spy="both")
    snoop = channel.snoop_channel(app="kinds", spy="in")
    ari.wait_for("StasisStart", channel=snoop)
    ari.bridges.create(type="mixing").add_channel(channel=[supervisor.id, snoop.id])


def with_media(ari: Session) -> None:
    """Create external media in a bridge and outside."""
    channel, medium = new(ari), _medium(ari)
    _medium(ari)
    ari.bridges.create(type="mixing").add_channel(channel=[channel.id, medium.id])


def _medium(ari: Session) -> Any:
    medium = ari.channels.external_media(
        app="kinds", external_host="127.0.0.1:40404", format="ulaw"
    )
    ari.wait_for("StasisStart", channel=medium)
    return medium


def dialled(*extensions: str, after: float) -> Callable[[Session], None]:
    def run(ari: Session) -> None:
        for extension in extensions:
            ari.channels.originate(
                endpoint=f"Local/{extension}@kinds", extension="1002", context="default", priority=1
            )
        time.sleep(after)

    return run


def forwarded(ari: Session) -> None:
    """Register a phone with a location."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as telephone:
        telephone.bind(("127.0.0.1", 0))
        telephone.settimeout(10)
        dialled(f"forwarded-{telephone.getsockname()[1]}", after=0)(ari)
        invite, asterisk = telephone.recvfrom(65536)
        kept = [
            header
            for header in invite.decode().split("\r\n")
            if header.split(":")[0] in ("Via", "From", "To", "Call-ID", "CSeq")
        ]
        moved = ["SIP/2.0 302 Moved Temporarily", *kept, "Contact: <sip:1002@127.0.0.1>"]
        answer = "\r\n".join([*moved, "Content-Length: 0", "", ""])
        telephone.sendto(answer.encode(), asterisk)
        ari.wait_for("Dial", forward="1002")
        time.sleep(0.5)


KINDS = {
    "mixed": (mixed, 1),
    "held": (held, 2),
    "snooped": (snooped, 3),
    "with media": (with_media, 2),
    "fork": (dialled("fork", after=1), 1),
    "second": (dialled("second", after=2.5), 1),
    "forwarded": (forwarded, 1),
    "conference": (dialled("conference", "conference", after=1), 2),
    "parked": (dialled("parked", "parked", after=1), 2),
    "blind": (dialled("blind", after=5), 1),
    "attended": (dialled("attended", after=8), 1),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_calls_are_what_linked_ids_join(real_asterisk: RealAsterisk, kind: str) -> None:
    make, count = KINDS[kind]
    real_asterisk.write_config("extensions.conf", DIALPLAN)
    real_asterisk.write_config("features.conf", FEATURES)
    real_asterisk.reload()
    with ari_notebook.connect(
        real_asterisk.url, app="kinds", user=real_asterisk.user, subscribe_all=True
    ) as ari:
        make(ari)
        time.sleep(0.5)
        linked: dict[str, set[str]] = defaultdict(set)
        names: dict[str, str] = {}
        for channel in ari.request("GET", "/channels").json():
            asked = {"variable": "CHANNEL(linkedid)"}
            id = ari.request("GET", f"/channels/{channel['id']}/variable", asked).json()["value"]
            linked[id].add(channel["id"])
            names[channel["id"]] = channel["name"]
        expected = with_far_ends(linked.values(), names)
        alive = [set(ids) & names.keys() for ids in ari.calls.df["channels"]]
        assert sorted(map(sorted, filter(None, alive))) == sorted(map(sorted, expected))
        assert len(expected) == count


def with_far_ends(groups: Iterable[set[str]], names: dict[str, str]) -> list[set[str]]:
    """Return groups of channels, merged where each has one half of the same Local channel."""
    whole: list[set[str]] = []
    for group in groups:
        pairs = {names[id].split(";")[0] for id in group}
        near = [other for other in whole if pairs & {names[id].split(";")[0] for id in other}]
        whole = [other for other in whole if other not in near] + [group.union(*near)]
    return whole
