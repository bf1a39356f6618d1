"""Dialplan functions. The right sides are results of a real Asterisk 22.10."""

import pytest

from tests.simulator.dialplan.calls import call, ran
from tests.simulator.switchboard import Switchboard

SETTINGS = """[globals]
GREETING = hi there
[default]
exten => 1002,1,Answer()
exten => 1003,hint,PJSIP/alice
exten => x,1,Set(B=abcdef)
 same => n,Set(D=a-b-c-d)
 same => n,Set(HASH(h,k)=v)
 same => n,Set(DB(q/r)=1)
 same => n,Set(CALLERID(all)=Bob <123>)
"""
VALUES = {
    "LEN(${B})": "6",
    "LEN(ü)": "2",
    "TOUPPER(aü)": "Aü",
    "IF(1?a :b)": "a",
    "IF(?a:b)": "",
    'IF("1"?a:b)': "a",
    "MATH(2^10)": "1024.000000",
    "MATH(5/0)": "0.000000",
    "MATH(255+0,hex)": "ff",
    "MATH(65+0,c)": "A",
    "MATH(1<<3)": "8.000000",
    "MATH(5 XOR 3)": "6.000000",
    "MATH(10-2-3,i)": "8",
    "MAX(1.25,1.5)": "1.500000",
    "ABS(-3)": "3",
    "DIGIT_SUM(123)": "6",
    "SORT(a:x,b:1)": "a,b",
    "SET(Q=5)": "5",
    "VARIABLE_EXISTS(B)": "1",
    "VARIABLE_EXISTS(NONE)": "0",
    "FIELDNUM(D,-,c)": "3",
    "LISTFILTER(D,-,b)": "a-c-d",
    "EVAL(${B})": "abcdef",
    "FILTER(z-a,abcz)": "az",
    "FILTER(0-9\\x41,aA1)": "A1",
    "FILTER(\\-0-9,1-2)": "1-2",
    "CUT(D,\\-,2)": "b",
    "CUT(D,-,x)": "",
    'CSV_QUOTE(a"b)': '"a""b"',
    'REGEX("^[[:digit:]]+$" 123)': "1",
    "STRFTIME(0,America/New_York,%H)": "19",
    "STRFTIME(0,Nowhere,%H)": "00",
    "STRFTIME(1000000000.5,UTC,%S.%3q)": "40.500",
    "VERSION(ASTERISK_VERSION_NUM)": "221001",
    "CHANNEL(amaflags)": "3",
    "CHANNEL(max_forwards)": "20",
    "CHANNEL(audionativeformat)": "(slin192)",
    "CALLERID(pres)": "allowed_not_screened",
    "TOUPPER(abC)": "ABC",
    "TOLOWER(aBC)": "abc",
    "IF($[1=1]?yes:no)": "yes",
    "IF(0?yes:no)": "no",
    "IF(0?a)": "",
    "ISNULL()": "1",
    "ISNULL(x)": "0",
    "EXISTS(x)": "1",
    "EXISTS()": "0",
    "CUT(D,-,2)": "b",
    "CUT(D,-,2-)": "b-c-d",
    "CUT(D,-,1&3)": "a-c",
    "CUT(D,-,-2)": "a-b",
    "CUT(D,-,9)": "",
    "FIELDQTY(D,-)": "4",
    'REGEX("^a" abc)': "1",
    'REGEX("^b" abc)': "0",
    "MATH(1+2)": "3.000000",
    "MATH(7/2,int)": "3",
    "FILTER(0-9,a1b2)": "12",
    "REPLACE(D,-,+)": "a+b+c+d",
    "STRREPLACE(D,a,X)": "X-b-c-d",
    "STRFTIME(0,UTC,%Y-%m-%d %H:%M:%S)": "1970-01-01 00:00:00",
    "CALLERID(all)": '"Bob" <123>',
    "CALLERID(num)": "123",
    "CALLERID(num):0:1": "1",
    "CALLERID(name)": "Bob",
    "CDR(src)": "123",
    "CHANNEL(state)": "Ring",
    "CHANNEL(language)": "en",
    "CHANNEL(channeltype)": "Local",
    "CHANNEL(nonsense)": "",
    "NOSUCH(1)": "",
    "EXTEN": "x",
    "CONTEXT": "default",
    "PRIORITY": "6",
    "GREETING": "hi there",
    "GLOBAL(GREETING)": "hi there",
    "TIMEOUT(digit)": "5.000",
    "TIMEOUT(response)": "10.000",
    "TIMEOUT(absolute)": "0",
    'QUOTE(a "b" c)': '"a \\"b\\" c"',
    "DIALPLAN_EXISTS(default,1002,1)": "1",
    "DIALPLAN_EXISTS(default,zzz,1)": "0",
    "DEVICE_STATE(Local/1002@default)": "NOT_INUSE",
    "DEVICE_STATE(Stasis:none)": "UNKNOWN",
    "HINT(1003@default)": "PJSIP/alice",
    "HINT(nosuch@default)": "",
    "REPLACE(NOPE,a,b)": "",
    "SHELL(echo -n works)": "works",
    'SHELL(echo -n "a  b"  c)': "a  b c",
    "SHELL(echo -e a)": "-e a\n",
    "SHELL(id)": "",
    "SHELL(echo -n a > b)": "",
    "SHELL(echo -n `id`)": "",
    "CHANNELS(nosuch)": "",
    "CHANNELS(^Local/x@default.*1$)": "Local/x@default-00000000;1",
    "DB(q/r)": "1",
    "DB_EXISTS(a/b)": "0",
    "URIENCODE(a b&c)": "a%20b%26c",
    "URIDECODE(a%20b)": "a b",
    "MD5(abc)": "900150983cd24fb0d6963f7d28e17f72",
    "BASE64_ENCODE(abc)": "YWJj",
    "BASE64_DECODE(YWJj)": "abc",
    "SPRINTF(%d-%s,5,x)": "5-x",
    "SHIFT(D,-)": "a",
    "POP(D,-)": "d",
    "INC(A)": "",
    "KEYPADHASH(abc)": "222",
    "HASH(h,k)": "v",
    "HASHKEYS(h)": "k",
    "RAND(5,5)": "5",
    "CHANNEL_EXISTS(nosuch)": "0",
    "TRIM( x )": "x",
    "MIN(3,1,2)": "1",
    "MAX(3,1,2)": "3",
    "SORT(x:2,y:1)": "y,x",
    "UNSET": "",
    "FILTER(a\\-c,a-c)": "a-c",
    "CUT(D,-,3&1)": "c",
    "REPLACE(D,ab,xy)": "x-x-c-d",
    "MD5()": "",
    "SHA1()": "",
    "BASE64_DECODE(YWI)": "ab",
    "SPRINTF(%c,65)": "A",
    "SPRINTF(%d,12abc)": "12",
    "SPRINTF(%d,1,2)": "1",
    "SPRINTF(%u,-1)": "4294967295",
    "SPRINTF(%d,1.9)": "1",
    "SPRINTF(%5s|%-3s|%.2s,ab,c,def)": "   ab|c  |de",
    "SPRINTF(%03d%%,7)": "007%",
    "SPRINTF(%d %d,1)": "",
    "DIGIT_SUM(1a3)": "4",
    "STRFTIME(0,UTC,x%Yx)": "x1970x",
    "STRPTIME(2006-03-01 05:30:35,America/Chicago,%Y-%m-%d %H:%M:%S)": "1141212635",
    "STRPTIME(1000000000,UTC,%s)": "1000000000",
    "STRPTIME(nonsense,UTC,%Y)": "",
    "SORT(a,b:1)": "b",
    "DIALPLAN_EXISTS(default)": "1",
    "DIALPLAN_EXISTS(nowhere)": "0",
    "BASENAME(/a/b/c.txt)": "c.txt",
    "DIRNAME(/a/b/c.txt)": "/a/b",
    "UUID():8:1": "-",
    "LOCAL(B)": "",
    "ASTSPOOLDIR": "/var/spool/asterisk",
    "CALLERID (num)": "",
}


@pytest.mark.parametrize(("text", "value"), VALUES.items())
def test_function_has_the_value_of_asterisk(text: str, value: str) -> None:
    board = call(f"{SETTINGS} same => n,NoOp([${{{text}}}])", seconds=0)
    assert ran(board)[-1] == f"x,6 NoOp([{value}])"


def test_shift_push_pop_and_unshift_change_lists() -> None:
    board = call(
        "[default]\nexten => x,1,Set(L=a,b)\n same => n,Set(PUSH(L)=c)\n"
        " same => n,Set(UNSHIFT(L)=z)\n same => n,NoOp(${SHIFT(L)} ${POP(L)} ${L})\n"
        " same => n,Set(ARRAY(one,two)=1,2)\n same => n,NoOp(${one} ${two})",
        seconds=0,
    )
    assert ran(board)[3] == "x,4 NoOp(z c a,b)"
    assert ran(board)[-1] == "x,6 NoOp(1 2)"


def test_environment_is_what_the_dialplan_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_MACHINE", "never shown")
    board = call(
        "[default]\nexten => x,1,Set(ENV(MINE)=yes)\n"
        " same => n,NoOp([${ENV(MINE)}${ENV(SECRET_OF_THE_MACHINE)}])",
        seconds=0,
    )
    assert ran(board)[-1] == "x,2 NoOp([yes])"


def test_absolute_time_ends_the_call() -> None:
    board = call(
        "[default]\nexten => x,1,Set(TIMEOUT(absolute)=2)\n same => n,Wait(100)", seconds=3
    )
    assert board.exchange.channels == {}


def test_functions_read_by_ari() -> None:
    board = call("[default]\nexten => x,1,Stasis(hello-world)", seconds=0)
    id = board.of("StasisStart")[0]["channel"]["id"]
    path = f"/channels/{id}/variable"
    assert board.ask("GET", path, variable="CHANNEL(state)") == (200, {"value": "Ring"})
    assert board.ask("GET", path, variable="UNSET")[0] == 404
    for refused in ("NOSUCH(1)", "SHELL(echo x)", "HINT(nosuch)", "REPLACE(UNSET,a,b)"):
        assert board.ask("GET", path, variable=refused)[0] == 500
    assert board.ask("GET", path, variable="CALLERID(nonsense)") == (200, {"value": ""})
    assert board.ask("POST", path, variable="CALLERID(num)", value="5")[0] == 204
    assert board.ask("GET", path, variable="CALLERID(num)") == (200, {"value": "5"})
    assert board.ask("POST", path, variable="NOSUCH(1)", value="5")[0] == 204  # Asterisk logs it


def test_functions_without_a_channel() -> None:
    exchange = Switchboard("[globals]\nG = 1\n[default]\nexten => s,1,NoOp()").exchange
    assert exchange.evaluate(None, "G") == "1"
    assert exchange.evaluate(None, "LEN(abc)") == "3"
    assert exchange.evaluate(None, "CALLERID(num)") is None
    assert exchange.evaluate(None, "UNSET") is None
    assert exchange.assign(None, "G", "2")
    assert exchange.evaluate(None, "G") == "2"
    assert exchange.assign(None, "G", None)
    assert exchange.evaluate(None, "G") is None
    assert not exchange.assign(None, "CALLERID(num)", "5")


@pytest.mark.parametrize(
    "text",
    [
        "MATH(1+2,z)",
        "MATH(x)",
        "INC(A)",
        "CUT(D)",
        'REGEX("(" a)',
        "DB(nothing)",
        "MIN(x)",
        "SPRINTF(%d,x)",
    ],
)
def test_invalid_arguments_are_logged_and_give_empty_text(
    text: str, caplog: pytest.LogCaptureFixture
) -> None:
    board = call(f"{SETTINGS} same => n,NoOp([${{{text}}}])", seconds=0)
    assert ran(board)[-1] == "x,6 NoOp([])"
    assert text in caplog.text


def test_channelvars_may_be_functions() -> None:
    wanted = ("COLOUR", "CHANNEL(language)", "GREETING", "NONE")
    board = Switchboard(
        "[globals]\nGREETING = hi\n[default]\nexten => x,1,Set(_COLOUR=red)\n same => n,Wait(9)",
        channelvars=wanted,
    )
    made = board.ask("POST", "/channels", endpoint="Local/x@default", extension="x")[1]
    assert made["channelvars"] == dict(zip(wanted, ("", "en", "hi", ""), strict=True))
    board.wait(1)
    published = board.of("ChannelVarset")[0]["channel"]["channelvars"]
    assert (published["COLOUR"], published["CHANNEL(language)"]) == ("red", "en")
