"""Applications of services that the simulator lacks, which end as where nothing is configured.

They set the status that Asterisk sets without queues.conf, agents.conf, a speech engine, …, and the
dialplan continues.
"""

from __future__ import annotations

from dataclasses import dataclass

from ari_notebook.simulator.clock import Program
from ari_notebook.simulator.dialplan.applications.calls import nothing_more
from ari_notebook.simulator.dialplan.applications.registry import application
from ari_notebook.simulator.pbx.channel import Channel


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an application does.

    Attributes:
        about: its purpose, and what it does here.
        values: the variables that it sets, in order.
        required: whether the call ends if there is no argument.
        ends: whether the call ends.
    """

    about: str
    values: tuple[tuple[str, str], ...] = ()
    required: bool = False
    ends: bool = False


_NO_QUEUE = "the simulator has no queues"
_TIMES = ("ANSWEREDTIME", "ANSWEREDTIME_MS", "DIALEDTIME", "DIALEDTIME_MS", "QUEUEWAIT")
OUTCOMES = {
    "Queue": Outcome(
        f"Wait in a queue; {_NO_QUEUE}, so QUEUESTATUS is UNKNOWN.",
        (*((name, "") for name in (*_TIMES, "QUEUEWAIT_MS")), ("QUEUESTATUS", "UNKNOWN")),
    ),
    "AddQueueMember": Outcome(
        f"Add a member to a queue; {_NO_QUEUE}.", (("AQMSTATUS", "NOSUCHQUEUE"),), required=True
    ),
    "AgentLogin": Outcome(
        "Log an agent in; the simulator has no agents.", (("AGENT_STATUS", "INVALID"),)
    ),
    "SLAStation": Outcome(
        "Handle a station of a shared line; there are none.", (("SLASTATION_STATUS", "FAILURE"),)
    ),
    "SpeechCreate": Outcome(
        "Create a speech recognizer; the simulator has no engine.", (("ERROR", "1"),)
    ),
    "FollowMe": Outcome("Find a user at several numbers; there are none.", required=True),
    "BridgeAdd": Outcome(
        "Join the bridge of another channel; here, no channel is found.",
        (("BRIDGERESULT", "NONEXISTENT"),),
    ),
    "ConfBridge": Outcome(
        "Enter a conference; the simulator has none, so the call ends.",
        (("CONFBRIDGE_RESULT", "FAILED"),),
        ends=True,
    ),
    "AttendedTransfer": Outcome(
        "Transfer the bridged party; without one it is not permitted.",
        (("ATTENDEDTRANSFERSTATUS", "NOTPERMITTED"),),
    ),
    "BlindTransfer": Outcome(
        "Transfer the bridged party; without one it is invalid.",
        (("BLINDTRANSFERSTATUS", "INVALID"),),
    ),
    "SendText": Outcome(
        "Send text to the far end; ARI does not show it.",
        (("SENDTEXTTYPE", "BASIC"), ("SENDTEXTSTATUS", "SUCCESS")),
    ),
    "Pickup": Outcome("Answer a ringing channel; here, none is found."),
    "PickupChan": Outcome("Answer a ringing channel; here, none is found."),
    "StopMixMonitor": Outcome("Stop recording a call."),
    "CELGenUserEvent": Outcome("Log a channel event, which ARI does not show."),
    "ForkCDR": Outcome("Begin another call detail record, which ARI does not show."),
    "ResetCDR": Outcome("Reset the call detail record, which ARI does not show."),
    "DumpChan": Outcome("Write the state of the channel to the log."),
}


def _register(name: str, outcome: Outcome) -> None:
    def program(channel: Channel, data: str) -> Program:
        yield from nothing_more()
        if outcome.required and not data:
            return False
        for variable, value in outcome.values:
            channel.set_variable(variable, value)
        return not outcome.ends

    program.__doc__ = outcome.about
    application(name)(program)


for _name, _outcome in OUTCOMES.items():
    _register(_name, _outcome)
