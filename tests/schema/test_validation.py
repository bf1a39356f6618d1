"""Validation of arguments before a request, and the request built from them."""

import json
import pickle
import re
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_notebook import schema
from ari_notebook.schema import Checked, InvalidArguments, Operation, Parameter
from ari_notebook.schema.validation import (
    COUNTED_IN_MILLISECONDS,
    DOTS,
    EXCLUSIVE,
    MOST_SECONDS,
    is_list,
)

DECLARATION = schema.builtin()


def check(name: str, /, **arguments: Any) -> Checked:
    return schema.check(DECLARATION.operation(name), arguments)


def refusal(name: str, /, **arguments: Any) -> str:
    with pytest.raises(InvalidArguments) as caught:
        check(name, **arguments)
    return str(caught.value)


def values_of(parameter: Parameter) -> st.SearchStrategy[Any]:
    """Return values that fit the declaration of a parameter."""
    least = int(parameter.minimum or 0)
    most = MOST_SECONDS if parameter.name in COUNTED_IN_MILLISECONDS else 2**31 - 1
    one: st.SearchStrategy[Any] = {
        "int": st.integers(least, most),
        "long": st.integers(-(2**63), 2**63 - 1),
        "boolean": st.booleans(),
        "double": st.floats(allow_nan=False, allow_infinity=False),
        "object": st.dictionaries(st.text(), st.text()),
        "containers": st.dictionaries(st.text(), st.text()),
    }.get(parameter.type, st.text(min_size=1).filter(lambda text: text not in DOTS))
    if parameter.allowed:
        one = st.sampled_from(parameter.allowed)
    return one | st.lists(one, min_size=1, max_size=3) if is_list(parameter) else one


@st.composite
def calls(draw: st.DrawFn) -> tuple[Operation, dict[str, Any]]:
    operation = draw(st.sampled_from(DECLARATION.operations))
    given_ = [each for each in operation.parameters if each.required or draw(st.booleans())]
    names = {each.name for each in given_}
    pairs = EXCLUSIVE.get(operation.nickname.removesuffix("WithId"), ())
    dropped = {other for used, other in pairs if used in names}
    given_ = [each for each in given_ if each.name not in dropped]
    spelling = st.sampled_from(["name", "python_name"])
    return operation, {getattr(each, draw(spelling)): draw(values_of(each)) for each in given_}


@given(calls())
def test_valid_arguments_become_a_request(call: tuple[Operation, dict[str, Any]]) -> None:
    operation, arguments = call
    checked = schema.check(operation, arguments)
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
        checked = schema.check(operation, arguments)
        line = checked.path
    except InvalidArguments as error:
        line = str(error)
        assert line.startswith(f"{operation.qualified_name}: ")
    assert line
    assert "\n" not in line


def test_request_is_laid_out() -> None:
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


def test_python_keyword_is_given_with_its_underscore() -> None:
    checked = check("endpoints.send_message", to="pjsip:a", from_="b")
    assert checked.params == {"to": "pjsip:a", "from": "b"}


def test_none_means_not_given() -> None:
    assert check("channels.hangup", channelId="c", reason=None).params == {}
    assert "channelId is missing" in refusal("channels.hangup", channelId=None)


def test_path_argument_cannot_leave_its_place() -> None:
    assert check("recordings.get_stored", recordingName="a/../b c+d").path == (
        "/recordings/stored/a%2F..%2Fb%20c%2Bd"
    )
    assert "channelId must not be empty" in refusal("channels.get", channelId="")


def test_path_argument_that_looks_like_a_placeholder_stays_what_it_is() -> None:
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


def test_unknown_parameter_names_the_nearest() -> None:
    message = refusal("channels.play", channelId="c", media="m", playbackid="p", skipsm=1)
    assert "'skipsm' is not a parameter, did you mean skipms?" in message
    assert "'playbackid' is not a parameter, did you mean playbackId?" in message


def test_operation_without_parameters_says_so() -> None:
    assert refusal("channels.list", state="Up").endswith(
        "'state' is not a parameter (it takes none)"
    )


def test_argument_given_in_two_spellings_is_refused() -> None:
    assert "channelId is given twice" in refusal("channels.get", channelId="a", channel_id="b")


def test_error_carries_what_is_wrong() -> None:
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

    def test_value_that_holds_a_comma_travels_as_json(self) -> None:
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

    @pytest.mark.parametrize(
        ("text", "media"),
        [
            ("tone:!350/200,!0/100", ["tone:!350/200,!0/100"]),
            ("sound:a,tone:350+440/500,0,sound:b", ["sound:a", "tone:350+440/500,0", "sound:b"]),
        ],
    )
    def test_comma_inside_tone_separates_nothing(self, text: str, media: list[str]) -> None:
        checked = check("channels.play", channelId="c", media=text)
        assert (checked.params, checked.body) == ({}, {"media": media})

    def test_empty_list_is_refused(self) -> None:
        assert "media needs at least one value" in refusal("channels.play", channelId="c", media=[])


class TestLongRequests:
    """Arguments beyond a request line of 4,095 octets are sent in the body."""

    def test_long_value_moves_all_query_parameters_to_body(self) -> None:
        checked = check("channels.set_channel_var", channelId="c", variable="V", value="é" * 2000)
        assert (checked.params, checked.body) == ({}, {"variable": "V", "value": "é" * 2000})

    def test_short_value_stays_in_query(self) -> None:
        checked = check("channels.set_channel_var", channelId="c", variable="V", value="x" * 3800)
        assert (checked.params["value"], checked.body) == ("x" * 3800, None)

    def test_lists_stay_lists_in_body(self) -> None:
        media = [f"sound:{'x' * 45}{n}" for n in range(100)]
        assert check("channels.play", channelId="c", media=media).body == {"media": media}
        channels = ",".join("c" * 100 for _ in range(50))
        body = check("bridges.add_channel", bridgeId="b", channel=channels).body
        assert body == {"channel": channels.split(",")}

    def test_query_joins_variables_of_body(self) -> None:
        checked = check(
            "channels.originate", endpoint="Local/1", appArgs="z" * 5000, variables={"A": "1"}
        )
        assert checked.body == {
            "endpoint": "Local/1",
            "appArgs": "z" * 5000,
            "variables": {"A": "1"},
        }


class TestSilentlyDropped:
    """Values that Asterisk would misread, or drop without an error."""

    @pytest.mark.parametrize(
        ("name", "arguments", "problem"),
        [
            ("channels.originate", {"app": "a", "extension": "1"}, "app or extension"),
            ("channels.originate", {"app": "a", "context": "c"}, "app or context"),
            ("channels.originate", {"extension": "1", "label": "l", "priority": 2}, "label or"),
            ("channels.continue_in_dialplan", {"label": "l", "priority": 2}, "label or priority"),
        ],
    )
    def test_parameters_that_exclude_each_other(
        self, name: str, arguments: dict[str, Any], problem: str
    ) -> None:
        required = {"endpoint": "Local/1"} if "originate" in name else {"channelId": "c"}
        assert problem in refusal(name, **required, **arguments)

    @pytest.mark.parametrize("id", [".", ".."])
    def test_id_that_http_takes_for_folder(self, id: str) -> None:
        assert "HTTP treats as a folder" in refusal("channels.hangup", channelId=id)
        assert "HTTP treats as a folder" in refusal(
            "channels.originate", endpoint="Local/1", channelId=id
        )

    def test_seconds_that_overflow_milliseconds(self) -> None:
        problem = refusal("channels.originate", endpoint="Local/1", timeout=2_147_484)
        assert "timeout must be at most 2147483 seconds" in problem
        assert check("channels.originate", endpoint="Local/1", timeout=2_147_483)

    @pytest.mark.parametrize(
        ("typed", "meant"),
        [("channelVars", "variables"), ("vars", "variables"), ("exten", "extension")],
    )
    def test_parameter_under_another_name(self, typed: str, meant: str) -> None:
        problem = refusal("channels.originate", endpoint="Local/1", **{typed: "x"})
        assert f"{typed!r} is not a parameter, did you mean {meant}?" in problem

    def test_variable_among_parameters(self) -> None:
        problem = refusal("channels.originate", endpoint="Local/1", COLOUR="red")
        assert "a dialplan variable goes into variables={'COLOUR': …}" in problem


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
    def test_value_other_than_text_is_refused(self, value: Any) -> None:
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

    def test_user_event_carries_any_json(self) -> None:
        variables = {"a": {"b": [1, None]}}
        checked = check("events.user_event", eventName="e", application="a", variables=variables)
        assert checked.body == {"variables": variables}

    def test_event_filter_is_the_whole_body(self) -> None:
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
