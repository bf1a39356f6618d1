"""What is checked before anything is sent, and how it is laid out as a request."""

import json
import pickle
import re
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ari_notebook import spec
from ari_notebook.spec import Checked, InvalidArguments, Operation, Parameter
from ari_notebook.spec.values import is_list

DECLARATION = spec.builtin()


def check(name: str, /, **arguments: Any) -> Checked:
    return DECLARATION.operation(name).check(arguments)


def refusal(name: str, /, **arguments: Any) -> str:
    with pytest.raises(InvalidArguments) as caught:
        check(name, **arguments)
    return str(caught.value)


def values_of(parameter: Parameter) -> st.SearchStrategy[Any]:
    """Values that fit the declaration of a parameter."""
    least = int(parameter.minimum or 0)
    one: st.SearchStrategy[Any] = {
        "int": st.integers(least, 2**31 - 1),
        "long": st.integers(-(2**63), 2**63 - 1),
        "boolean": st.booleans(),
        "double": st.floats(allow_nan=False, allow_infinity=False),
        "object": st.dictionaries(st.text(), st.text()),
        "containers": st.dictionaries(st.text(), st.text()),
    }.get(parameter.type, st.text(min_size=1))
    if parameter.allowed:
        one = st.sampled_from(parameter.allowed)
    return one | st.lists(one, min_size=1, max_size=3) if is_list(parameter) else one


@st.composite
def calls(draw: st.DrawFn) -> tuple[Operation, dict[str, Any]]:
    operation = draw(st.sampled_from(DECLARATION.operations))
    given_ = [each for each in operation.parameters if each.required or draw(st.booleans())]
    spelling = st.sampled_from(["name", "python_name"])
    return operation, {getattr(each, draw(spelling)): draw(values_of(each)) for each in given_}


@settings(deadline=None)
@given(calls())
def test_whatever_fits_the_declaration_is_laid_out(call: tuple[Operation, dict[str, Any]]) -> None:
    operation, arguments = call
    checked = operation.check(arguments)
    places = {each.name: each.location for each in operation.parameters}

    shape = re.sub(r"{\w+}", "([^/]+)", operation.path)
    parts = re.fullmatch(shape, checked.path)
    assert parts
    names = re.findall(r"{(\w+)}", operation.path)
    for name, part in zip(names, parts.groups(), strict=True):
        assert unquote(part) == checked.arguments[name]
    assert re.fullmatch(r"[\x21-\x7e]*", checked.path)
    assert all(places[name] == "query" for name in checked.params)
    assert all(isinstance(value, str) for value in checked.params.values())
    assert {operation.parameter(name).name for name in arguments} <= set(checked.arguments)
    if checked.body is not None:
        json.dumps(checked.body)


@settings(deadline=None)
@given(
    st.sampled_from(DECLARATION.operations),
    st.dictionaries(
        st.sampled_from(["channelId", "media", "variables", "x\ny"]) | st.text(),
        st.none() | st.integers() | st.floats() | st.text() | st.lists(st.text()) | st.just({1: 2}),
    ),
)
def test_anything_is_accepted_or_refused_on_one_line(
    operation: Operation, arguments: dict[str, Any]
) -> None:
    try:
        checked = operation.check(arguments)
        line = checked.path
    except InvalidArguments as error:
        line = str(error)
        assert line.startswith(f"{operation.qualified_name}: ")
    assert line
    assert "\n" not in line


def test_a_request_is_laid_out() -> None:
    checked = check("channels.play", channelId="1700000000.1", media="sound:hello", skipms=500)
    assert checked.path == "/channels/1700000000.1/play"
    assert checked.params == {"media": "sound:hello", "skipms": "500"}
    assert checked.body is None
    assert checked.arguments == {
        "channelId": "1700000000.1",
        "media": "sound:hello",
        "skipms": 500,
    }


def test_names_may_be_in_snake_case() -> None:
    checked = check("channels.originate", endpoint="Local/1@a", app_args="x,y", callerId="<1>")
    assert checked.params == {"endpoint": "Local/1@a", "appArgs": "x,y", "callerId": "<1>"}


def test_a_python_keyword_is_given_with_its_underscore() -> None:
    checked = check("endpoints.send_message", to="pjsip:a", from_="b")
    assert checked.params == {"to": "pjsip:a", "from": "b"}


def test_none_means_not_given() -> None:
    assert check("channels.hangup", channelId="c", reason=None).params == {}
    assert "channelId is missing" in refusal("channels.hangup", channelId=None)


def test_a_path_argument_cannot_leave_its_place() -> None:
    assert check("recordings.get_stored", recordingName="a/../b c+d").path == (
        "/recordings/stored/a%2F..%2Fb%20c%2Bd"
    )
    assert "channelId must not be empty" in refusal("channels.get", channelId="")


def test_a_path_argument_that_looks_like_a_placeholder_stays_what_it_is() -> None:
    checked = check("endpoints.get", tech="{resource}", resource="alice")
    assert checked.path == "/endpoints/%7Bresource%7D/alice"


def test_everything_wrong_is_said_at_once() -> None:
    message = refusal("channels.record", name="n", ifExists="overwrit", beep="maybe", colour=1)
    assert message.startswith("channels.record: ")
    assert "channelId is missing" in message
    assert "format is missing" in message
    assert "ifExists must be one of fail, overwrite, append" in message
    assert "did you mean overwrite?" in message
    assert "beep must be true or false, not 'maybe'" in message
    assert "'colour' is not a parameter (it takes channelId, name, format," in message


def test_an_unknown_parameter_names_the_nearest() -> None:
    message = refusal("channels.play", channelId="c", media="m", playbackid="p", skipsm=1)
    assert "'skipsm' is not a parameter, did you mean skipms?" in message
    assert "'playbackid' is not a parameter, did you mean playbackId?" in message


def test_an_operation_without_parameters_says_so() -> None:
    assert refusal("channels.list", state="Up").endswith(
        "'state' is not a parameter (it takes none)"
    )


def test_an_argument_given_in_two_spellings_is_refused() -> None:
    assert "channelId is given twice" in refusal("channels.get", channelId="a", channel_id="b")


def test_the_error_carries_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="channelId is missing") as caught:
        check("channels.play")
    error = caught.value
    assert isinstance(error, InvalidArguments)
    assert error.operation.nickname == "play"
    assert error.problems == ("channelId is missing", "media is missing")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


class TestLists:
    def test_values_are_joined_by_commas(self) -> None:
        checked = check("channels.play", channelId="c", media=["sound:a", "sound:b"])
        assert checked.params == {"media": "sound:a,sound:b"}

    def test_text_with_commas_is_left_to_the_server(self) -> None:
        checked = check("channels.play", channelId="c", media="sound:a,sound:b")
        assert checked.params == {"media": "sound:a,sound:b"}

    def test_a_value_that_holds_a_comma_travels_as_json(self) -> None:
        media = ["tone:350+440,0/200", "sound:a"]
        checked = check("channels.play", channelId="c", media=media)
        assert (checked.params, checked.body) == ({}, {"media": media})

    def test_more_than_the_query_string_holds_travels_as_json(self) -> None:
        some, more = ["sound:a"] * 127, ["sound:a"] * 128
        assert check("channels.play", channelId="c", media=some).body is None
        assert check("channels.play", channelId="c", media=more).body == {"media": more}

    def test_each_value_must_be_allowed(self) -> None:
        assert check("asterisk.get_info", only=["build", "system"]).params == {
            "only": "build,system"
        }
        assert check("asterisk.get_info", only="build, system").params == {"only": "build,system"}
        assert "did you mean system?" in refusal("asterisk.get_info", only=["build", "sistem"])

    def test_an_empty_list_is_refused(self) -> None:
        assert "media needs at least one value" in refusal("channels.play", channelId="c", media=[])


class TestBodies:
    def test_variables_travel_under_their_name(self) -> None:
        checked = check("channels.originate", endpoint="Local/1@a", variables={"A": "1"})
        assert checked.body == {"variables": {"A": "1"}}

    def test_numbers_become_the_text_that_variables_are(self) -> None:
        variables = {"A": 1, "B": {"value": 2.5, "report_events": True}}
        checked = check("channels.set_channel_vars", channelId="c", variables=variables)
        assert checked.body == {
            "variables": {"A": "1", "B": {"value": "2.5", "report_events": True}}
        }

    @pytest.mark.parametrize("value", [True, None, ["a"], {"report_events": True}])
    def test_what_is_no_text_is_refused(self, value: Any) -> None:
        message = refusal("channels.set_channel_vars", channelId="c", variables={"A": value})
        assert "for 'A', but a variable's value is text" in message

    def test_json_text_is_read(self) -> None:
        checked = check("channels.originate", endpoint="Local/1@a", variables='{"A": "1"}')
        assert checked.body == {"variables": {"A": "1"}}
        assert "variables must be a JSON object: " in refusal(
            "channels.originate", endpoint="Local/1@a", variables="{A: 1}"
        )

    def test_variables_are_named(self) -> None:
        assert "variables takes names and values" in refusal(
            "channels.set_channel_vars", channelId="c", variables=["A"]
        )

    def test_a_user_event_carries_any_json(self) -> None:
        variables = {"a": {"b": [1, None]}}
        checked = check("events.user_event", eventName="e", application="a", variables=variables)
        assert checked.body == {"variables": variables}

    def test_the_event_filter_is_the_whole_body(self) -> None:
        allowed = {"allowed": [{"type": "StasisStart"}]}
        checked = check("applications.filter", applicationName="a", filter=allowed)
        assert checked.body == allowed
        assert check("applications.filter", applicationName="a", filter={}).body == {}

    def test_post_bridges_takes_the_variables_as_its_whole_body(self) -> None:
        """Asterisk 22.10 reads them so, though it declares both operations alike."""
        assert check("bridges.create", name="x", variables={"A": 1}).body == {"A": "1"}
        with_id = check("bridges.create_with_id", bridgeId="b", variables={"A": 1})
        assert with_id.body == {"variables": {"A": "1"}}

    def test_configuration_fields_may_be_a_dict(self) -> None:
        place = {"configClass": "res_pjsip", "objectType": "auth", "id": "alice"}
        rows = [{"attribute": "auth_type", "value": "userpass"}]
        assert check("asterisk.update_object", **place, fields=rows).body == {"fields": rows}
        named = check("asterisk.update_object", **place, fields={"auth_type": "userpass"})
        assert named.body == {"fields": rows}


def test_mute_sends_the_default_that_the_server_does_not_apply() -> None:
    assert check("channels.mute", channelId="c").params == {"direction": "both"}
    assert check("channels.unmute", channelId="c").params == {"direction": "both"}
    assert check("channels.play", channelId="c", media="m").params == {"media": "m"}
