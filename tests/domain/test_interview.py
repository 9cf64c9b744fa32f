"""The interview: a customer's answers become a verdict, whatever happens on the way (rules §5.4, §8, §11)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.domain.errors import ImpossibleMove, ScriptInvalid, VariableMissing
from dialer.domain.interview import (
    Interview,
    InterviewFacts,
    Screen,
    Verdict,
    choose,
    facts_from_plain,
    facts_to_plain,
    from_plain,
    mark,
    missing_variables,
    raise_event,
    screen,
    start,
    take_back,
    to_plain,
    verdict,
    with_pending_items,
)
from dialer.domain.outcome import Outcome
from dialer.domain.problem import Problem, ProblemLevel, ProblemType
from dialer.domain.script import AnswerValue, CallScript, gate
from dialer.domain.script.model import NodeKind, Phase
from dialer.scripts_yaml import ScriptLibrary, load_scripts

PRODUCTS = (
    "NB_LIFE_ORDINARY",
    "NB_PARTICIPATING",
    "NB_UNIVERSAL",
    "NB_UNIT_LINKED",
    "NB_BANCASSURANCE",
    "NB_HEALTH_LONG",
    "NB_HEALTH_LONG_NEW_TYPE",
    "NB_SHORT_TERM",
)
REDIALS = ("RD_L1_CONFIRM", "RD_L2_RECONFIRM")
TO_IDENTITY = ("SELF", "OK", "MATCH")


@cache
def library() -> ScriptLibrary:
    return load_scripts(Path(__file__).parents[2] / "scripts")


def script_of(script_id: str) -> CallScript:
    return library().latest(script_id)


def facts_for(script: CallScript, **changes: Any) -> InterviewFacts:
    designs = script.applies_to.get("design_type")
    plain = InterviewFacts(
        insured_is_holder=True,
        design_type=designs[0] if isinstance(designs, list) else "ORDINARY",
        pay_mode="REGULAR",
        freelook_expired=False,
        freelook_days=15,
        dual_record_required=False,
        variables={variable.name: variable.example for variable in script.variables},
    )
    return replace(plain, **changes)


@dataclass
class Talk:
    """One call about one policy, told as the customer's answers; a second passes with each."""

    script: CallScript
    facts: InterviewFacts
    interview: Interview
    seconds: int = field(default=0)

    @classmethod
    def about(
        cls,
        script_id: str = "NB_PARTICIPATING",
        *,
        resumed: Interview | None = None,
        identity_from: Interview | None = None,
        closing_later: bool = False,
        **facts: Any,
    ) -> Talk:
        script = script_of(script_id)
        known = facts_for(script, **facts)
        begun = start(script, known, resumed=resumed, identity_from=identity_from, closing_later=closing_later)
        return cls(script, known, begun)

    def say(self, *codes: str, **captures: str) -> Talk:
        for code in codes:
            self.seconds += 1
            self.interview = choose(
                self.script,
                self.facts,
                self.interview,
                code,
                at_offset_ms=self.seconds * 1000,
                captures=captures,
            )
        return self

    def event(self, name: str) -> Talk:
        self.seconds += 1
        offset = self.seconds * 1000
        self.interview = raise_event(self.script, self.facts, self.interview, name, at_offset_ms=offset)
        return self

    def take_back(self) -> Talk:
        self.seconds += 1
        self.interview = take_back(self.interview, at_offset_ms=self.seconds * 1000)
        return self

    def agree_until(self, node: str) -> Talk:
        """Give the good answer, which stands first, to everything up to a node."""
        while self.interview.node != node:
            assert not self.interview.is_over, f"{node} was never asked"
            assert len(self.interview.steps) < 100, f"the call goes round before {node}"
            self.say(self.screen.choices[0].code)
        return self

    def agree_to_the_end(self) -> list[str]:
        """Give the good answer to all that is left; the nodes that were asked."""
        asked: list[str] = []
        while not self.interview.is_over:
            assert len(asked) < 100, f"the call goes round: {asked[-6:]}"
            asked.append(self.interview.node)
            self.say(self.screen.choices[0].code)
        return asked

    @property
    def screen(self) -> Screen:
        return screen(self.script, self.facts, self.interview)

    @property
    def node(self) -> str:
        return self.interview.node

    @property
    def verdict(self) -> Verdict:
        return verdict(self.script, self.facts, self.interview)


def problems_of(talk: Talk) -> list[tuple[ProblemLevel, Problem]]:
    return [(heard.level, heard.problem) for heard in talk.interview.problems]


L1_SIGNATURE = (ProblemLevel.L1, Problem(ProblemType.NOT_OWN_SIGNATURE, "POLICYHOLDER"))


# --- the good way -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("script_id", PRODUCTS)
def test_a_customer_who_confirms_everything_is_a_success_for_every_kind_of_policy(script_id):
    script = script_of(script_id)
    designs = script.applies_to["design_type"]
    assert isinstance(designs, list)
    yes_no = (True, False)
    for design, pay_mode, *rest in product(designs, ("SINGLE", "REGULAR"), *[yes_no] * 6):
        own, expired, dual, reimbursement, renewal, phone_changed = rest
        talk = Talk.about(
            script_id,
            design_type=design,
            pay_mode=pay_mode,
            insured_is_holder=own,
            freelook_expired=expired,
            dual_record_required=dual,
            is_reimbursement_medical=reimbursement,
            has_renewal_terms=renewal,
            phone_changed=phone_changed,
        )
        talk.agree_to_the_end()
        assert talk.verdict.outcome is Outcome.SUCCESS
        assert talk.verdict.success
        assert talk.verdict.completed
        assert all(item.value is AnswerValue.CONFIRMED for item in talk.screen.progress)


@pytest.mark.parametrize("script_id", PRODUCTS)
def test_no_single_other_answer_ends_incomplete(script_id):
    """One deviation, good answers before and after: a result, never a gap (rules §8.1)."""
    plain = Talk.about(script_id, insured_is_holder=False, dual_record_required=True, has_renewal_terms=True)
    for node in plain.agree_to_the_end():
        for option in script_of(script_id).node(node).options:
            talk = Talk.about(script_id, insured_is_holder=False, dual_record_required=True, has_renewal_terms=True)
            talk.agree_until(node).say(option.code, **{c.field: "2026-09-20" for c in option.captures})
            while not talk.interview.is_over:
                assert len(talk.interview.steps) < 100, (node, option.code)
                choice = talk.screen.choices[0]
                talk.say(choice.code, **{c.field: "2026-09-20" for c in choice.captures})
            assert talk.interview.outcome is not Outcome.INCOMPLETE, (node, option.code)


def test_every_answer_carries_its_place_in_the_recording():
    talk = Talk.about().say(*TO_IDENTITY)
    assert [(a.item, a.node, a.offset_ms) for a in talk.interview.answers] == [
        ("SELF_CLAIMED", "M010_GREET", 1000),
        ("RECORDING_NOTICE", "M020_NOTICE", 2000),
        ("IDENTITY", "M030_VERIFY", 3000),
    ]
    assert [(step.node, step.move) for step in talk.interview.steps][-1] == ("M030_VERIFY", "MATCH")


def test_the_screen_shows_the_words_the_choices_with_their_keys_and_how_far_we_are():
    talk = Talk.about().say(*TO_IDENTITY)
    seen = talk.screen
    assert seen.node == "M040_PURCHASE"
    assert seen.phase is Phase.CONTRACT
    assert seen.text.startswith("谢谢。系统显示您于九月十日通过代理人李某，为您本人投保了我公司的《示例终身寿险》")
    assert [(c.key, c.code) for c in seen.choices] == [("1", "YES"), ("2", "UNAWARE"), ("3", "DEPOSIT"), ("4", "PROXY")]
    assert "王建国" not in repr(Talk.about().screen) + repr(talk.facts)
    assert [(item.item, item.final) for item in seen.progress][:2] == [("IDENTITY", True), ("PURCHASE", False)]


def test_a_variant_of_the_text_is_read_where_it_applies():
    talk = Talk.about(pay_mode="SINGLE").agree_until("M100_PAYMENT")
    assert talk.screen.text == "您选择的是一次性交清，共交保险费一万二千元，您清楚吗？"


def test_the_estimate_of_the_script_is_read_when_the_case_has_none():
    script = script_of("NB_PARTICIPATING")
    variables = {v.name: v.example for v in script.variables if v.name != "est_minutes"}
    talk = Talk.about(variables=variables).say("SELF")
    assert "大约需要五分钟" in talk.screen.text


def test_after_the_end_the_screen_offers_nothing_more():
    talk = Talk.about().say("DECEASED", "END")
    seen = talk.screen
    assert (seen.outcome, seen.choices, seen.events, seen.marks) == (Outcome.DECEASED, (), (), ())
    assert seen.next_action == "冻结案件，转理赔保全"
    assert [created.object for created in talk.interview.created] == ["CLAIM_LEAD"]


# --- moves that are refused -------------------------------------------------------------------------------------


def test_an_option_that_is_not_on_the_screen_is_refused():
    with pytest.raises(ImpossibleMove, match="M010_GREET: there is no option 'MATCH'"):
        Talk.about().say("MATCH")


def test_nothing_can_be_answered_after_the_end():
    talk = Talk.about().event("CUSTOMER_HANGUP")
    with pytest.raises(ImpossibleMove, match="over"):
        talk.say("SELF")
    with pytest.raises(ImpossibleMove, match="over"):
        talk.event("BUSY")


def test_another_script_or_version_cannot_continue_an_interview():
    talk = Talk.about()
    with pytest.raises(ImpossibleMove, match="NB_LIFE_ORDINARY"):
        choose(script_of("NB_LIFE_ORDINARY"), talk.facts, talk.interview, "SELF", at_offset_ms=1)


def test_an_offset_before_the_recording_is_refused():
    talk = Talk.about()
    with pytest.raises(ImpossibleMove, match="-1 ms"):
        choose(talk.script, talk.facts, talk.interview, "SELF", at_offset_ms=-1)


def test_what_must_be_written_down_is_filled_before_going_on():
    talk = Talk.about().agree_until("M050_RECEIPT").say("DATE_DIFF")
    assert [capture.field for capture in talk.screen.choices[0].captures] == ["actual_receipt_date"]
    with pytest.raises(ImpossibleMove, match="actual_receipt_date must be filled"):
        talk.say("DATE")
    with pytest.raises(ImpossibleMove, match="must be a date"):
        talk.say("DATE", actual_receipt_date="昨天")
    with pytest.raises(ImpossibleMove, match="no field weather"):
        talk.say("DATE", actual_receipt_date="2026-09-20", weather="晴")
    talk.say("DATE", actual_receipt_date="2026-09-20")
    assert [(c.name, c.value) for c in talk.interview.captures] == [("actual_receipt_date", "2026-09-20")]
    assert "2026-09-20" not in repr(talk.interview.captures)


def test_events_about_the_policy_are_hidden_until_the_identity_is_confirmed():
    talk = Talk.about()
    assert "SURRENDER" not in {button.event for button in talk.screen.events}
    with pytest.raises(ImpossibleMove, match="SURRENDER"):
        talk.event("SURRENDER")
    talk.say(*TO_IDENTITY)
    assert "SURRENDER" in {button.event for button in talk.screen.events}
    assert talk.event("SURRENDER").node == "S900_SURRENDER"


def test_an_agent_sets_only_the_marks_meant_for_agents():
    talk = Talk.about()
    with pytest.raises(ImpossibleMove, match="REFUSED_ITEM"):
        mark(talk.interview, "REFUSED_ITEM")


# --- a wrong key ------------------------------------------------------------------------------------------------


def stands(interview: Interview) -> Interview:
    """The interview without what tells how it came there."""
    flags = tuple(flag for flag in interview.flags if flag != "ANSWER_TAKEN_BACK")
    return replace(interview, steps=(), flags=flags, before=None, withdrawn=())


def test_a_wrong_key_is_taken_back_with_all_that_followed_from_it():
    talk = Talk.about().agree_until("M060_SIGN_HOLDER")
    before = talk.interview
    talk.event("COACHED")
    assert talk.screen.takes_back == "旁人指导"
    talk.take_back()
    assert stands(talk.interview) == stands(before)
    assert [step.move for step in talk.interview.steps[-2:]] == ["COACHED", "TAKEN_BACK"]
    assert talk.screen.takes_back == ""


def test_what_ended_the_questions_by_mistake_is_taken_back():
    talk = Talk.about().agree_until("M060_SIGN_HOLDER").event("LINE_DROP")
    assert talk.interview.is_over
    talk.take_back()
    assert (talk.node, talk.interview.is_over) == ("M060_SIGN_HOLDER", False)
    talk.agree_to_the_end()
    assert talk.verdict.outcome is Outcome.SUCCESS


def test_a_problem_that_is_taken_back_is_left_for_qa_to_hear():
    talk = Talk.about().agree_until("M060_SIGN_HOLDER").event("COACHED").say("NO")
    talk.say("NO")
    assert problems_of(talk) == [L1_SIGNATURE]
    talk.take_back()
    assert problems_of(talk) == []
    assert talk.interview.flags == ("PROMPTED", "ANSWER_TAKEN_BACK")


@pytest.mark.parametrize(
    ("node", "pressed", "flagged"),
    [
        ("M060_SIGN_HOLDER", "YES", False),
        ("M060_SIGN_HOLDER", "NO", True),
        ("M030_VERIFY", "MISMATCH", True),
        ("M175_ANY", "COMPLAINT", True),
    ],
)
def test_whatever_is_more_than_a_plain_yes_is_left_for_qa_when_it_is_taken_back(node, pressed, flagged):
    talk = Talk.about().agree_until(node).say(pressed).take_back()
    assert ("ANSWER_TAKEN_BACK" in talk.interview.flags) is flagged


def test_the_words_of_an_answer_that_is_taken_back_are_kept_apart():
    talk = Talk.about().agree_until("M175_ANY").say("COMPLAINT").say("DONE", complaint_content="等太久").take_back()
    assert talk.interview.captures == ()
    assert [captured.value for captured in talk.interview.withdrawn] == ["等太久"]
    assert from_plain(json.loads(json.dumps(to_plain(talk.interview)))) == talk.interview


def test_what_the_agent_has_marked_since_stays_marked():
    talk = Talk.about().agree_until("M060_SIGN_HOLDER").say("YES")
    talk.interview = mark(talk.interview, "RUSHED_ANSWERS")
    assert talk.take_back().interview.flags == ("RUSHED_ANSWERS",)


def test_only_the_last_key_is_taken_back_and_only_once():
    talk = Talk.about().agree_until("M060_SIGN_HOLDER").take_back()
    with pytest.raises(ImpossibleMove, match="no answer to take back"):
        talk.take_back()
    with pytest.raises(ImpossibleMove, match="no answer to take back"):
        Talk.about().take_back()


def test_the_comparison_of_the_documents_digits_is_not_taken_back():
    talk = Talk.about(phone_changed=True).say(*TO_IDENTITY)
    assert talk.node == "M035_VERIFY_STRONG"
    with pytest.raises(ImpossibleMove, match="no answer to take back"):
        talk.say("MISMATCH").take_back()


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), script_id=st.sampled_from(PRODUCTS + REDIALS), moves=st.integers(0, 40))
def test_whatever_was_pressed_last_is_taken_back_whole(seed, script_id, moves):
    draw = dice(seed)
    talk = any_talk(draw, script_id)
    for _ in range(moves):
        before = talk.interview
        if draw.random() < 0.3:
            talk.event(draw.choice(talk.screen.events).event)
        else:
            choice = draw.choice(talk.screen.choices)
            talk.say(choice.code, **{capture.field: "2026-09-20" for capture in choice.captures})
        if talk.screen.takes_back:
            assert stands(take_back(talk.interview, at_offset_ms=10**6)) == stands(before)
        if talk.interview.is_over:
            break


# --- variables --------------------------------------------------------------------------------------------------


def test_a_missing_variable_is_named_before_the_call_is_placed():
    script = script_of("NB_PARTICIPATING")
    variables = {v.name: v.example for v in script.variables} | {"correct_statement": " "}
    del variables["liability_summary"]
    facts = facts_for(script, variables=variables)
    assert missing_variables(script, facts) == ("liability_summary", "correct_statement")
    with pytest.raises(VariableMissing, match=r"NB_PARTICIPATING 1\.1\.0.*liability_summary, correct_statement"):
        start(script, facts)


def test_a_variable_of_a_question_that_this_policy_is_never_asked_may_be_missing():
    script = script_of("NB_BANCASSURANCE")
    only_elsewhere = {"fee_text", "account_text", "risk_level_text", "insured_name"}
    variables = {v.name: v.example for v in script.variables if v.name not in only_elsewhere}
    assert missing_variables(script, facts_for(script, design_type="PARTICIPATING", variables=variables)) == ()
    linked = facts_for(script, design_type="UNIT_LINKED", insured_is_holder=False, variables=variables)
    assert set(missing_variables(script, linked)) == only_elsewhere


def test_a_variable_of_a_question_that_only_the_talk_decides_on_may_not_be_missing():
    script = script_of("NB_PARTICIPATING")
    strong = replace(script.node("M035_VERIFY_STRONG"), text="{id_hint}？")
    variables = (*script.variables, replace(script.variables[0], name="id_hint"))
    asking = replace(script, nodes={**script.nodes, strong.id: strong}, variables=variables)
    assert missing_variables(asking, facts_for(script, phone_changed=False)) == ("id_hint",)


def test_a_value_with_braces_in_it_is_read_as_it_is():
    script = script_of("NB_PARTICIPATING")
    variables = {v.name: v.example for v in script.variables} | {"policyholder_name": "{agent_no}"}
    assert "{agent_no}先生" in Talk.about(variables=variables).screen.text


# --- side branches ----------------------------------------------------------------------------------------------


def test_scenario_12_a_changed_number_asks_for_the_stronger_identity_check():
    talk = Talk.about(phone_changed=True).say(*TO_IDENTITY)
    assert talk.node == "M035_VERIFY_STRONG"
    talk.agree_to_the_end()
    assert talk.verdict.outcome is Outcome.SUCCESS
    assert Talk.about(phone_changed=False).say(*TO_IDENTITY).node == "M040_PURCHASE"


def test_a_voice_that_does_not_fit_asks_for_the_stronger_identity_check():
    talk = Talk.about().say("SELF", "OK")
    talk.interview = mark(talk.interview, "VOICE_MISMATCH")
    assert talk.say("MATCH").node == "M035_VERIFY_STRONG"


def test_scenario_17_a_wish_to_surrender_is_recorded_with_rights_read_and_l1_only_for_blame():
    talk = Talk.about().agree_until("M110_FREELOOK").say("SURRENDER")
    assert "犹豫期到十月三日" in talk.screen.text
    blamed = Talk(talk.script, talk.facts, talk.interview, talk.seconds)
    talk.say("NO_REASON")
    assert problems_of(talk) == [(ProblemLevel.L2, Problem(ProblemType.SURRENDER_REQUEST))]
    assert [created.object for created in talk.interview.created] == ["SURRENDER_REFERRAL"]
    talk.say("STOP")
    assert (talk.verdict.outcome, talk.verdict.level) == (Outcome.PROBLEM_L2, ProblemLevel.L2)
    blamed.say("MISLED", surrender_reason="说是存款").say("STOP")
    assert (blamed.verdict.outcome, blamed.verdict.level) == (Outcome.PROBLEM_L1, ProblemLevel.L1)


def test_scenario_18_a_surrender_wish_withdrawn_resumes_at_the_same_question_without_a_problem():
    talk = Talk.about().agree_until("M110_FREELOOK").say("SURRENDER", "CHANGE_MIND")
    assert talk.node == "M110_FREELOOK"
    assert talk.interview.flags == ("SURRENDER_WITHDRAWN",)
    assert talk.interview.problems == ()
    talk.agree_to_the_end()
    assert talk.verdict.outcome is Outcome.SUCCESS


def test_scenario_08_a_contract_not_received_against_a_signed_receipt_is_flagged():
    talk = Talk.about().agree_until("M050_RECEIPT").say("NOT_RECEIVED", "OK", "END")
    assert talk.verdict.outcome is Outcome.PROBLEM_L2
    assert set(talk.interview.flags) == {"RECEIPT_CONFLICT", "REVISIT_AFTER_DELIVERY"}
    without = Talk.about(receipt_on_file=False).agree_until("M050_RECEIPT").say("NOT_RECEIVED")
    assert without.interview.flags == ()


def test_what_sales_said_otherwise_counts_against_the_question_it_came_up_at():
    talk = Talk.about().agree_until("M100_PAYMENT").say("DIFFERENT")
    talk.say("CONTINUE", misled_statement="说只交三年")
    assert talk.node == "M110_FREELOOK"
    assert talk.interview.last_answers()["PAYMENT"].value is AnswerValue.NEGATIVE
    talk.agree_to_the_end()
    assert talk.verdict.outcome is Outcome.PROBLEM_L1


def test_an_event_at_a_question_without_an_item_has_no_current_item_to_answer():
    talk = Talk.about().agree_until("M165_CONDUCT").event("MISLED").say("CLEAR_NOW")
    assert talk.node == "M170_CONTACT"
    assert {answer.node for answer in talk.interview.answers if answer.node == "S920_MISLED"} == set()


def test_the_customer_is_asked_to_stay_only_once():
    talk = Talk.about().say("SELF").event("REFUSE")
    assert talk.node == "S170_REFUSE"
    talk.say("ACCEPT").event("REFUSE")
    assert talk.node == "S171_REFUSE_END"
    assert talk.say("END").verdict.outcome is Outcome.REFUSED


def test_a_refusal_by_a_voice_that_never_said_who_it_is_does_not_count_as_the_holders():
    talk = Talk.about().event("REFUSE").say("REFUSE_CONFIRMED", "END")
    assert talk.verdict.outcome is Outcome.REFUSED_UNVERIFIED


def test_one_refused_item_makes_the_call_a_refusal_after_the_rest_is_asked():
    talk = Talk.about().agree_until("M100_PAYMENT").event("REFUSE_ITEM").say("SKIP")
    assert talk.node == "M110_FREELOOK"
    talk.agree_to_the_end()
    assert talk.verdict.outcome is Outcome.REFUSED
    assert talk.verdict.unconfirmed == ("PAYMENT",)
    assert not talk.verdict.completed


def test_a_problem_is_kept_once_and_a_level_one_is_never_taken_back():
    talk = Talk.about().agree_until("M060_SIGN_HOLDER").event("COACHED").say("NO")
    talk.say("NO")
    assert problems_of(talk) == [L1_SIGNATURE]
    talk.event("SURRENDER").say("CHANGE_MIND").agree_to_the_end()
    assert (talk.verdict.outcome, talk.verdict.level) == (Outcome.PROBLEM_L1, ProblemLevel.L1)
    assert talk.verdict.completed
    assert not talk.verdict.success


def test_a_problem_heard_twice_is_one_item_at_its_first_place_in_the_recording():
    talk = Talk.about().agree_until("M175_ANY")
    talk.say("COMPLAINT").say("DONE", complaint_content="等太久")
    first = talk.interview.problems
    talk.say("COMPLAINT").say("DONE", complaint_content="还是太久")
    assert talk.interview.problems == first
    assert [heard.problem for heard in first] == [Problem(ProblemType.OTHER, "COMPLAINT")]
    assert len(talk.interview.captures) == 2


def test_a_late_revisit_is_marked_from_the_start():
    assert Talk.about(freelook_expired=True).interview.flags == ("LATE_REVISIT",)


def test_a_hang_up_during_the_last_words_leaves_the_result_that_was_reached():
    talk = Talk.about().agree_until("C930_CLOSE_OK").event("CUSTOMER_HANGUP")
    assert talk.verdict.outcome is Outcome.SUCCESS
    unaware = Talk.about().agree_until("M040_PURCHASE").say("UNAWARE", "UNAWARE").event("LINE_DROP")
    assert unaware.verdict.outcome is Outcome.PROBLEM_L1


def test_something_said_during_the_last_words_is_still_heard():
    talk = Talk.about().agree_until("C930_CLOSE_OK").event("SURRENDER")
    assert talk.node == "S900_SURRENDER"
    talk.say("NO_REASON", "STOP")
    assert talk.verdict.outcome is Outcome.PROBLEM_L2


@pytest.mark.parametrize(
    ("told", "heard", "ruled"),
    [
        (Outcome.SUCCESS, "NO", Outcome.PROBLEM_L1),
        (Outcome.PROBLEM_L2, "NO", Outcome.PROBLEM_L1),
        (Outcome.SUCCESS, "YES", Outcome.INCOMPLETE),
        (Outcome.RESCHEDULE, "NO", Outcome.RESCHEDULE),
        (None, "NO", Outcome.INCOMPLETE),
    ],
)
def test_the_rule_has_the_last_word_over_what_a_script_says(told, heard, ruled):
    talk = Talk.about().agree_until("M060_SIGN_HOLDER").say(heard)
    talk.interview = replace(talk.interview, outcome=told)
    assert talk.verdict.outcome is ruled
    assert not talk.verdict.success


# --- hang-up and resume -----------------------------------------------------------------------------------------


def test_scenario_26_a_hang_up_keeps_the_level_one_and_the_next_call_asks_only_what_is_open():
    first = Talk.about().agree_until("M060_SIGN_HOLDER").say("NO").agree_until("M094_TERM").event("CUSTOMER_HANGUP")
    assert first.verdict.outcome is Outcome.INCOMPLETE
    assert first.verdict.level is ProblemLevel.L1
    assert problems_of(first) == [L1_SIGNATURE]
    assert not first.verdict.completed

    again = Talk.about(resumed=first.interview)
    asked = again.agree_to_the_end()
    assert asked == [
        *("M010_GREET", "M020_NOTICE", "M030_VERIFY", "M094_TERM", "M100_PAYMENT", "M110_FREELOOK"),
        *("M120_SURRENDER_LOSS", "M130_DIVIDEND", "M132_ILLUSTRATION", "M165_CONDUCT", "M170_CONTACT", "M175_ANY"),
        "C910_CLOSE_L1",
    ]
    assert problems_of(again) == [L1_SIGNATURE]
    assert again.verdict.outcome is Outcome.PROBLEM_L1
    assert again.verdict.completed


def test_a_resumed_call_is_not_identified_by_the_one_before():
    first = Talk.about().agree_until("M094_TERM").event("CUSTOMER_HANGUP")
    again = Talk.about(resumed=first.interview)
    assert not again.interview.is_identified()
    assert "SURRENDER" not in {button.event for button in again.screen.events}


def test_a_call_cut_off_twice_still_adds_up():
    first = Talk.about().agree_until("M080_DOCS").event("CUSTOMER_HANGUP")
    second = Talk.about(resumed=first.interview).agree_until("M110_FREELOOK").event("LINE_DROP")
    assert second.verdict.outcome is Outcome.LINE_BAD
    third = Talk.about(resumed=second.interview)
    assert third.agree_to_the_end()[3] == "M110_FREELOOK"
    assert third.verdict.success


def test_an_item_that_was_refused_or_left_unclear_without_a_problem_is_asked_again():
    first = Talk.about().agree_until("M080_DOCS").event("REFUSE_ITEM").say("SKIP").event("CUSTOMER_HANGUP")
    again = Talk.about(resumed=first.interview)
    assert again.agree_until("M080_DOCS").node == "M080_DOCS"
    again.agree_to_the_end()
    assert again.verdict.success


def test_a_call_handed_to_the_team_leader_goes_on_where_it_was():
    first = Talk.about().agree_until("M094_TERM").event("HOSTILE").say("LEADER")
    assert first.verdict.outcome is Outcome.TRANSFER_LEADER
    leader = Talk.about(resumed=first.interview, identity_from=first.interview)
    assert leader.node == "M094_TERM"
    leader.agree_to_the_end()
    assert leader.verdict.success


# --- several policies in one call -------------------------------------------------------------------------------


def test_scenario_09_two_policies_in_one_call_have_one_identity_two_results_and_one_goodbye():
    first = Talk.about("NB_LIFE_ORDINARY", closing_later=True)
    asked = first.agree_to_the_end()
    assert (asked[0], asked[-1]) == ("M010_GREET", "M165_CONDUCT")
    assert first.verdict.success

    second = Talk.about("NB_BANCASSURANCE", design_type="PARTICIPATING", identity_from=first.interview)
    assert second.node == "M040_PURCHASE"
    assert second.interview.is_identified()
    second.agree_until("M060_SIGN_HOLDER").say("NO")
    asked = second.agree_to_the_end()
    assert asked[-3:] == ["M170_CONTACT", "M175_ANY", "C910_CLOSE_L1"]
    assert second.verdict.outcome is Outcome.PROBLEM_L1
    assert second.verdict.completed
    assert first.verdict.outcome is Outcome.SUCCESS


def test_the_last_answer_of_a_policy_is_not_taken_back_once_the_next_is_asked_about():
    first = Talk.about("NB_LIFE_ORDINARY", closing_later=True)
    first.agree_to_the_end()
    assert Talk.about(identity_from=first.interview).screen.takes_back == ""


def test_a_problem_in_a_policy_that_is_not_the_last_is_its_own_result_without_a_goodbye():
    first = Talk.about(closing_later=True).agree_until("M060_SIGN_HOLDER").say("NO")
    assert "C910_CLOSE_L1" not in first.agree_to_the_end()
    assert first.verdict.outcome is Outcome.PROBLEM_L1


def test_a_complaint_in_a_policy_that_is_not_the_last_is_still_taken():
    first = Talk.about(closing_later=True).agree_until("M100_PAYMENT").event("COMPLAINT")
    assert first.node == "S1720_COMPLAINT"
    first.say("DONE", complaint_content="等太久")
    assert first.verdict.outcome is Outcome.PROBLEM_L2
    assert [created.object for created in first.interview.created] == ["COMPLAINT_TICKET"]


def test_a_second_policy_with_a_changed_number_still_asks_for_the_stronger_check():
    first = Talk.about("NB_LIFE_ORDINARY", closing_later=True)
    first.agree_to_the_end()
    second = Talk.about(identity_from=first.interview, phone_changed=True)
    assert second.node == "M035_VERIFY_STRONG"


def test_an_identity_that_was_never_confirmed_is_not_carried_to_another_policy():
    first = Talk.about("NB_LIFE_ORDINARY", closing_later=True).say("SELF")
    with pytest.raises(ImpossibleMove, match="identity was not confirmed"):
        Talk.about(identity_from=first.interview)


# --- redial -----------------------------------------------------------------------------------------------------


def redial(script_id: str, original_id: str, pending: tuple[str, ...], *prev: ProblemType, **changes: Any) -> Talk:
    original = script_of(original_id)
    base = script_of(script_id)
    variables = {v.name: v.example for v in (*base.variables, *original.variables)}
    facts = facts_for(original, prev_problem_types=prev, pending_items=pending, variables=variables, **changes)
    merged = with_pending_items(base, original, facts)
    return Talk(merged, facts, start(merged, facts))


def test_an_answered_level_one_is_confirmed_with_the_items_that_were_left_open():
    talk = redial(
        "RD_L1_CONFIRM",
        "NB_PARTICIPATING",
        ("SIGN_HOLDER", "TERM", "DUAL_RECORD"),
        ProblemType.NOT_OWN_SIGNATURE,
    )
    assert talk.agree_to_the_end() == [
        *("M010_GREET", "M020_NOTICE", "M030_VERIFY", "M040_REVIEW", "M042_HOW", "M044_SOLVED", "M046_RESIGN"),
        *("M060_SIGN_HOLDER", "M094_TERM", "M175_ANY", "C930_CLOSE_OK"),
    ]
    assert talk.verdict.success
    assert talk.interview.original == script_of("NB_PARTICIPATING").ref


def test_a_side_branch_of_a_pending_item_goes_on_to_the_next_open_one():
    talk = redial("RD_L2_RECONFIRM", "NB_PARTICIPATING", ("LIABILITY", "PAYMENT"), ProblemType.LIABILITY_UNCLEAR)
    talk.agree_until("M090_LIABILITY").say("UNCLEAR", "CLEAR")
    assert talk.node == "M100_PAYMENT"
    talk.say("DIFFERENT").say("CLEAR_NOW")
    assert talk.node == "M175_ANY"
    talk.agree_to_the_end()
    assert talk.verdict.success


def test_a_redial_with_an_open_item_left_unconfirmed_is_no_success():
    talk = redial("RD_L2_RECONFIRM", "NB_PARTICIPATING", ("LIABILITY",), ProblemType.LIABILITY_UNCLEAR)
    talk.agree_until("M090_LIABILITY").say("UNCLEAR", "UNCLEAR").agree_to_the_end()
    assert talk.verdict.outcome is Outcome.PROBLEM_L2


def test_what_the_redial_asks_in_its_own_words_is_not_asked_twice():
    talk = redial("RD_L1_CONFIRM", "NB_PARTICIPATING", ("PURCHASE", "RECEIPT"), ProblemType.NOT_AWARE)
    asked = talk.agree_to_the_end()
    assert "M048_ACCEPT" in asked
    assert "M040_PURCHASE" not in asked
    assert "M050_RECEIPT" in asked


@pytest.mark.parametrize("script_id", REDIALS)
def test_a_redial_with_nothing_pending_goes_straight_on(script_id):
    talk = Talk.about(script_id, prev_problem_types=(ProblemType.AGENT_VIOLATION,))
    assert talk.agree_to_the_end()[-2:] == ["M175_ANY", "C930_CLOSE_OK"]
    assert talk.verdict.success


def test_scenario_14_nobody_came_although_the_reply_says_so():
    talk = Talk.about("RD_L1_CONFIRM", prev_problem_types=(ProblemType.NOT_OWN_SIGNATURE,))
    talk.agree_until("M040_REVIEW").say("NO", "STILL")
    assert talk.verdict.outcome is Outcome.PROBLEM_L1
    assert talk.interview.flags == ("REPLY_FALSE_SUSPECT",)
    expected = Problem(ProblemType.NOT_OWN_SIGNATURE, "NOT_CONTACTED")
    assert problems_of(talk) == [(ProblemLevel.L1, expected)]


def test_a_second_round_of_a_level_two_problem_is_raised_to_level_one_under_its_own_type():
    talk = Talk.about("RD_L2_RECONFIRM", prev_problem_types=(ProblemType.LIABILITY_UNCLEAR,))
    talk.agree_until("M044_SOLVED").say("NOT_SOLVED", unsolved_reason="没人讲").say("REISSUE")
    assert problems_of(talk) == [(ProblemLevel.L1, Problem(ProblemType.LIABILITY_UNCLEAR, "NOT_SOLVED"))]
    assert talk.verdict.level is ProblemLevel.L1


def test_a_customer_content_with_an_untrue_reply_closes_pending_its_correction():
    talk = Talk.about("RD_L1_CONFIRM", prev_problem_types=(ProblemType.AGENT_VIOLATION,))
    talk.agree_until("M042_HOW").say("PARTIAL", customer_version="只打过电话").say("SOLVED").agree_to_the_end()
    assert talk.verdict.outcome is Outcome.SUCCESS_PENDING_CORRECTION
    assert not talk.verdict.success


@pytest.mark.parametrize("original_id", PRODUCTS)
@pytest.mark.parametrize("script_id", REDIALS)
def test_a_redial_script_with_every_item_pending_passes_the_gate_itself(script_id, original_id):
    original = script_of(original_id)
    items = tuple(mandatory.item for mandatory in original.mandatory_items)
    changes = {"insured_is_holder": False, "dual_record_required": True, "has_renewal_terms": True}
    talk = redial(script_id, original_id, items, ProblemType.OTHER, **changes)
    assert [str(f) for f in gate(talk.script) if f.code not in {"UNREACHABLE", "UNUSED_VARIABLE"}] == []
    talk.agree_to_the_end()
    assert talk.verdict.success


def test_pending_items_fit_only_into_a_redial_script():
    script = script_of("NB_PARTICIPATING")
    with pytest.raises(ScriptInvalid, match="no subscript node"):
        with_pending_items(script, script, facts_for(script))


# --- whatever happens -------------------------------------------------------------------------------------------


def dice(seed: int) -> Random:
    return Random(seed)


def random_facts(draw: Random, script: CallScript) -> InterviewFacts:
    designs = script.applies_to.get("design_type")
    flip = draw.getrandbits
    return facts_for(
        script,
        design_type=draw.choice(designs) if isinstance(designs, list) else "ORDINARY",
        pay_mode=draw.choice(["SINGLE", "REGULAR"]),
        freelook_days=draw.choice([0, 15]),
        insured_is_holder=bool(flip(1)),
        freelook_expired=bool(flip(1)),
        dual_record_required=bool(flip(1)),
        is_reimbursement_medical=bool(flip(1)),
        has_renewal_terms=bool(flip(1)),
        phone_changed=bool(flip(1)),
        prev_problem_types=(draw.choice([ProblemType.NOT_AWARE, ProblemType.NOT_OWN_SIGNATURE, ProblemType.OTHER]),),
    )


def wander(draw: Random, talk: Talk) -> None:
    """Answer at random, with something unforeseen now and then, to the end of the call."""
    for _ in range(1000):
        if talk.interview.is_over:
            return
        seen = talk.screen
        if draw.random() < 0.05:
            talk.event(draw.choice(sorted(seen.events, key=lambda each: each.event)).event)
            continue
        choice = seen.choices[0] if draw.random() < 0.7 else draw.choice(seen.choices)
        talk.say(choice.code, **{capture.field: "2026-09-20" for capture in choice.captures})
    pytest.fail(f"no end after 1000 moves: {[step.node for step in talk.interview.steps[-10:]]}")


def any_talk(draw: Random, script_id: str) -> Talk:
    script = script_of(script_id)
    facts = random_facts(draw, script)
    return Talk(script, facts, start(script, facts))


def check_rules(talk: Talk) -> None:
    result = talk.verdict
    levels = {heard.level for heard in talk.interview.problems}
    assert talk.interview.outcome is result.outcome, "the script and the rule agree"
    if result.outcome in {Outcome.SUCCESS, Outcome.SUCCESS_PENDING_CORRECTION}:
        assert not levels
        assert result.completed
        assert result.unconfirmed == ()
    if result.outcome is Outcome.PROBLEM_L2:
        assert levels == {ProblemLevel.L2}
    if result.outcome is Outcome.PROBLEM_L1:
        assert ProblemLevel.L1 in levels
    assert result.level is (max(levels, key=lambda level: level.rank) if levels else None)


@pytest.mark.parametrize("script_id", PRODUCTS + REDIALS)
def test_random_walks_end_without_a_false_success_or_a_hidden_level_one(script_id):
    draw = dice(20261121)
    reached = set()
    for _ in range(120):
        talk = any_talk(draw, script_id)
        wander(draw, talk)
        check_rules(talk)
        reached.add(talk.interview.outcome)
    assert {Outcome.PROBLEM_L1, Outcome.INCOMPLETE} <= reached
    assert len(reached) > 5


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), script_id=st.sampled_from(PRODUCTS + REDIALS), cut=st.integers(1, 25))
def test_a_call_cut_off_anywhere_and_resumed_loses_no_problem_and_asks_nothing_settled_again(seed, script_id, cut):
    draw = dice(seed)
    first = any_talk(draw, script_id)
    script, facts = first.script, first.facts
    for _ in range(cut):
        if first.interview.is_over:
            return
        choice = draw.choice(first.screen.choices)
        first.say(choice.code, **{capture.field: "2026-09-20" for capture in choice.captures})
    if first.interview.is_over:
        return
    first.event("CUSTOMER_HANGUP")
    again = Talk(script, facts, start(script, facts, resumed=first.interview))
    settled = {a.item for a in again.interview.carried if again.interview.last_answers()[a.item].final}
    asked = again.agree_to_the_end() if not again.interview.is_over else []
    assert {script.node(node).mandatory_item for node in asked} & (settled - {"IDENTITY"}) == set()
    assert set(problems_of(first)) <= set(problems_of(again))
    check_rules(again)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), script_id=st.sampled_from(PRODUCTS + REDIALS), moves=st.integers(0, 40))
def test_an_interview_stored_and_read_back_at_any_step_goes_on_as_if_nothing_happened(seed, script_id, moves):
    draw = dice(seed)
    talk = any_talk(draw, script_id)
    script, facts = talk.script, talk.facts
    for _ in range(moves):
        if talk.interview.is_over:
            break
        choice = draw.choice(talk.screen.choices)
        talk.say(choice.code, **{capture.field: "2026-09-20" for capture in choice.captures})
    stored = json.dumps(to_plain(talk.interview))
    read = from_plain(json.loads(stored))
    assert read == talk.interview
    assert json.dumps(to_plain(read)) == stored
    same_facts = facts_from_plain(json.loads(json.dumps(facts_to_plain(facts))))
    assert same_facts == facts
    assert screen(script, same_facts, read) == talk.screen


def test_every_node_of_every_script_can_be_shown_on_a_screen():
    for script in library().scripts:
        facts = facts_for(script)
        begun = start(script, facts)
        for node in script.nodes.values():
            if node.kind in {NodeKind.QUESTION, NodeKind.TERMINAL}:
                at_node = replace(begun, node=node.id, outcome=node.outcome)
                seen = screen(script, facts, at_node)
                assert "{" not in seen.text
                assert len(seen.choices) <= 9
