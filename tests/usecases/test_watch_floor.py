"""The floor wall and the figures, in the user's organisation only (rules §2.4, §5.10, §10.2)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dialer.domain.call import SeatId
from dialer.domain.case import CaseState
from dialer.domain.errors import NotFound
from dialer.domain.outcome import Outcome
from dialer.domain.seat import SeatState
from dialer.domain.user import Role, User
from dialer.ports.figures import CallCount, CaseSet, Slice
from dialer.usecases.count_cases import cases_behind
from dialer.usecases.report_figures import SHARES, PeriodInvalid, Rate, burn_down, main_figures
from dialer.usecases.staff_the_floor import PauseReason
from dialer.usecases.watch_floor import FloorPicture, watch_floor
from tests.builders import TODAY, a_policy, a_seat, a_user
from tests.usecases.site import Site

LEADER = a_user(login="zhangwei", role=Role.CC_LEADER)
DAY = timedelta(days=1)


async def _wall(site: Site, user: User = LEADER) -> FloorPicture:
    return await watch_floor(site.storage, site.rulebook, user, site.now, wrap_up_seconds=45)


async def _sits(site: Site, login: str, state: SeatState, seconds: float, why: str = "", org: str = "") -> None:
    async with site.storage.begin() as work:
        await work.floor.add_user(a_user(login=login, name=f"{login} 姓名", org=org))
        since = site.now - timedelta(seconds=seconds)
        await work.floor.put_seat(a_seat(id=SeatId(login), login=login, state=state, since=since, why=why))


@pytest.mark.parametrize(
    ("state", "why", "seconds", "over"),
    [
        (SeatState.WRAP_UP, "", 45, False),
        (SeatState.WRAP_UP, "", 46, True),
        (SeatState.PAUSED, PauseReason.BREAK, 15 * 60, False),
        (SeatState.PAUSED, PauseReason.BREAK, 15 * 60 + 1, True),
        (SeatState.PAUSED, PauseReason.LUNCH, 59 * 60, False),
        (SeatState.PAUSED, "", 10_000, False),
        (SeatState.TALKING, "", 10_000, False),
    ],
)
async def test_wrap_ups_and_pauses_have_a_target(site: Site, state, why, seconds, over) -> None:
    await _sits(site, "lihua", state, seconds, why)
    (seat,) = (await _wall(site)).seats
    assert (seat.seconds, seat.over_target) == (seconds, over)


async def test_the_wall_counts_who_does_what_and_names_the_longest(site: Site) -> None:
    await _sits(site, "a", SeatState.TALKING, 90)
    await _sits(site, "b", SeatState.TALKING, 200)
    await _sits(site, "c", SeatState.WRAP_UP, 100)
    await _sits(site, "d", SeatState.PAUSED, 5000, PauseReason.BREAK)
    wall = await _wall(site)
    assert (len(wall.only(SeatState.TALKING)), wall.longest(SeatState.TALKING)) == (2, 200)
    assert (wall.only(SeatState.AWAY), wall.longest(SeatState.AWAY)) == ([], 0)
    assert [each.seat.id for each in wall.only(None)] == ["a", "b", "c", "d"]
    assert [each.seat.id for each in wall.over_target] == ["d", "c"]
    assert [each.seat.id for each in wall.seats] == ["a", "b", "c", "d"]


async def test_a_branch_sees_its_own_agents_and_cases_alone(site: Site) -> None:
    await _sits(site, "gd", SeatState.READY, 5, org="44")
    await _sits(site, "js", SeatState.READY, 5, org="32/3201")
    await site.a_case_is_due(org="44/4401")
    wall = await _wall(site, a_user(login="leader", role=Role.CC_LEADER, org="32"))
    assert [each.seat.id for each in wall.seats] == ["js"]
    assert (wall.queue[CaseSet.DUE_NOW], dict(wall.by_state)) == (0, {})
    assert (await _wall(site)).queue[CaseSet.DUE_NOW] == 1


async def test_a_suspect_trunk_is_more_than_three_faults_in_a_hundred_calls() -> None:
    def suspect(placed: int, faults: int) -> bool:
        picture = FloorPicture.__new__(FloorPicture)
        object.__setattr__(picture, "last_hour", CallCount(placed=placed, faults=faults))
        return picture.trunk_suspect

    assert [suspect(100, 3), suspect(100, 4), suspect(19, 19), suspect(20, 1)] == [False, True, False, True]


async def test_a_whole_story_in_figures(site: Site) -> None:
    """Three cases: done by phone with proof, reached by nobody, still waiting."""
    done = await site.a_case_is_due(a_policy(product_code="DEMO-PAR", receipt_date=TODAY - DAY))
    await site.talked(done)
    await site.sealed()
    assert (await site.case(done)).state is CaseState.CLOSED_SUCCESS
    unreached = await site.a_case_is_due(a_policy(product_code="DEMO-PAR", receipt_date=TODAY - DAY))
    await site.rings_out_when_due(unreached)
    await site.a_case_is_due(a_policy(product_code="DEMO-PAR", receipt_date=TODAY - DAY))
    assert await site.outcomes(unreached) == [Outcome.NO_ANSWER]
    part = Slice(receipts=(TODAY - DAY, TODAY))
    view = await main_figures(site.storage, site.rulebook, LEADER, part, site.now)
    shares = {rate: tuple(view.counts[each] for each in SHARES[rate]) for rate in Rate}
    assert shares == {
        Rate.INSIDE: (1, 3),
        Rate.SUCCESS: (1, 3),
        Rate.COMPLETION: (1, 3),
        Rate.FIRST_CALL: (1, 3),
        Rate.FIRST_REACH: (1, 2),
        Rate.PROOF: (1, 1),
    }
    assert (view.of(Rate.PROOF), view.attempts_per_case, view.tickets_in_time) == (1, 1, None)
    last_day = (await site.case(done)).revisit_last_day
    assert last_day is not None
    burnt = await burn_down(site.storage, site.rulebook, LEADER, Slice(last_days=(last_day, last_day)), site.now)
    assert burnt.total == {
        CaseSet.DUE: 3, CaseSet.DONE: 1, CaseSet.OPEN: 2, CaseSet.AT_RISK: 0, CaseSet.MISSED: 0
    }  # fmt: skip
    assert burnt.most == 3


@pytest.mark.parametrize("days", [None, (TODAY, TODAY - DAY), (TODAY, TODAY + 93 * DAY)])
async def test_a_period_must_be_one_and_not_too_long(site: Site, days) -> None:
    with pytest.raises(PeriodInvalid):
        await burn_down(site.storage, site.rulebook, LEADER, Slice(last_days=days), site.now)
    with pytest.raises(PeriodInvalid):
        await main_figures(site.storage, site.rulebook, LEADER, Slice(receipts=days), site.now)


async def test_nothing_is_counted_or_listed_of_another_branch(site: Site) -> None:
    case = await site.a_case_is_due(org="44/4401")
    of_32 = a_user(login="js", role=Role.CC_MANAGER, org="32")
    period = (TODAY - 30 * DAY, TODAY + 30 * DAY)
    burnt = await burn_down(site.storage, site.rulebook, of_32, Slice(last_days=period), site.now)
    assert (dict(burnt.days), burnt.places) == ({}, ())
    with pytest.raises(NotFound):
        await burn_down(site.storage, site.rulebook, of_32, Slice("44", last_days=period), site.now)
    with pytest.raises(NotFound):
        await cases_behind(site.storage, site.rulebook, of_32, CaseSet.DUE, None, Slice("44/4401"), site.now)
    mine = await cases_behind(site.storage, site.rulebook, of_32, CaseSet.DUE, None, Slice(), site.now)
    assert mine.found == []
    all_of_them = await cases_behind(site.storage, site.rulebook, LEADER, CaseSet.DUE, None, Slice(), site.now)
    assert [each.case.id for each in all_of_them.found] == [case.id]
