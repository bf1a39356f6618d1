"""The demonstration: a telephone in a page, the program that answers it, and its ladder."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import TYPE_CHECKING

from ari_notebook.client.errors import UsageProblem
from ari_notebook.views.display.html import Markup, element, pretty
from ari_notebook.views.display.render import framed
from ari_notebook.views.display.waveform import levels, waveform_svg, waveform_text
from ari_notebook.views.pages.demo_call import EXTENSION, KEYS, SOUND, DemoCall
from ari_notebook.views.pages.widget import Answer, Page, Shown

if TYPE_CHECKING:
    from ari_notebook.connection.connection import Connection
    from ari_notebook.views.diagrams.drawing import Drawing

__all__ = ["Demo"]

PROGRAM = """\
@ari.on("StasisStart")
def answered(channel):
    channel.play("sound:hello-world")

@ari.on("ChannelDtmfReceived")
def pressed(event, channel):
    channel.play(f"digits:{event.digit}")
"""
_HEADLINES = {
    "idle": "A telephone call, and the program that answers it",
    "calling": "Asterisk calls …",
    "ringing": "Your telephone rings",
    "talking": "You are on the line",
    "over": "The call is over",
    "failed": "The call failed",
}
_TEXT_SECONDS = 30.0


class Demo(Shown):
    """The demonstration of a session.

    Args:
        connection: connection of the call.
        ladder: draws a channel's requests and events, as `Session.ladder` does.
    """

    def __init__(self, connection: Connection, ladder: Callable[..., Drawing]) -> None:
        self._connection = connection
        self._ladder = ladder
        self._pages: list[Page] = []
        self.call = DemoCall(connection, self._changed)

    def displayed(self, page: Page) -> None:
        """Keep a page up to date from now on."""
        self._pages = [*self._pages[-4:], page]

    def _changed(self) -> None:
        for page in self._pages:
            page.refresh(picture=self.call.state in ("over", "failed"))

    # Requests of its buttons.

    def answer(self, ask: str) -> Answer:
        """Perform the action of a button.

        Raises:
            AriError: it failed.
        """
        word, _, rest = ask.partition(" ")
        if word == "hear":
            return Answer(audio=base64.b64encode(self.call.audio).decode())
        if word == "again":
            if self.call.state not in ("over", "failed"):
                raise UsageProblem("this call is not over")
            self.call = DemoCall(self._connection, self._changed)
            self.call.begin()
        elif word == "begin":
            self.call.begin()
        elif word == "answer":
            self.call.answer()
        elif word == "press":
            self.call.press(rest)
        elif word == "down":
            self.call.hang_up()
        else:
            raise UsageProblem("unknown request of the page", "Run its cell again.")
        self._changed()
        return Answer()

    # The page.

    def page_html(self, *, live: bool) -> Markup:
        """Return the telephone, the program and the ladder in their current state."""
        call = self.call
        begins = live and call.state == "idle" and call.has_phone
        return framed(
            element("h2", _HEADLINES[call.state], tabindex="-1", aria_live="polite"),
            element("p", call.problem, class_="s bad") if call.problem else None,
            element("div", self._telephone(live), self._beside(live), class_="demo"),
            self._ladder_html(),
            element("span", data_begin="begin") if begins else None,
        )

    def _telephone(self, live: bool) -> Markup:
        call = self.call
        state = call.state
        keys = [
            _button(key, f"press {key}", state == "talking", f"press {key}", f"key {key}")
            for key in KEYS
        ]
        spoken = state == "talking" and call.playing == SOUND
        return element(
            "div",
            element("div", self._display(), class_="screen"),
            element("div", *keys, class_="keys", role="group", aria_label="keys"),
            element("div", *self._buttons(), class_="calls"),
            element("span", data_say="hello world", data_key=f"say {call.channel}")
            if spoken
            else None,
            class_=f"phone {state}",
            role="group",
            aria_label="your telephone",
            inert=None if live else True,
        )

    def _display(self) -> Markup:
        call = self.call
        if call.state == "ringing":
            bell = element("span", "☎", class_="bell", aria_hidden="true")
            return element("span", bell, " Hello World 1000 is calling")
        if call.state == "talking":
            words = f"pressed: {call.keys}" if call.keys else "connected with Hello World"
        else:
            words = {"idle": "ready", "over": "call ended"}.get(call.state, "no call")
        return element("span", words)

    def _buttons(self) -> list[Markup]:
        call = self.call
        if call.state in ("over", "failed"):
            words = "Ring again" if call.has_phone else f"Call {EXTENSION} again"
            return [_button(words, "again", True, words, kind="go")]
        if call.state in ("idle", "calling"):
            words = "Ring" if call.has_phone else f"Call {EXTENSION}"
            return [_button(words, "begin", call.state == "idle", words, kind="go")]
        return [
            _button("Answer", "answer", call.state == "ringing" and call.has_phone, "Answer",
                    kind="go"),
            _button("Hang up", "down", True, "Hang up", kind="stop"),
        ]  # fmt: skip

    def _beside(self, live: bool) -> Markup:
        insert = element(
            "button", "Insert as a cell", type="button", data_insert=PROGRAM, data_key="insert"
        )
        return element(
            "div",
            element("p", *self._story()),
            self._heard(live),
            self._event(),
            element(
                "details",
                element("summary", "The program"),
                element("pre", _lines(PROGRAM)),
                insert if live else None,
                data_key="program",
            ),
            class_="story",
        )

    def _story(self) -> list[object]:
        call = self.call
        if call.state == "idle" and not call.has_phone:
            return [
                "A real Asterisk has no telephone in this page, so none rings here: ",
                element("em", f"Call {EXTENSION}"),
                f" lets a Local channel dial {EXTENSION} for you. To ring a real one, register it"
                " and type ",
                element("code", "%ari originate PJSIP/NAME"),
                ".",
            ]
        if call.state == "ringing":
            return ["Asterisk rings it. Click ", element("em", "Answer"), "."]
        if call.state == "talking" and not call.keys:
            said = "Listen: the program plays “hello world”. " if call.playing else ""
            return [f"{said}Press ", element("em", "1"), "."]
        if call.state == "talking":
            return ["The key arrived as an event, and the program says it. ",
                    "Press others, or hang up."]  # fmt: skip
        if call.state == "over":
            return ["Below are the requests and events of your call: requests go to the right, "
                    "events come back. A second channel recorded what you heard; ",
                    element("code", "%ari ladder"), " shows it too."]  # fmt: skip
        return ["Asterisk calls you, you answer, and seven lines of Python talk to you."]

    def _heard(self, live: bool) -> Markup | None:
        call = self.call
        if call.audio:
            button = element(
                "button",
                "🔊",
                type="button",
                data_ask="hear",
                data_words="",
                data_key="hear",
                aria_label="hear what the telephone received",
            )
            drawn = waveform_svg(levels(call.audio), "waveform of hello world")
            sim = " (simulated: a tone where words are)" if call.has_phone else ""
            words = element("span", f"What the telephone received{sim}", class_="k")
            return element("div", button if live else None, drawn, words, class_="heard")
        if call.missing:
            return element("p", call.missing, class_="k")
        if call.playing:
            return element("p", f"▶ {call.playing}", class_="k")
        return None

    def _event(self) -> Markup | None:
        if not self.call.event:
            return None
        shown = {
            name: self.call.event[name]
            for name in ("type", "digit", "duration_ms", "timestamp")
            if name in self.call.event
        }
        return element(
            "div",
            element("span", "The event that arrived", class_="k"),
            element("pre", _lines(pretty(shown)), class_="event"),
        )

    def _ladder_html(self) -> Markup | None:
        if not self.call.channel:
            return None
        drawn = self._ladder(self.call.channel)
        return element(
            "div",
            Markup(drawn.svg),
            class_="scroll",
            tabindex="0",
            role="group",
            aria_label="ladder of the call",
            data_key="ladder",
        )

    # In a shell.

    def page_text(self) -> str:
        """Return the state of the demonstration."""
        return f"{_HEADLINES[self.call.state]}. A notebook shows a telephone here: %ari demo"

    def perform(self, say: Callable[[str], object]) -> None:
        """Make the call without a user: answer, press 1, hang up, and print each step.

        Args:
            say: called with a line of text.
        """
        call = self.call
        say("☎ a telephone rings" if call.has_phone else f"☎ a Local channel dials {EXTENSION}")
        call.begin()
        self._until(lambda: self._connection.tables.channels.get(call.channel) is not None)
        if call.has_phone:
            self._until(lambda: call._phone_call() is not None)
            call.answer()
            say("  you answer")
        self._until(lambda: call.playing == SOUND)
        say(f"▶ the program plays {SOUND}")
        self._until(lambda: call.audio or call.missing)
        say(f"  {waveform_text(levels(call.audio, 60))}" if call.audio else f"  {call.missing}")
        call.press("1")
        say("  you press 1")
        self._until(lambda: call.keys)
        say(f"◀ the event arrives: {call.event.get('type')} digit={call.keys}")
        call.hang_up()
        self._until(lambda: call.state == "over")
        say("  you hang up\n")
        say(self._ladder(call.channel).text)
        say("\nThe program:\n\n" + "".join(f"    {line}\n" for line in PROGRAM.splitlines()))

    def _until(self, true: Callable[[], object]) -> None:
        background = self._connection.background
        end = background.monotonic() + _TEXT_SECONDS
        while not true():
            if self.call.state == "failed" or background.monotonic() > end:
                raise UsageProblem(
                    f"the demonstration stopped: {self.call.problem or self.call.state}",
                    "See: %ari events",
                )
            background.sleep(0.05)

    def __repr__(self) -> str:
        return self.page_text()


def _button(
    text: str, ask: str, enabled: bool, label: str, shown: str = "", kind: str = ""
) -> Markup:
    return element(
        "button",
        text,
        type="button",
        data_ask=ask,
        data_do=True,
        data_key=ask,
        disabled=not enabled,
        aria_label=shown or label,
        class_=kind or None,
    )


def _lines(text: str) -> Markup:
    """Return lines of text, each escaped separately, so that line breaks are kept."""
    lines = [element("span", f"{line}") for line in text.rstrip().split("\n")]
    return Markup("\n".join(lines))
