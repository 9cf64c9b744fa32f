"""Why a case waits: codes in the records, sentences for people."""

from __future__ import annotations

import pytest

from dialer.domain.reason import UNSAID, Reason, Why

SPACING_AND_LUNCH = Why((Reason.SPACING, Reason.LUNCH))
UNFILLED = Why((Reason.SCRIPT_UNFILLED,), "DEMO-PAR premium_text")


@pytest.mark.parametrize("why", [UNSAID, SPACING_AND_LUNCH, UNFILLED, Why((Reason.NOT_REFUSED,), "只是说忙: 明天再打")])
def test_what_a_record_keeps_is_read_as_it_was(why: Why) -> None:
    assert Why.read(str(why)) == why


def test_a_record_keeps_codes_and_people_read_their_own_language() -> None:
    assert str(SPACING_AND_LUNCH) == "SPACING LUNCH"
    assert SPACING_AND_LUNCH.zh == "距上次拨打间隔不足；午间休息时段"
    assert UNFILLED.en == "script variables without a value: DEMO-PAR premium_text"
    assert Why((Reason.LUNCH,)).both == "午间休息时段 · lunch break"
    assert UNSAID.both == ""


@pytest.mark.parametrize(
    "kept", ["坐席预览中", "结案证据未齐 · proof is missing: TOO_SHORT", "SPACING 午间", "only words"]
)
def test_what_was_kept_before_there_were_codes_is_shown_as_it_stands(kept: str) -> None:
    assert (Why.read(kept).zh, Why.read(kept).en, Why.read(kept).both) == (kept, kept, kept)


def test_a_bare_code_of_earlier_days_is_a_reason() -> None:
    assert Why.read("FIRST_ATTEMPT_DAY") == Why((Reason.FIRST_ATTEMPT_DAY,))
