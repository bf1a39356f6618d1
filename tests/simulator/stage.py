"""Either server set up so that every operation can succeed and every event can be caused.

Both have the same configuration: the demonstration's, two phones, and a place where ARI may write
configuration objects. At the simulator the phones are simulated; at a real Asterisk they are SIP
phones of the tests' own.
"""

import time
from importlib.resources import files
from pathlib import Path

from ari_notebook import simulator
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
DEMONSTRATION = files("ari_notebook") / "config"
SORCERY = "[res_pjsip]\nauth=memory\n"


def _transport(pjsip):
    """What pjsip.conf says before it takes everybody for one endpoint."""
    return pjsip.partition("; Anything that calls")[0]


def our_folder(folder: Path) -> Path:
    """A configuration folder for the simulator."""
    for name in ("http.conf", "ari.conf"):
        (folder / name).write_text((DEMONSTRATION / name).read_text())
    (folder / "extensions.conf").write_text(EXTENSIONS)
    (folder / "pjsip.conf").write_text(
        _transport((DEMONSTRATION / "pjsip.conf").read_text()) + PHONES
    )
    (folder / "sorcery.conf").write_text(SORCERY)
    return folder


class Ours:
    """A simulator."""

    def __init__(self, folder):
        self.server = simulator.start(our_folder(folder))
        self.phones = {name: OurPhone(self.server, name) for name in ("alice", "bob", "carol")}

    def close(self):
        self.server.stop()


class PatientPhone(TheirPhone):
    """A SIP phone that stays on the line while its transfer goes on."""

    def refer(self, to):
        self._answered()
        self._phone.refer(to)


class Theirs:
    """The real Asterisk of the run."""

    def __init__(self, server):
        self.server = server
        server.write_config("sorcery.conf", SORCERY)
        server.restart()  # sorcery.conf is read at the start; the others are the repository's then
        pjsip = (server.own() / "etc/asterisk/pjsip.conf").read_text()
        server.write_config("extensions.conf", EXTENSIONS)
        server.write_config("pjsip.conf", _transport(pjsip) + PHONES)
        server.console("dialplan reload")
        server.console("module reload res_pjsip.so")
        time.sleep(0.5)
        self.phones = {name: PatientPhone(server, name) for name in ("alice", "bob", "carol")}
        time.sleep(0.5)

    def close(self):
        for phone in self.phones.values():
            phone.unregister()
            phone.__exit__()
        self.server.restore_files()
        self.server.restart()


class Stage(Driver):
    """A program on a stage: one application, and what it needs of a server."""

    def __init__(self, place, **options):
        super().__init__(place.server, **options)
        self.phones = place.phones

    def channel(self, endpoint="Local/stay@default", **params):
        """A channel that is up and in the application; its id."""
        return self.originate(endpoint, **params)

    def created(self, endpoint="Local/1004@default"):
        """A channel that is not yet dialled; its id."""
        made = self.ask("POST", "/channels/create", endpoint=endpoint, app=self.app)
        self.until("StasisStart", channel__id=made["id"])
        return made["id"]

    def phone_channel(self, prefix=""):
        """Bob dials the application, by one of the extensions that lead to it; the channel's id."""
        self.phones["bob"].call(f"{prefix}{self.app}")
        return self.until("StasisStart")["channel"]["id"]

    def bridge(self, *channels, **params):
        """A bridge with channels in it; its id."""
        id = self.ask("POST", "/bridges", **params)["id"]
        for channel in channels:
            self.ask("POST", f"/bridges/{id}/addChannel", channel=channel)
            self.until("ChannelEnteredBridge", channel__id=channel)
        return id

    def playback(self, channel, media="sound:tt-monkeys"):
        """Something that is being played to a channel; the playback's id."""
        made = self.ask("POST", f"/channels/{channel}/play", media=media)
        return self.until("PlaybackStarted", playback__id=made["id"])["playback"]["id"]

    def recording(self, channel):
        """A recording of a channel that goes on; its name."""
        self.ask("POST", f"/channels/{channel}/record", name=self.app, format="wav")
        return self.until("RecordingStarted")["recording"]["name"]

    def stored(self, channel):
        """A recording of a channel that is on disk; its name."""
        name = self.recording(channel)
        self.ask("POST", f"/recordings/live/{name}/stop")
        self.until("RecordingFinished")
        return name

    def leave(self):
        """Hang everything up, remove what was made, and disconnect."""
        self._session.close()  # a connection of it may have become a WebSocket
        for channel in self.ask("GET", "/channels"):
            self.ask("DELETE", f"/channels/{channel['id']}")
        for bridge in self.ask("GET", "/bridges"):
            self.ask("DELETE", f"/bridges/{bridge['id']}")
        for recording in self.ask("GET", "/recordings/stored"):
            self.ask("DELETE", f"/recordings/stored/{recording['name']}")
        self.close()
