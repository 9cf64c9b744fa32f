import pytest

from dialer.domain.case import CASE, CaseState
from dialer.domain.rounds import Alternative, OtherChannels, alternative, ticket_follows


def test_scenario_16_after_the_third_round_there_is_no_fourth_ticket():
    assert [ticket_follows(tickets) for tickets in (0, 1, 2, 3, 4)] == [True, True, True, False, False]


@pytest.mark.parametrize(
    ("letter", "visit", "quota", "days_left", "expected"),
    [
        (True, True, True, 7, Alternative.LETTER),
        (True, True, True, 6, Alternative.VISIT),
        (False, True, True, 30, Alternative.VISIT),
        (True, False, True, 6, Alternative.GIVE_UP),
        (False, False, True, 30, Alternative.GIVE_UP),
        (True, True, False, 30, Alternative.GIVE_UP),
    ],
)
def test_scenario_16_a_letter_if_time_and_quota_allow_else_a_visit_else_unreached(
    letter, visit, quota, days_left, expected
):
    assert alternative(OtherChannels(letter, visit, quota), days_left) is expected


@pytest.mark.parametrize("channel", Alternative)
def test_every_alternative_is_a_move_of_a_case_that_waits_for_one(channel):
    assert channel.event in CASE.allowed(CaseState.ALT_CHANNEL)
