"""Notebook 17: your own extension, from the configuration to the program."""

from __future__ import annotations

from ari_notebook.lessons.evidence import Evidence
from ari_notebook.lessons.lesson import Lesson, Verdict, calls_taken

_EXTENSION, _APPLICATION, _ARGUMENT = "2000", "reception", "sales"

LESSON = Lesson(
    "an extension of your own",
    "A call to 2000 comes to your program reception, unanswered, with the argument sales. Your "
    "program answers, and returns it to the dialplan; the dialplan then says vm-goodbye and hangs "
    "up.",
    "17-your-own-asterisk",
    calls_taken,
)


@LESSON.step("a call to 2000 comes to your program reception", "Section 1: extensions.conf.")
def comes(call: Evidence) -> Verdict:
    start = call.event("StasisStart")
    if not start:
        return None
    if start.get("channel.dialplan.exten") != _EXTENSION:
        return "That call was to another extension."
    if start.get("application") != _APPLICATION:
        return "It came to an application of another name."
    return start


@LESSON.step("the dialplan passes the argument sales", "What may follow the name?")
def with_argument(call: Evidence) -> Verdict:
    start = call.event("StasisStart")
    if not start:
        return None
    arguments = start.get("args", [])
    if arguments == [_ARGUMENT]:
        return start
    return "It has other arguments." if arguments else "It has no argument."


@LESSON.step("your program answers it, and not the dialplan", "Who sends Answer?")
def answered(call: Evidence) -> Verdict:
    start = call.event("StasisStart")
    if start and start.get("channel.state") == "Up":
        return "It was answered before: the dialplan did that."
    return call.request("channels.answer", after=start) if start else None


@LESSON.step("your program returns it to the dialplan", "Notebook 08, section 2.")
def given_back(call: Evidence) -> Verdict:
    done = call.request("channels.continue_in_dialplan")
    if not done and call.request("channels.hangup"):
        return "Your program hung up: leave that to the dialplan."
    return done


@LESSON.step("the dialplan says vm-goodbye", "The line after Stasis(). Subscribe to all to see it.")
def goodbye(call: Evidence) -> Verdict:
    back = call.request("channels.continue_in_dialplan")
    lines = call.events("ChannelDialplan", after=back) if back else []
    said = [each for each in lines if each.get("dialplan_app") == "Playback"]
    if said and "vm-goodbye" not in str(said[0].get("dialplan_app_data")):
        return "It plays something else."
    return said[0] if said else None


@LESSON.step("and hangs up", "The last line.")
def over(call: Evidence) -> Verdict:
    if call.request("channels.hangup"):
        return "Your program hung up: leave that to the dialplan."
    back = call.request("channels.continue_in_dialplan")
    return call.event("ChannelDestroyed", after=back) if back else None
