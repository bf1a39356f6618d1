"""Tab in the IPython shell, against both exchanges; the kernel's is in test_kernel.py."""

from __future__ import annotations

from collections.abc import Callable

from IPython.core.completer import provisionalcompleter

from ari_notebook.magics.grammar import VERBS
from ari_notebook.schema import builtin
from tests.magics.prompt import Prompt


def test_verbs_subverbs_and_options_are_completed(prompt: Prompt) -> None:
    offered = prompt.tab("%ari ")
    for name, verb in VERBS.items():
        first, _, second = name.partition(" ")
        assert first in offered
        if second:
            assert second in prompt.tab(f"%ari {first} ")
        assert {o.name for o in verb.all_options()} <= set(prompt.tab(f"%ari {name} --"))


def test_operations_and_parameters_are_completed(prompt: Prompt) -> None:
    for resource, operations in builtin().resources.items():
        assert f"{resource}." in prompt.tab(f"%ari {resource[:3]}")
        offered = prompt.tab(f"x = %ari {resource}.")
        for name, operation in operations.items():
            if operation.websocket:
                continue
            assert f"{resource}.{name}" in offered
            parameters = prompt.tab(f"%ari {resource}.{name} ")
            assert {f"{p.name}=" for p in operation.parameters} <= set(parameters)
            for parameter in operation.parameters:
                for value in parameter.allowed:
                    line = f"%ari {resource}.{name} {parameter.name}="
                    assert f"{parameter.name}={value}" in prompt.tab(line)


def test_live_objects_are_completed(on_exchange: Callable[..., Prompt]) -> None:
    prompt = on_exchange()
    prompt("%ari call 1000\n%ari wait StasisStart;\nchannel = %ari select")
    prompt("bridge = %ari bridge create --name 'my bridge'\n%ari bridge add")
    prompt("playback = %ari play tone:ring\n%ari wait PlaybackStarted;")
    channel, bridge = prompt.names["channel"], prompt.names["bridge"]
    assert {channel.id, channel.name, "$channel"} <= set(prompt.tab("%ari hangup "))
    assert prompt.tab("%ari play hello --channel $cha") == ["$channel"]
    assert prompt.tab(f"%ari channels.hangup channelId={channel.id[:-2]}")[0].startswith(
        f"channelId={channel.id[:-2]}"
    )
    assert bridge.id in prompt.tab("%ari bridge destroy ")
    assert "'my bridge'" in prompt.tab("%ari bridge play hello --bridge ")
    assert prompt.names["playback"].id in prompt.tab("%ari playback stop ")
    assert f"channel:{channel.id}" in " ".join(
        prompt.tab("%ari applications.subscribe eventSource=channel:")
    )
    assert "hello-world" in prompt.tab("%ari play hell")
    assert "sound:hello-world" in prompt.tab("%ari play sound:hell")
    assert "media=sound:hello-world" in prompt.tab("%ari channels.play media=sound:hello-w")
    assert "1000@default" in prompt.tab("%ari call 1000@")
    assert "app=hello-world" in prompt.tab("%ari channels.originate app=hello")
    assert prompt.tab("%ari wait ChannelDtmfReceived di") == ["digit="]
    assert prompt.tab(f"%ari status --on {prompt.names['ari'].name[:3]}") == [
        prompt.names["ari"].name
    ]


HOSTILE = (
    "it's",
    'say "no"',
    "both ' and \"",
    "back\\slash",
    "{1/0}",
    "$ari",
    "x;",
    "# y",
    "Zoë ☎",
)


def test_names_are_completed_in_quotes_if_necessary(
    on_exchange: Callable[..., Prompt],
) -> None:
    prompt = on_exchange()
    for number, name in enumerate(HOSTILE):
        prompt.names["name"] = name
        prompt(f"%ari bridge create --name $name --id b{number}")
        for typed in ("%ari bridges.get bridgeId=", "%ari bridge destroy "):
            candidates = [each for each in prompt.tab(typed) if name[-2:] in each]
            if name == "$ari":  # it would be the variable: its id is offered alone
                continue
            assert len(candidates) == 1, (typed, candidates)
        prompt(f"%ari bridge destroy {candidates[0] if name != '$ari' else f'b{number}'}")
    assert len(prompt("%ari bridges")) == 0


def test_quote_that_is_open_is_completed_and_closed(prompt: Prompt) -> None:
    prompt("%ari connect\n%ari bridge create --name 'my bridge';")
    for typed in ('"my', "'my", "my", '"my b'):
        assert prompt.tab(f"%ari bridge destroy {typed}") == ["'my bridge'"]
        assert prompt.tab(f"%ari bridge play x --bridge={typed}") == ["--bridge='my bridge'"]
    assert prompt.tab("%ari record x --until #") == ["'#'"]


def test_completion_of_python_is_unchanged(on_exchange: Callable[..., Prompt]) -> None:
    prompt = on_exchange()
    completer = prompt.shell.Completer
    with provisionalcompleter():
        assert "channels" in " ".join(each.text for each in completer.completions("ari.chan", 8))
    assert prompt.tab("%ariness pl") == [] or "play" not in prompt.tab("%ariness pl")
    prompt("safari = 1")
    assert "play" not in prompt.tab("x = safari pl")


def test_unreachable_server_completes_nothing(prompt: Prompt) -> None:
    prompt("%ari connect")
    prompt.names["ari"].simulator.stop()
    assert prompt.tab("%ari play sound:hell") == []


def test_line_without_completions_is_unchanged(prompt: Prompt) -> None:
    prompt("zebra = 1")
    for line in (
        "%ari nosuch ",
        "%ari hangup zeb",
        "x = %ari play nosuch --channel ",
        "%%ari play ",
    ):
        assert prompt.tab(line) == []
        with provisionalcompleter():
            assert list(prompt.shell.Completer.completions(line, len(line))) == []
    line = "%ari play {zeb"
    with provisionalcompleter():
        found = prompt.shell.Completer.completions(line, len(line))
        assert "zebra" in {each.text for each in found}


def test_cell_magic_offers_verbs_that_take_a_cell(prompt: Prompt) -> None:
    assert sorted(prompt.tab("%%ari ")) == sorted(
        {name.split()[0] for name, verb in VERBS.items() if verb.cell}
    )
    assert "StasisStart" in prompt.tab("%%ari on Stasis")
    assert "--name" in prompt.tab("%%ari on StasisStart --")
