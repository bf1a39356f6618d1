"""Either server set up so that every operation can succeed and every event can be caused.

Both have the same configuration: the demonstration's, two phones, and a place where ARI may write
configuration objects. At the simulator the phones are simulated; at a real Asterisk they are SIP
phones of the tests' own.
"""

from __future__ import annotations

import time
from importlib.resources import files
from pathlib import Path
from typing import Any

from ari_notebook import simulator
from tests.conftest import RealAsterisk
from tests.demonstration import ari_conf
from tests.simulator.driver import Driver
from tests.simulator.test_phones_side_by_side import OurPhone, TheirPhone

EXTENSIONS = """
[default]
; An application's name can be dialled.
exten => _test.,1,Answer()
 same => n,Stasis(${EXTEN})
exten => _early.,1,Stasis(${EXTEN:5})
exten => _refer.,1,Set(PJSIP_TRANSFER_HANDLING()=ari-only)
 same => n,Answer()
 same => n,Stasis(${EXTEN:5})
exten => _talk.,1,Answer()
 same => n,Set(TALK_DETECT(set)=500)
 same => n,Stasis(${EXTEN:4})
exten => stay,1,Answer()
 same => n,Wait(3600)
exten => 1002,1,Answer()
 same => n,Wait(3600)
exten => 1004,1,Ringing()
 same => n,Wait(1)
 same => n,Answer()
 same => n,Wait(3600)
exten => 1005,1,Answer()
 same => n,Wait(0.5)
 same => n,SendDTMF(5)
 same => n,Wait(3600)
exten => offered,1,StasisBroadcast(3000,,a:b,true)
 same => n,Hangup()
exten => alice,1,Dial(PJSIP/alice,5)
"""
PHONES = "".join(
    f"""
[{name}]
type = endpoint
context = default
disallow = all
allow = ulaw
direct_media = no
aors = {name}
callerid = {name.title()} <{number}>

[{name}]
type = aor
max_contacts = 1
remove_existing = yes
"""
    for name, number in (("alice", "5551"), ("bob", "5552"), ("carol", "5553"))
)
DEMONSTRATION = files("ari_notebook.simulator") / "sample_config"
SORCERY = "[res_pjsip]\nauth=memory\n"


def _transport(pjsip: str) -> str:
    """Return pjsip.conf up to the section that accepts every caller as one endpoint."""
    return pjsip.partition("; Anything that calls")[0]


def our_folder(folder: Path, extensions: str = EXTENSIONS) -> Path:
    """Return a configuration folder for the simulator."""
    (folder / "http.conf").write_text((DEMONSTRATION / "http.conf").read_text())
    (folder / "ari.conf").write_text(ari_conf())
    (folder / "extensions.conf").write_text(extensions)
    (folder / "pjsip.conf").write_text(
        _transport((DEMONSTRATION / "pjsip.conf").read_text()) + PHONES
    )
    (folder / "sorcery.conf").write_text(SORCERY)
    return folder


class Ours:
    """A simulator."""

    def __init__(self, folder: Path, extensions: str = EXTENSIONS) -> None:
        self.server = simulator.start(our_folder(folder, extensions))
        self.phones = {name: OurPhone(self.server, name) for name in ("alice", "bob", "carol")}

    def close(self) -> None:
        self.server.stop()


class PatientPhone(TheirPhone):
    """A SIP phone that stays on the line while its transfer goes on."""

    def refer(self, to: str) -> None:
        self._answered()
        self._phone.refer(to)


class Theirs:
    """The real Asterisk of the run."""

    def __init__(self, server: RealAsterisk, extensions: str = EXTENSIONS) -> None:
        self.server = server
        server.write_config("sorcery.conf", SORCERY)
        server.restart()  # sorcery.conf is read at the start; the others are the repository's then
        pjsip = (server.own() / "etc/asterisk/pjsip.conf").read_text()
        server.write_config("extensions.conf", extensions)
        server.write_config("pjsip.conf", _transport(pjsip) + PHONES)
        server.console("dialplan reload")
        server.console("module reload res_pjsip.so")
        time.sleep(0.5)
        self.phones = {name: PatientPhone(server, name) for name in ("alice", "bob", "carol")}
        time.sleep(0.5)

    def close(self) -> None:
        for phone in self.phones.values():
            phone.unregister()
            phone.__exit__()
        self.server.restore_files()
        self.server.restart()


class Stage(Driver):
    """An application, and helpers that create its objects on a server."""

    def __init__(self, place: Ours | Theirs, **options: Any) -> None:
        super().__init__(place.server, **options)
        self.phones = place.phones

    def channel(self, endpoint: str = "Local/stay@default", **params: Any) -> str:
        """Create an answered channel in the application; return its id."""
        return self.originate(endpoint, **params)

    def created(self, endpoint: str = "Local/1004@default") -> str:
        """Create a channel that is not dialled yet; return its id."""
        made = self.ask("POST", "/channels/create", endpoint=endpoint, app=self.app)
        self.until("StasisStart", channel__id=made["id"])
        return str(made["id"])

    def phone_channel(self, prefix: str = "") -> str:
        """Dial an extension of the application as Bob; return the channel's id."""
        self.phones["bob"].call(f"{prefix}{self.app}")
        return str(self.until("StasisStart")["channel"]["id"])

    def bridge(self, *channels: str, **params: Any) -> str:
        """Create a bridge with channels in it; return its id."""
        id = self.ask("POST", "/bridges", **params)["id"]
        for channel in channels:
            self.ask("POST", f"/bridges/{id}/addChannel", channel=channel)
            self.until("ChannelEnteredBridge", channel__id=channel)
        return str(id)

    def playback(self, channel: str, media: str = "sound:tt-monkeys") -> str:
        """Start a playback to a channel; return the playback's id."""
        made = self.ask("POST", f"/channels/{channel}/play", media=media)
        return str(self.until("PlaybackStarted", playback__id=made["id"])["playback"]["id"])

    def recording(self, channel: str) -> str:
        """Start a recording of a channel; return its name."""
        self.ask("POST", f"/channels/{channel}/record", name=self.app, format="wav")
        return str(self.until("RecordingStarted")["recording"]["name"])

    def stored(self, channel: str) -> str:
        """Create a stored recording of a channel; return its name."""
        name = self.recording(channel)
        self.ask("POST", f"/recordings/live/{name}/stop")
        self.until("RecordingFinished")
        return name

    def leave(self) -> None:
        """Hang up every channel, remove created objects, and disconnect."""
        self._session.close()  # a connection of it may have become a WebSocket
        for channel in self.ask("GET", "/channels"):
            self.ask("DELETE", f"/channels/{channel['id']}")
        for bridge in self.ask("GET", "/bridges"):
            self.ask("DELETE", f"/bridges/{bridge['id']}")
        for recording in self.ask("GET", "/recordings/stored"):
            self.ask("DELETE", f"/recordings/stored/{recording['name']}")
        self.close()
