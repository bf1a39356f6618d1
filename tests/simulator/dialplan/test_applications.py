"""Applications of the dialplan: their events are those that a real Asterisk 22.10 told."""

import pytest

from tests.simulator.dialplan.calls import call, ran, told


def test_ringing_progress_answer():
    board = call(
        "[default]\nexten => x,1,Ringing()\n same => n,Wait(0.3)\n same => n,Progress()\n"
        " same => n,Wait(0.3)\n same => n,Answer()"
    )
    assert told(board, half=";1")[:8] == [
        "Created",
        "Dialplan x,1 AppDial2((Outgoing Line))",
        "Dial dialstatus=",
        "StateChange Ringing",
        "Dial dialstatus=RINGING",
        "Dial dialstatus=PROGRESS",
        "StateChange Up",
        "Dial dialstatus=ANSWER",
    ]


@pytest.mark.parametrize(("name", "cause"), [("Busy", 17), ("Congestion", 34)])
def test_refusals(name, cause):
    board = call(f"[default]\nexten => x,1,{name}(1)")
    assert told(board) == [
        "Created",
        f"Dialplan x,1 {name}(1)",
        "StateChange Busy",
        "HangupRequest cause=0",
        "HangupRequest cause=16 soft=True",
        f"Destroyed cause={cause}",
    ]
    assert told(board, half=";1")[-2:] == [f"Dial dialstatus={name.upper()}", "Destroyed cause=0"]


def test_hangup_with_a_cause():
    board = call("[default]\nexten => x,1,Hangup(17)")
    assert told(board)[-2:] == ["HangupRequest cause=16 soft=True", "Destroyed cause=17"]
    assert told(board, half=";1")[-3:] == [
        "HangupRequest cause=17",
        "Dial dialstatus=BUSY",
        "Destroyed cause=17",
    ]


def test_echo_ends_with_a_hash():
    board = call(
        "[default]\nexten => x,1,Answer()\n same => n,Echo()\n same => n,NoOp(done)",
        other_end="keys",
    )
    assert ran(board)[-1] == "x,3 NoOp(done)"
    assert [line for line in told(board, half=";1") if "digit" in line][:2] == [
        "DtmfReceived digit=1",
        "DtmfReceived digit=2",
    ]


def test_set_variables_functions_and_events():
    board = call(
        "[default]\nexten => x,1,Set(A=1)\n same => n,Set(__B=${A}2)\n"
        " same => n,Set(CALLERID(num)=777)\n same => n,Set(GLOBAL(G)=5)\n"
        " same => n,UserEvent(Hello,Foo: bar,Baz: 3)\n same => n,MSet(a=1,b=${G})\n"
        " same => n,ExecIf($[${A} = 1]?Set(C=yes):Set(C=no))\n"
        " same => n,TryExec(Nonsense())\n same => n,NoOp(${TRYSTATUS} ${C} ${b})"
    )
    lines = told(board)
    assert "Varset A=1" in lines
    assert "Varset __B=12" in lines
    assert "CallerId" in lines
    assert "Varset C=yes" in lines
    assert ran(board)[-1] == "x,9 NoOp(NOAPP yes 5)"
    event = board.of("ChannelUserevent")[0]
    assert event["eventname"] == "Hello"
    assert event["userevent"] == {"eventname": "Hello", "Foo": "bar", "Baz": "3"}
    told_globally = [each for each in board.of("ChannelVarset") if "channel" not in each]
    assert [(each["variable"], each["value"]) for each in told_globally] == [("G", "5")]


def test_going_elsewhere():
    board = call(
        "[default]\nexten => x,1,Goto(sub,1)\nexten => sub,1,GotoIf($[1 = 2]?no:yes)\n"
        " same => n(no),NoOp(no)\n same => n(yes),Gosub(routine,s,1(a,b))\n"
        " same => n,NoOp(${GOSUB_RETVAL} ${ARG1})\n"
        "[routine]\nexten => s,1,NoOp(${ARG1} ${ARG2} ${ARGC})\n same => n,Set(LOCAL(L)=5)\n"
        " same => n,Return(back)"
    )
    assert ran(board) == [
        "x,1 Goto(sub,1)",
        "sub,1 GotoIf(0?no:yes)",
        "sub,3 Gosub(routine,s,1(a,b))",
        "s,1 NoOp(a b 2)",
        "s,2 Set(LOCAL(L)=5)",
        "s,3 Return(back)",
        "sub,4 NoOp(back )",
    ]
    after = told(board)[told(board).index("Dialplan s,3 Return(back)") + 1 :]
    assert after[:5] == [
        "Varset L=",
        "Varset ARGC=",
        "Varset ARG2=",
        "Varset ARG1=",
        "Varset GOSUB_RETVAL=back",
    ]


@pytest.mark.parametrize("text", ["Goto(nolabel)", "Return()", "Gosub(nowhere,s,1)"])
def test_going_nowhere_ends_the_call(text):
    board = call(f"[default]\nexten => x,1,{text}\n same => n,NoOp(never)")
    assert ran(board) == [f"x,1 {text}"]
    assert board.exchange.channels == {}


def test_loops():
    board = call(
        "[default]\nexten => x,1,Set(I=0)\n same => n,While($[${I} < 2])\n"
        " same => n,Set(I=$[${I} + 1])\n same => n,EndWhile()\n same => n,NoOp(end ${I})"
    )
    assert told(board)[4:6] == ["Varset default_x_2=0", "Varset WHILE_0=default,x,2"]
    assert ran(board)[-3:] == ["x,4 EndWhile()", "x,2 While(0)", "x,5 NoOp(end 2)"]


def test_leaving_a_loop_early():
    board = call(
        "[default]\nexten => x,1,While(1)\n same => n,ExitWhile()\n same => n,NoOp(never)\n"
        " same => n,EndWhile()\n same => n,NoOp(out)"
    )
    assert ran(board) == ["x,1 While(1)", "x,2 ExitWhile()", "x,5 NoOp(out)"]


def test_sounds():
    board = call(
        "[default]\nexten => x,1,Playback(hello-world)\n same => n,Playback(nothing-there)\n"
        " same => n,SayDigits(12)\n same => n,NoOp(end)"
    )
    assert "StateChange Up" in told(board)
    statuses = [line for line in told(board) if "PLAYBACKSTATUS" in line]
    assert statuses == ["Varset PLAYBACKSTATUS=SUCCESS", "Varset PLAYBACKSTATUS=FAILED"]
    assert ran(board)[-1] == "x,4 NoOp(end)"
    assert not board.of("PlaybackStarted")


KEYS = """[default]
exten => x,1,Answer()
 same => n,{}
 same => n,NoOp(after ${{X}} ${{READSTATUS}})
exten => 1,1,NoOp(one)
exten => 12,1,NoOp(twelve)
exten => t,1,NoOp(timeout)
"""


@pytest.mark.parametrize(
    ("application", "other_end", "last"),
    [
        ("BackGround(vm-intro)", "keys", "12,1 NoOp(twelve)"),
        ("BackGround(beep)", "silent", "x,3 NoOp(after  )"),
        ("WaitExten(5)", "keys", "12,1 NoOp(twelve)"),
        ("WaitExten(5)", "silent", "x,3 NoOp(after  )"),
        ("Read(X,,5)", "keys", "x,3 NoOp(after 12 OK)"),
        ("Read(X,vm-intro,1)", "keys", "x,3 NoOp(after 1 OK)"),
        ("Read(X,beep,1,,1,2)", "silent", "x,3 NoOp(after  TIMEOUT)"),
    ],
)
def test_keys(application, other_end, last):
    board = call(KEYS.format(application), other_end=other_end)
    assert ran(board)[-1] == last


def test_time_runs_out_where_nothing_follows():
    board = call(
        "[default]\nexten => x,1,Answer()\n same => n,WaitExten(1)\nexten => t,1,NoOp(timeout)"
    )
    assert ran(board)[-1] == "t,1 NoOp(timeout)"


def test_recording_a_line_without_sound_takes_it_for_dead():
    board = call("[default]\nexten => x,1,Record(said.wav,0,1)\n same => n,NoOp(never)")
    assert [line for line in told(board) if "RECORD" in line] == [
        "Varset RECORDED_FILE=said",
        "Varset RECORD_STATUS=HANGUP",
    ]
    assert ran(board) == ["x,1 Record(said.wav,0,1)"]
    assert not board.of("RecordingStarted")


def test_agi_waits_for_a_manager_or_fails():
    board = call(
        "[default]\nexten => x,1,Answer()\n same => n,AGI(agi:async)\n same => n,NoOp(never)"
    )
    assert ran(board)[-1] == "x,2 AGI(agi:async)"
    assert board.of("ChannelDestroyed") == []
    board = call("[default]\nexten => x,1,AGI(greet.py)\n same => n,NoOp(${AGISTATUS})")
    assert ran(board)[-1] == "x,2 NoOp(NOTFOUND)"


@pytest.mark.parametrize("name", ["Playback(beep)", "Background(beep)", "Read(D,beep,1,,1,0.5)"])
def test_what_answers_waits_for_sound_first(name):
    """As Answer() does: half a second where none comes."""
    board = call(f"[default]\nexten => x,1,{name}\n same => n,NoOp(done)", seconds=0.9)
    assert "StateChange Up" in told(board)
    assert not any("done" in line for line in ran(board))
    board.wait(1.5)
    assert ran(board)[-1] == "x,2 NoOp(done)"


def test_playback_of_nothing_ends_the_call():
    board = call("[default]\nexten => x,1,Playback()\n same => n,NoOp(on)")
    assert ran(board) == ["x,1 Playback()"]
    assert "StateChange Up" not in told(board)


def test_background_of_a_sound_that_is_missing():
    board = call("[default]\nexten => x,1,Background(none)\n same => n,NoOp(${BACKGROUNDSTATUS})")
    assert ran(board)[-1] == "x,2 NoOp(FAILED)"


def test_the_called_half_knows_both_parties_at_once():
    board = call("[default]\nexten => x,1,NoOp()")
    board.ask(
        "POST",
        "/channels",
        endpoint="Local/x@default",
        extension="silent",
        context="other-end",
        callerId="Bob <55>",
    )
    board.wait(1)
    told_of = [each for each in board.of("ChannelCallerId") if each["channel"]["name"][-1] == "2"]
    assert [each["channel"]["connected"]["number"] for each in told_of] == ["55"]


def test_recording_with_a_number_and_a_dead_line_that_was_listened_to_for_silence():
    lines = "".join(f" same => n,Record(said%d.wav,1,2)\n same => n,NoOp({n})\n" for n in (1, 2))
    board = call(f"[default]\nexten => x,1,NoOp()\n{lines}")
    told_of = [line for line in told(board) if "RECORDED_FILE" in line]
    assert told_of == ["Varset RECORDED_FILE=said0", "Varset RECORDED_FILE=said1"]
    assert ran(board)[-1] == "x,5 NoOp(2)"


def test_an_event_of_ones_own_needs_a_name_and_tells_only_what_has_a_value():
    board = call(
        "[default]\nexten => x,1,UserEvent(Hello, C : 3,bare)\n same => n,UserEvent()\n"
        " same => n,NoOp(never)"
    )
    assert [each["userevent"] for each in board.of("ChannelUserevent")] == [
        {"eventname": "Hello", " C ": "3"}
    ]
    assert ran(board)[-1] == "x,2 UserEvent()"


def test_who_is_dialled_without_a_number_has_the_name_of_the_other_end_and_its_own_context():
    board = call(
        "[default]\nexten => x,1,Set(CALLERID(all)=Bob <55>)\n"
        " same => n,Set(CONNECTEDLINE(name)=Ann)\n same => n,Dial(Local/silent@other-end,1)"
    )
    first = next(
        each["channel"] for each in board.of("ChannelDialplan") if each["dialplan_app"] == "AppDial"
    )
    assert first["caller"] == {"name": "Ann", "number": "x"}
    assert first["connected"] == {"name": "Bob", "number": "55"}
    assert first["dialplan"]["context"] == "other-end"


def test_quotes_and_backslashes_protect_what_several_are_given():
    board = call(
        '[default]\nexten => x,1,MSet(A="one, two",B=a\\,b)\n'
        ' same => n,UserEvent(E,k: "v, w",l: 1)\n'
        " same => n,NoOp(${A}|${B})"
    )
    assert ran(board)[-1] == "x,3 NoOp(one, two|a,b)"
    assert board.of("ChannelUserevent")[0]["userevent"] == {"eventname": "E", "k": "v, w", "l": "1"}


def test_a_subroutine_of_a_subroutine_has_none_of_its_arguments():
    board = call(
        '[default]\nexten => x,1,Gosub(s1,1(a,b\\,c,"d,e"))\nexten => s1,1,Set(LOCAL(V)=1)\n'
        " same => n,Gosub(s2,1)\n same => n,Return()\nexten => s2,1,NoOp([${ARG1}] ${ARGC} ${V})\n"
        " same => n,Return()"
    )
    assert ran(board)[3] == "s2,1 NoOp([] 0 1)"
    lines = told(board)
    assert lines[lines.index("Dialplan s2,2 Return()") + 1 :][:2] == [
        "Varset ARGC=",
        "Varset GOSUB_RETVAL=",
    ]
    assert lines[lines.index("Dialplan s1,3 Return()") + 1 :][:5] == [
        "Varset V=",
        "Varset ARGC=",
        "Varset ARG3=",
        "Varset ARG2=",
        "Varset ARG1=",
    ]
    assert 'Varset LOCAL(ARG3)="d,e"' in lines


@pytest.mark.parametrize("cause", ["USER_BUSY", "user_busy", "17"])
def test_a_cause_may_be_given_by_its_name(cause):
    board = call(f"[default]\nexten => x,1,Hangup({cause})")
    assert board.of("ChannelDestroyed")[0]["cause"] == 17


@pytest.mark.parametrize(
    ("options", "result"),
    [
        (",,2", "12 OK"),
        (",,9", "12 OK"),
        (",,9,t(2)", "1 OK"),
        (",,9,t(x)", "12# TIMEOUT"),
        (",,9,,1,0.5", " TIMEOUT"),
    ],
)
def test_keys_that_are_read(options, result):
    board = call(
        f"[default]\nexten => x,1,Answer()\n same => n,Read(X{options})\n"
        " same => n,NoOp(${X} ${READSTATUS})",
        other_end="keys",
    )
    assert ran(board)[-1] == f"x,3 NoOp({result})"


def test_reading_is_skipped_where_the_line_is_not_up():
    board = call(
        "[default]\nexten => x,1,Read(X,,,s)\n same => n,NoOp(${READSTATUS} ${CHANNEL(state)})\n"
        " same => n,BackGround(beep,skip)\n same => n,NoOp(${BACKGROUNDSTATUS} ${CHANNEL(state)})"
    )
    assert ran(board)[1::2] == ["x,2 NoOp(SKIPPED Ring)", "x,4 NoOp(SUCCESS Ring)"]


def test_a_hangup_while_keys_are_read():
    board = call(
        "[default]\nexten => x,1,Answer()\n same => n,Set(TIMEOUT(absolute)=3)\n"
        " same => n,Read(X,,9,t)\nexten => h,1,NoOp(${X} ${READSTATUS})",
        other_end="keys",
    )
    assert ran(board)[-1] == "h,1 NoOp(12# HANGUP)"
