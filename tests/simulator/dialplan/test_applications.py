"""Applications of the dialplan: their events equal those of a real Asterisk 22.10."""

import pytest

from tests.simulator.dialplan.calls import call, published, ran


def test_ringing_progress_and_answer_publish_states() -> None:
    board = call(
        "[default]\nexten => x,1,Ringing()\n same => n,Wait(0.3)\n same => n,Progress()\n"
        " same => n,Wait(0.3)\n same => n,Answer()"
    )
    assert published(board, half=";1")[:8] == [
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
def test_refusing_application_hangs_up_with_its_cause(name: str, cause: int) -> None:
    board = call(f"[default]\nexten => x,1,{name}(1)")
    assert published(board) == [
        "Created",
        f"Dialplan x,1 {name}(1)",
        "StateChange Busy",
        "HangupRequest cause=0",
        "HangupRequest cause=16 soft=True",
        f"Destroyed cause={cause}",
    ]
    assert published(board, half=";1")[-2:] == [
        f"Dial dialstatus={name.upper()}",
        "Destroyed cause=0",
    ]


def test_hangup_sets_the_given_cause() -> None:
    board = call("[default]\nexten => x,1,Hangup(17)")
    assert published(board)[-2:] == ["HangupRequest cause=16 soft=True", "Destroyed cause=17"]
    assert published(board, half=";1")[-3:] == [
        "HangupRequest cause=17",
        "Dial dialstatus=BUSY",
        "Destroyed cause=17",
    ]


def test_echo_ends_with_a_hash() -> None:
    board = call(
        "[default]\nexten => x,1,Answer()\n same => n,Echo()\n same => n,NoOp(done)",
        other_end="keys",
    )
    assert ran(board)[-1] == "x,3 NoOp(done)"
    assert [line for line in published(board, half=";1") if "digit" in line][:2] == [
        "DtmfReceived digit=1",
        "DtmfReceived digit=2",
    ]


def test_set_variables_functions_and_events() -> None:
    board = call(
        "[default]\nexten => x,1,Set(A=1)\n same => n,Set(__B=${A}2)\n"
        " same => n,Set(CALLERID(num)=777)\n same => n,Set(GLOBAL(G)=5)\n"
        " same => n,UserEvent(Hello,Foo: bar,Baz: 3)\n same => n,MSet(a=1,b=${G})\n"
        " same => n,ExecIf($[${A} = 1]?Set(C=yes):Set(C=no))\n"
        " same => n,TryExec(Nonsense())\n same => n,NoOp(${TRYSTATUS} ${C} ${b})"
    )
    lines = published(board)
    assert "Varset A=1" in lines
    assert "Varset __B=12" in lines
    assert "CallerId" in lines
    assert "Varset C=yes" in lines
    assert ran(board)[-1] == "x,9 NoOp(NOAPP yes 5)"
    event = board.of("ChannelUserevent")[0]
    assert event["eventname"] == "Hello"
    assert event["userevent"] == {"eventname": "Hello", "Foo": "bar", "Baz": "3"}
    global_sets = [each for each in board.of("ChannelVarset") if "channel" not in each]
    assert [(each["variable"], each["value"]) for each in global_sets] == [("G", "5")]


def test_goto_continues_at_its_location() -> None:
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
    after = published(board)[published(board).index("Dialplan s,3 Return(back)") + 1 :]
    assert after[:5] == [
        "Varset L=",
        "Varset ARGC=",
        "Varset ARG2=",
        "Varset ARG1=",
        "Varset GOSUB_RETVAL=back",
    ]


@pytest.mark.parametrize("text", ["Goto(nolabel)", "Return()", "Gosub(nowhere,s,1)"])
def test_goto_to_missing_location_ends_the_call(text: str) -> None:
    board = call(f"[default]\nexten => x,1,{text}\n same => n,NoOp(never)")
    assert ran(board) == [f"x,1 {text}"]
    assert board.exchange.channels == {}


def test_while_repeats_until_false() -> None:
    board = call(
        "[default]\nexten => x,1,Set(I=0)\n same => n,While($[${I} < 2])\n"
        " same => n,Set(I=$[${I} + 1])\n same => n,EndWhile()\n same => n,NoOp(end ${I})"
    )
    assert published(board)[4:6] == ["Varset default_x_2=0", "Varset WHILE_0=default,x,2"]
    assert ran(board)[-3:] == ["x,4 EndWhile()", "x,2 While(0)", "x,5 NoOp(end 2)"]


def test_exit_while_leaves_the_loop() -> None:
    board = call(
        "[default]\nexten => x,1,While(1)\n same => n,ExitWhile()\n same => n,NoOp(never)\n"
        " same => n,EndWhile()\n same => n,NoOp(out)"
    )
    assert ran(board) == ["x,1 While(1)", "x,2 ExitWhile()", "x,5 NoOp(out)"]


def test_playback_of_several_files_in_order() -> None:
    board = call(
        "[default]\nexten => x,1,Playback(hello-world)\n same => n,Playback(nothing-there)\n"
        " same => n,SayDigits(12)\n same => n,NoOp(end)"
    )
    assert "StateChange Up" in published(board)
    statuses = [line for line in published(board) if "PLAYBACKSTATUS" in line]
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
def test_pressed_keys_lead_to_expected_extension(
    application: str, other_end: str, last: str
) -> None:
    board = call(KEYS.format(application), other_end=other_end)
    assert ran(board)[-1] == last


def test_wait_exten_timeout_continues_at_t() -> None:
    board = call(
        "[default]\nexten => x,1,Answer()\n same => n,WaitExten(1)\nexten => t,1,NoOp(timeout)"
    )
    assert ran(board)[-1] == "t,1 NoOp(timeout)"


def test_record_without_audio_ends_the_call() -> None:
    board = call("[default]\nexten => x,1,Record(said.wav,0,1)\n same => n,NoOp(never)")
    assert [line for line in published(board) if "RECORD" in line] == [
        "Varset RECORDED_FILE=said",
        "Varset RECORD_STATUS=HANGUP",
    ]
    assert ran(board) == ["x,1 Record(said.wav,0,1)"]
    assert not board.of("RecordingStarted")


def test_agi_waits_for_a_manager_or_fails() -> None:
    board = call(
        "[default]\nexten => x,1,Answer()\n same => n,AGI(agi:async)\n same => n,NoOp(never)"
    )
    assert ran(board)[-1] == "x,2 AGI(agi:async)"
    assert board.of("ChannelDestroyed") == []
    board = call("[default]\nexten => x,1,AGI(greet.py)\n same => n,NoOp(${AGISTATUS})")
    assert ran(board)[-1] == "x,2 NoOp(NOTFOUND)"


@pytest.mark.parametrize("name", ["Playback(beep)", "Background(beep)", "Read(D,beep,1,,1,0.5)"])
def test_answering_applications_wait_for_audio_first(name: str) -> None:
    """Like Answer(): half a second if no audio arrives."""
    board = call(f"[default]\nexten => x,1,{name}\n same => n,NoOp(done)", seconds=0.9)
    assert "StateChange Up" in published(board)
    assert not any("done" in line for line in ran(board))
    board.wait(1.5)
    assert ran(board)[-1] == "x,2 NoOp(done)"


def test_playback_of_nothing_ends_the_call() -> None:
    board = call("[default]\nexten => x,1,Playback()\n same => n,NoOp(on)")
    assert ran(board) == ["x,1 Playback()"]
    assert "StateChange Up" not in published(board)


def test_background_of_missing_sound_continues() -> None:
    board = call("[default]\nexten => x,1,Background(none)\n same => n,NoOp(${BACKGROUNDSTATUS})")
    assert ran(board)[-1] == "x,2 NoOp(FAILED)"


def test_called_half_has_both_parties_at_once() -> None:
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
    matching = [each for each in board.of("ChannelCallerId") if each["channel"]["name"][-1] == "2"]
    assert [each["channel"]["connected"]["number"] for each in matching] == ["55"]


def test_record_with_number_and_silence_detection_on_dead_line() -> None:
    lines = "".join(f" same => n,Record(said%d.wav,1,2)\n same => n,NoOp({n})\n" for n in (1, 2))
    board = call(f"[default]\nexten => x,1,NoOp()\n{lines}")
    matching = [line for line in published(board) if "RECORDED_FILE" in line]
    assert matching == ["Varset RECORDED_FILE=said0", "Varset RECORDED_FILE=said1"]
    assert ran(board)[-1] == "x,5 NoOp(2)"


def test_user_event_needs_name_and_skips_keys_without_value() -> None:
    board = call(
        "[default]\nexten => x,1,UserEvent(Hello, C : 3,bare)\n same => n,UserEvent()\n"
        " same => n,NoOp(never)"
    )
    assert [each["userevent"] for each in board.of("ChannelUserevent")] == [
        {"eventname": "Hello", " C ": "3"}
    ]
    assert ran(board)[-1] == "x,2 UserEvent()"


def test_dial_without_number_uses_peer_caller_id_and_its_context() -> None:
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


def test_quotes_and_backslashes_protect_separators() -> None:
    board = call(
        '[default]\nexten => x,1,MSet(A="one, two",B=a\\,b)\n'
        ' same => n,UserEvent(E,k: "v, w",l: 1)\n'
        " same => n,NoOp(${A}|${B})"
    )
    assert ran(board)[-1] == "x,3 NoOp(one, two|a,b)"
    assert board.of("ChannelUserevent")[0]["userevent"] == {"eventname": "E", "k": "v, w", "l": "1"}


def test_nested_subroutine_has_its_own_arguments() -> None:
    board = call(
        '[default]\nexten => x,1,Gosub(s1,1(a,b\\,c,"d,e"))\nexten => s1,1,Set(LOCAL(V)=1)\n'
        " same => n,Gosub(s2,1)\n same => n,Return()\nexten => s2,1,NoOp([${ARG1}] ${ARGC} ${V})\n"
        " same => n,Return()"
    )
    assert ran(board)[3] == "s2,1 NoOp([] 0 1)"
    lines = published(board)
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
def test_hangup_accepts_name_of_cause(cause: str) -> None:
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
def test_read_stores_digits(options: str, result: str) -> None:
    board = call(
        f"[default]\nexten => x,1,Answer()\n same => n,Read(X{options})\n"
        " same => n,NoOp(${X} ${READSTATUS})",
        other_end="keys",
    )
    assert ran(board)[-1] == f"x,3 NoOp({result})"


def test_read_with_skip_option_needs_answered_channel() -> None:
    board = call(
        "[default]\nexten => x,1,Read(X,,,s)\n same => n,NoOp(${READSTATUS} ${CHANNEL(state)})\n"
        " same => n,BackGround(beep,skip)\n same => n,NoOp(${BACKGROUNDSTATUS} ${CHANNEL(state)})"
    )
    assert ran(board)[1::2] == ["x,2 NoOp(SKIPPED Ring)", "x,4 NoOp(SUCCESS Ring)"]


def test_hangup_during_read_keeps_typed_keys() -> None:
    board = call(
        "[default]\nexten => x,1,Answer()\n same => n,Set(TIMEOUT(absolute)=3)\n"
        " same => n,Read(X,,9,t)\nexten => h,1,NoOp(${X} ${READSTATUS})",
        other_end="keys",
    )
    assert ran(board)[-1] == "h,1 NoOp(12# HANGUP)"


def test_other_half_receives_a_sound_while_it_plays() -> None:
    board = call("[default]\nexten => x,1,Playback(tt-monkeys)\n same => n,Wait(60)\n", seconds=5)
    source = next(iter(board.exchange.channels.values())).audio.source
    assert source.signal.has_frames
    board.wait(30)
    assert not source.signal.has_frames
