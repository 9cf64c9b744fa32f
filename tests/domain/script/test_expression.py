"""Conditions: a closed language, whatever is written in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.domain.errors import ScriptInvalid
from dialer.domain.script import compile_condition
from dialer.domain.script.expression import Scope

SCOPE: Scope = {
    "policy.insured_is_holder": False,
    "policy.design_type": "UNIVERSAL",
    "policy.freelook_days": 15,
    "policy.dual_record_required": True,
    "case.phone_changed": False,
    "flags": frozenset({"VOICE_MISMATCH"}),
    "problems": frozenset({"L2"}),
    "prev_problem_types": frozenset({"NOT_AWARE"}),
    "mandatory_items_complete": False,
    "answers.IDENTITY": "CONFIRMED",
}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("true", True),
        ("policy.insured_is_holder == false", True),
        ("policy.dual_record_required", True),
        ("case.phone_changed or 'VOICE_MISMATCH' in flags", True),
        ("policy.design_type in ['PARTICIPATING','UNIVERSAL']", True),
        ("policy.design_type != 'UNIVERSAL'", False),
        ("policy.freelook_days > 0", True),
        ("policy.freelook_days >= 15 and policy.freelook_days <= 15", True),
        ("policy.freelook_days < 15", False),
        ("problems.has_level('L1')", False),
        ("problems.has_level('L2')", True),
        ("not problems.has_level('L1') and not (false or false)", True),
        ("true or false and false", True),
        ("(true or false) and false", False),
        ("'NOT_AWARE' in prev_problem_types", True),
        ("answers.SELF_CLAIMED == 'CONFIRMED' or answers.IDENTITY == 'CONFIRMED'", True),
        ("answers.SELF_CLAIMED == 'CONFIRMED'", False),
        ("mandatory_items_complete == false", True),
    ],
)
def test_a_condition_means_what_it_says(source, expected):
    assert compile_condition(source).holds(SCOPE) is expected


@pytest.mark.parametrize(
    "source",
    [
        "__import__('os').system('true')",
        "flags.__class__",
        "problems.has_level.__globals__",
        "problems.has_level('L3')",
        "problems.has_level(flags)",
        "problems.clear()",
        "policy.holder_name == 'X'",
        "case.__dict__",
        "answers.lower == 'X'",
        "answers.IDENTITY.upper() == 'X'",
        "len(flags) > 0",
        "lambda: true",
        "[x for x in flags]",
        "flags[0]",
        "policy.freelook_days + 1 > 0",
        "policy.freelook_days if true else false",
        "true; false",
        "'unclosed",
        "'back\\slash' in flags",
        "policy.freelook_days > 'a'",
        "policy.freelook_days == 'a'",
        "policy.design_type > 'A'",
        "policy.freelook_days",
        "'text'",
        "flags == flags",
        "policy.design_type in ['A' 'B']",
        "policy.design_type in [1]",
        "policy.design_type in ['A'",
        "true true",
        "(true",
        "not",
        "",
        "1 < 2 < 3",
        "(" * 500 + "true" + ")" * 500,
        "not " * 500 + "true",
        "ｔrue",
    ],
)
def test_what_is_not_in_the_language_is_refused_when_the_script_is_loaded(source):
    with pytest.raises(ScriptInvalid):
        compile_condition(source)


@given(st.text(max_size=60))
def test_any_text_is_either_understood_or_refused(source):
    try:
        condition = compile_condition(source)
    except ScriptInvalid:
        return
    assert condition.holds(SCOPE) in {True, False}


@given(st.lists(st.sampled_from(["true", "false", "not", "and", "or", "(", ")", "in", "'L1'", "flags"]), max_size=12))
def test_any_shuffling_of_its_words_is_either_understood_or_refused(words):
    try:
        condition = compile_condition(" ".join(words))
    except ScriptInvalid:
        return
    assert condition.holds(SCOPE) in {True, False}


def test_a_condition_names_the_fields_it_looks_up():
    condition = compile_condition("case.phone_changed or problems.has_level('L1') or answers.X == 'Y'")
    assert condition.fields == {"case.phone_changed", "problems", "answers.X"}
