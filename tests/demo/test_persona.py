"""What the demonstration's customers say leads where it should, in the real scripts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dialer.demo.casting import CLEAN, SPECIAL
from dialer.demo.persona import WRITTEN_DOWN, Answered, Cast, Happened, Persona, Talk
from dialer.domain import interview as talk
from dialer.domain.interview import Interview, InterviewFacts
from dialer.domain.outcome import Outcome
from dialer.domain.policy import Design
from dialer.domain.script import CallScript
from dialer.scripts_yaml import ScriptLibrary
from dialer.telephony.behaviours import CONDUCT, Behaviour, Conduct

ROOT = Path(__file__).parents[2]
EVERYTHING = {each.name: each for each in (CLEAN, *SPECIAL)}
PRODUCT_SCRIPTS = (
    ("NB_LIFE_ORDINARY", Design.ORDINARY),
    ("NB_PARTICIPATING", Design.PARTICIPATING),
    ("NB_UNIVERSAL", Design.UNIVERSAL),
    ("NB_UNIT_LINKED", Design.UNIT_LINKED),
    ("NB_BANCASSURANCE", Design.PARTICIPATING),
    ("NB_HEALTH_LONG", Design.ORDINARY),
    ("NB_SHORT_TERM", Design.ORDINARY),
)
FIRST_TALK = {
    "silent, then speaks": Outcome.SILENT,
    "voice assistant, then a person": Outcome.CALL_ASSISTANT,
    "did not sign": Outcome.PROBLEM_L1,
    "did not sign, branch slow": Outcome.PROBLEM_L1,
    "did not sign, not put right": Outcome.PROBLEM_L1,
    "contract not received": Outcome.PROBLEM_L2,
    "cover not understood": Outcome.PROBLEM_L2,
    "misled": Outcome.PROBLEM_L1,
    "knows of no policy": Outcome.PROBLEM_L1,
    "wants to surrender": Outcome.PROBLEM_L2,
    "complains": Outcome.PROBLEM_L2,
    "busy, asks for later": Outcome.RESCHEDULE,
    "somebody else answers": Outcome.NOT_SELF,
    "a child answers": Outcome.NOT_SELF,
    "wrong number": Outcome.WRONG_NUMBER,
    "refuses": Outcome.REFUSED,
    "prefers the electronic form": Outcome.EREVISIT,
    "wants no recording": Outcome.LETTER_VISIT,
    "does not know the birthday": Outcome.VERIFY_FAILED,
    "has died": Outcome.DECEASED,
}


def facts_for(script: CallScript, design: Design) -> InterviewFacts:
    return InterviewFacts(
        insured_is_holder=False,
        design_type=design,
        pay_mode="YEARLY",
        freelook_expired=False,
        freelook_days=15,
        dual_record_required=True,
        variables={variable.name: variable.example for variable in script.variables},
    )


def held(script: CallScript, facts: InterviewFacts, said: Talk) -> Interview:
    """The conversation as a robot agent holds it."""
    interview, reported = talk.start(script, facts), frozenset[str]()
    while not interview.is_over:
        screen = talk.screen(script, facts, interview)
        if said.mark and screen.node == "M030_VERIFY" and said.mark not in interview.flags:
            interview = talk.mark(interview, said.mark)
        move = said.move(
            screen.node, [each.code for each in screen.choices], [each.event for each in screen.events], reported
        )
        match move:
            case Happened(event):
                reported |= {event}
                interview = talk.raise_event(script, facts, interview, event, at_offset_ms=0)
            case Answered(option):
                choice = next(each for each in screen.choices if each.code == option)
                filled = {each.field: WRITTEN_DOWN.get(each.field, "2026-09-18") for each in choice.captures}
                interview = talk.choose(script, facts, interview, option, at_offset_ms=0, captures=filled)
        assert len(interview.steps) < 80, f"the conversation goes round in circles: {interview.steps[-6:]}"
    return interview


@pytest.mark.parametrize(("script_id", "design"), PRODUCT_SCRIPTS, ids=[script for script, _ in PRODUCT_SCRIPTS])
@pytest.mark.parametrize("persona", EVERYTHING.values(), ids=EVERYTHING)
def test_every_customer_leads_every_script_to_the_outcome_that_is_meant(
    scripts: ScriptLibrary, persona: Persona, script_id: str, design: Design
):
    script = scripts.latest(script_id)
    interview = held(script, facts_for(script, design), persona.talk(0))
    assert interview.outcome is FIRST_TALK.get(persona.name, Outcome.SUCCESS)


@pytest.mark.parametrize("persona", EVERYTHING.values(), ids=EVERYTHING)
def test_every_customer_is_content_in_the_end_but_those_who_refuse_or_have_died(
    scripts: ScriptLibrary, persona: Persona
):
    script = scripts.latest("NB_PARTICIPATING")
    last = held(script, facts_for(script, Design.PARTICIPATING), persona.talk(99))
    final = {"refuses": Outcome.REFUSED, "has died": Outcome.DECEASED}
    assert last.outcome is final.get(persona.name, Outcome.SUCCESS)


def test_what_was_not_put_right_fails_the_redial_and_passes_the_next(scripts: ScriptLibrary):
    script = scripts.latest("RD_L1_CONFIRM")
    facts = facts_for(script, Design.PARTICIPATING)
    persona = EVERYTHING["did not sign, not put right"]
    outcomes = [held(script, facts, persona.talk(number)).outcome for number in (1, 2)]
    assert outcomes == [Outcome.PROBLEM_L1, Outcome.SUCCESS]


def _at_its_heart(conduct: Conduct) -> Conduct:
    """What it does, however long it takes."""
    return replace(conduct, wait_seconds=0.0)


def test_the_cast_plays_everything_a_number_can_do():
    played = {item for each in EVERYTHING.values() for item in (*each.numbers, *(each.home or ()))}
    as_conduct = {_at_its_heart(item if isinstance(item, Conduct) else CONDUCT[item]) for item in played}
    missing = [each for each in Behaviour if _at_its_heart(CONDUCT[each]) not in as_conduct]
    assert missing == []


def test_a_call_looked_at_twice_is_one_conversation_and_the_last_one_repeats():
    persona = EVERYTHING["silent, then speaks"]
    cast = Cast({"P1": persona})
    said = [cast.talk("P1", call) for call in ("a", "a", "b", "c")]
    assert said == [persona.talks[0], persona.talks[0], persona.talks[1], persona.talks[1]]


def test_a_customer_nobody_knows_agrees_to_everything():
    assert Cast({}).talk("P1", "a") == Talk()
