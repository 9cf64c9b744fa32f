"""The wire's machine, as playbooks: `>>` the phone says, `<<` the dialer does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.domain.call import (
    Answered,
    BeginInterview,
    Call,
    CallEvent,
    CallId,
    Command,
    Connected,
    EarlyMedia,
    Ended,
    FinishTalk,
    FinishUnanswered,
    KeepMilestone,
    KeepSound,
    Party,
    Phase,
    RecordingKind,
    RecordingStarted,
    Ringing,
)
from tests.builders import a_call, at, sound_files

CALL = a_call(call_id=CallId("call-1"))
TALK, EARLY = sound_files(CALL.call_id), sound_files(CALL.call_id, RecordingKind.EARLY)

EVENTS: dict[str, CallEvent] = {
    "rings": Ringing(CALL.call_id, at(10, 0, 2)),
    "rings again": Ringing(CALL.call_id, at(10, 0, 3)),
    "plays": EarlyMedia(CALL.call_id, at(10, 0, 1)),
    "plays again": EarlyMedia(CALL.call_id, at(10, 0, 4)),
    "answered": Answered(CALL.call_id, at(10, 0, 9)),
    "answered again": Answered(CALL.call_id, at(10, 0, 10)),
    "recording": RecordingStarted(CALL.call_id, at(10, 0, 9), TALK),
    "recording early": RecordingStarted(CALL.call_id, at(10, 0, 1), EARLY),
    "connected": Connected(CALL.call_id, at(10, 0, 10)),
    "connected again": Connected(CALL.call_id, at(10, 0, 11)),
    "ended": Ended(CALL.call_id, at(10, 4), Party.CUSTOMER),
    "ended again": Ended(CALL.call_id, at(10, 5), Party.NETWORK, sip_code=486),
    "broken": Ended(CALL.call_id, at(10, 4), Party.DIALER, failure="WORKER_DIED"),
    "another call answered": Answered(CallId("call-2"), at(10, 0, 9)),
    "another call ended": Ended(CallId("call-2"), at(10, 0, 9), Party.NETWORK),
}
COMMANDS = {
    "keep": KeepMilestone(),
    "keep sound": KeepSound(TALK, at(10, 0, 9)),
    "keep early sound": KeepSound(EARLY, at(10, 0, 1)),
    "interview": BeginInterview(),
    "finish unanswered": FinishUnanswered(),
    "finish talk": FinishTalk(),
}


def play(playbook: str) -> Call:
    """Act a playbook out: what follows a `>>` up to the next must be exactly what the dialer does."""
    lines = [line.strip() for line in playbook.strip().splitlines()]
    call = CALL
    done: list[Command] = []
    for line in lines:
        if line.startswith(">>"):
            assert not done, f"nobody expected {done} before {line}"
            call, commands = call.step(EVENTS[line[2:].strip()])
            done = list(commands)
        else:
            assert done, f"nothing was done, expected {line}"
            assert done.pop(0) == COMMANDS[line[2:].strip()]
    assert not done, f"nobody expected {done} at the end"
    return call


def test_an_ordinary_conversation():
    call = play("""
        >> rings
        << keep
        >> answered
        << keep
        >> recording
        << keep sound
        >> connected
        << interview
        >> ended
        << finish talk
    """)
    assert call.phase is Phase.ENDED
    assert call.talk_seconds == (at(10, 4) - at(10, 0, 9)).total_seconds()


def test_nobody_answers():
    call = play("""
        >> plays
        << keep
        >> recording early
        << keep early sound
        >> rings
        << keep
        >> ended
        << finish unanswered
    """)
    assert call.talk_seconds == 0.0
    assert call.early_media_at == at(10, 0, 1)


def test_answered_but_gone_before_anybody_was_joined_to_it():
    play("""
        >> rings
        << keep
        >> answered
        << keep
        >> ended
        << finish unanswered
    """)


def test_refused_at_once():
    play("""
        >> ended
        << finish unanswered
    """)


def test_what_is_said_twice_counts_once():
    call = play("""
        >> plays
        << keep
        >> plays again
        >> rings
        << keep
        >> rings again
        >> answered
        << keep
        >> answered again
        >> connected
        << interview
        >> connected again
        >> ended
        << finish talk
        >> ended again
    """)
    assert (call.ringing_at, call.answered_at, call.connected_at) == (at(10, 0, 2), at(10, 0, 9), at(10, 0, 10))
    assert call.ended == EVENTS["ended"]


def test_connected_before_answered_is_an_answer():
    call = play("""
        >> connected
        << interview
        >> answered
        >> rings
        << keep
        >> ended
        << finish talk
    """)
    assert call.answered_at == call.connected_at == at(10, 0, 10)


def test_ringing_after_the_answer_is_kept_and_takes_nothing_back():
    call = play("""
        >> answered
        << keep
        >> rings
        << keep
    """)
    assert call.phase is Phase.ANSWERED


def test_nothing_moves_a_call_that_is_over():
    call = play("""
        >> rings
        << keep
        >> ended
        << finish unanswered
        >> answered
        >> connected
        >> recording
        >> plays
        >> broken
    """)
    assert (call.phase, call.answered_at, call.connected_at) == (Phase.ENDED, None, None)


def test_what_is_said_of_another_call_changes_nothing():
    call = play("""
        >> another call answered
        >> another call ended
    """)
    assert call == CALL


def test_a_fault_of_ours_in_a_conversation_still_lets_the_talk_be_finished():
    call = play("""
        >> connected
        << interview
        >> broken
        << finish talk
    """)
    assert call.ended is not None
    assert call.ended.failure == "WORKER_DIED"


@given(st.lists(st.sampled_from(sorted(EVENTS)), max_size=14))
def test_every_path_ends_in_exactly_one_finish_and_it_fits_what_happened(said: list[str]):
    call = CALL
    done: list[Command] = []
    for each in [*said, "ended"]:
        call, commands = call.step(EVENTS[each])
        done += commands
    finishes = [command for command in done if isinstance(command, FinishTalk | FinishUnanswered)]
    assert len(finishes) == 1
    assert isinstance(finishes[0], FinishTalk) is (call.connected_at is not None)
    assert sum(isinstance(command, BeginInterview) for command in done) == (call.connected_at is not None)
    assert call.phase is Phase.ENDED


@given(st.lists(st.sampled_from(sorted(EVENTS)), max_size=14), st.sampled_from(sorted(EVENTS)))
def test_an_event_heard_twice_in_a_row_is_an_event_heard_once(said: list[str], last: str):
    call = CALL
    for each in said:
        call, _ = call.step(EVENTS[each])
    once, _ = call.step(EVENTS[last])
    twice, commands = once.step(EVENTS[last])
    assert twice == once
    assert all(isinstance(command, KeepSound) for command in commands)  # sound is noted as often as it is told


@pytest.mark.parametrize("event", [event for event in EVENTS.values() if event.call_id == CALL.call_id])
def test_a_call_never_goes_back(event: CallEvent):
    phases = list(Phase)
    for phase in phases:
        before = replace(CALL, phase=phase, connected_at=at(10) if phase is Phase.CONNECTED else None)
        after, _ = before.step(event)
        assert phases.index(after.phase) >= phases.index(phase)


def test_talk_seconds_count_from_the_answer():
    call = replace(CALL, answered_at=at(10), ended=Ended(CALL.call_id, at(10) + timedelta(seconds=90), Party.AGENT))
    assert call.talk_seconds == 90.0
