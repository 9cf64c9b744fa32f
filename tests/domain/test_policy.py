from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from dialer.calendars import load_calendar
from dialer.domain.free_look import CountRule
from dialer.domain.holder import PersonName
from dialer.domain.policy import Channel, Design, InsuranceClass, PayMode, Policy, Term, TermKind

OFFICIAL = load_calendar(Path(__file__).parents[2] / "config" / "calendars")

A_POLICY = Policy(
    policy_no="P001",
    channel=Channel.AGENCY,
    design=Design.ORDINARY,
    insurance_class=InsuranceClass.LIFE,
    term=Term(TermKind.YEARS, 20),
    product_code="L01",
    product_name="终身寿险",
    pay_mode=PayMode.YEARLY,
    premium_fen=600_000,
    issue_date=date(2026, 9, 16),
    effective_date=date(2026, 9, 17),
    province="32",
    city="3201",
)


@pytest.mark.parametrize(
    ("term", "starts_on", "over"),
    [
        (Term(TermKind.DAYS, 365), date(2026, 1, 1), False),
        (Term(TermKind.DAYS, 366), date(2026, 1, 1), True),
        (Term(TermKind.DAYS, 366), date(2028, 1, 1), False),  # a leap year is a year
        (Term(TermKind.DAYS, 366), date(2028, 2, 29), False),
        (Term(TermKind.DAYS, 367), date(2028, 2, 29), True),
        (Term(TermKind.MONTHS, 12), date(2026, 1, 1), False),
        (Term(TermKind.MONTHS, 13), date(2026, 1, 1), True),
        (Term(TermKind.YEARS, 1), date(2026, 1, 1), False),
        (Term(TermKind.YEARS, 2), date(2026, 1, 1), True),
        (Term(TermKind.TO_AGE, 60), date(2026, 1, 1), True),
        (Term(TermKind.WHOLE_LIFE), date(2026, 1, 1), True),
    ],
)
def test_over_one_year_means_strictly_more_than_a_year(term, starts_on, over):
    assert term.over_one_year(starts_on) is over


@pytest.mark.parametrize(
    ("channel", "design", "years", "age", "required"),
    [
        (Channel.BANK, Design.ORDINARY, 5, 30, True),
        (Channel.POST, Design.ORDINARY, 5, 30, True),
        (Channel.BANK, Design.ORDINARY, 1, 70, False),
        (Channel.AGENCY, Design.UNIT_LINKED, 5, 30, True),
        (Channel.AGENCY, Design.ORDINARY, 5, 59, False),
        (Channel.AGENCY, Design.ORDINARY, 5, 60, True),
        (Channel.AGENCY, Design.ORDINARY, 5, None, True),
        (Channel.AGENCY, Design.ORDINARY, 1, 60, False),
    ],
)
def test_dual_recording_is_required_by_channel_design_and_age(channel, design, years, age, required):
    policy = replace(A_POLICY, channel=channel, design=design, term=Term(TermKind.YEARS, years))
    assert policy.dual_record_required(age) is required


def test_a_policy_without_receipt_has_no_free_look():
    assert A_POLICY.free_look(OFFICIAL) is None


def test_the_policys_own_count_rule_and_days_make_its_free_look():
    policy = replace(A_POLICY, receipt_date=date(2026, 9, 18), count_rule=CountRule.INCLUDE_RECEIPT_DAY)
    free_look = policy.free_look(OFFICIAL)
    assert free_look is not None
    assert free_look.revisit_last_day == date(2026, 10, 2)


def test_a_policys_repr_does_not_give_names_away():
    policy = replace(A_POLICY, insured=PersonName("王小明"), salesperson=PersonName("李大力"))
    assert "小明" not in repr(policy)
    assert "大力" not in repr(policy)
