"""A year's schedule comes in force: what moves is foreseen, moved with a reason, and told (rules §3)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import date

import pytest

from dialer.domain.case import CaseState, RevisitCase
from dialer.domain.errors import CalendarInvalid, ReasonMissing
from dialer.domain.ticket import TicketState
from dialer.domain.user import Role, User
from dialer.in_force import SiteInForce
from dialer.ports.storage import Storage, Work
from dialer.ports.topics import IN_FORCE
from dialer.timers import Timetable
from dialer.usecases import move_deadlines
from dialer.usecases.change_calendar import CalendarChange, YearInUse, foresee, put_in_force
from tests.builders import a_policy, a_user
from tests.conftest import ROOT
from tests.usecases.site import HeardSignals, Site, SiteClock, on

A_2026 = (ROOT / "config" / "calendars" / "2026.yaml").read_text()
WITHOUT_SUNDAY_20 = A_2026.replace("  - 2026-09-20  # 周日\n", "")
OFF_ON_OCTOBER_8 = A_2026.replace("  - 2026-10-07\n", "  - 2026-10-07\n  - 2026-10-08\n")
A_2027 = """
year: 2027
off: [2027-01-01, 2027-01-02, 2027-01-03]
adjusted_working: [2026-12-26]
"""


@pytest.fixture
def boss() -> User:
    return a_user(login="boss", role=Role.HQ_ADMIN)


@pytest.fixture
def signals() -> HeardSignals:
    return HeardSignals()


async def _put(
    site: Site,
    in_force: SiteInForce,
    boss: User,
    signals: HeardSignals,
    text: str,
    reason: str = "国办通知",
    **how: bool,
) -> CalendarChange:
    return await put_in_force(site.storage, signals, site.rulebook, in_force, boss, text, reason, site.now, **how)


async def test_next_years_schedule_moves_nothing_and_holds_at_once(
    site: Site, in_force: SiteInForce, boss: User, signals: HeardSignals
) -> None:
    await site.a_case_is_due()
    change = await _put(site, in_force, boss, signals, A_2027)
    assert (change.days, change.cases, change.tickets, change.is_correction) == ((), (), (), False)
    assert site.rulebook.calendar.is_working_day(date(2026, 12, 26))
    assert 2027 in site.rulebook.calendar.years
    assert signals.topics == [IN_FORCE]


async def test_a_year_in_use_is_contradicted_only_as_a_correction_with_a_reason(
    site: Site, in_force: SiteInForce, boss: User, signals: HeardSignals
) -> None:
    version = site.rulebook.calendar.version
    with pytest.raises(YearInUse):
        await _put(site, in_force, boss, signals, WITHOUT_SUNDAY_20)
    with pytest.raises(ReasonMissing):
        await _put(site, in_force, boss, signals, WITHOUT_SUNDAY_20, reason=" ", correction=True)
    with pytest.raises(CalendarInvalid, match="2027"):
        await _put(site, in_force, boss, signals, A_2027.replace("2026-12-26", "2027-05-06"))
    assert site.rulebook.calendar.version == version
    same = await _put(site, in_force, boss, signals, A_2026)
    assert same.is_nothing
    async with site.storage.read() as work:
        assert await work.decisions.years() == []


async def test_a_ticket_is_due_later_when_a_working_sunday_turns_out_to_be_off(
    site: Site, in_force: SiteInForce, boss: User, signals: HeardSignals
) -> None:
    case = await site.a_case_is_due(a_policy(product_code="DEMO-PAR"))
    await site.talked(case, M060_SIGN_HOLDER=_a_problem(site))
    site.now = on(9, 18, 16)
    await site.extraction()
    (ticket,) = await site.tickets(case)
    assert ticket.due_at == on(9, 21, 17, 30)

    foreseen = await foresee(site.storage, site.rulebook, in_force, WITHOUT_SUNDAY_20)
    assert foreseen.days == (date(2026, 9, 20),)
    assert [(each.before, each.after) for each in foreseen.tickets] == [(on(9, 21, 17, 30), on(9, 22, 17, 30))]
    assert (await site.tickets(case))[0] == ticket  # nothing was done yet

    site.later(minutes=10)
    await _put(site, in_force, boss, signals, WITHOUT_SUNDAY_20, "通知更正", correction=True)
    (moved,) = await site.tickets(case)
    assert (moved.state, moved.due_at) == (TicketState.ISSUED_TO_L3, on(9, 22, 17, 30))
    assert moved.calendar_version == site.rulebook.calendar.version != ticket.calendar_version
    async with site.storage.read() as work:
        *_, row = await work.tickets.history(ticket.id)
    assert (row.event, row.actor) == ("CALENDAR_CHANGED", "boss")
    assert row.detail["reason"] == "通知更正"
    assert row.detail["due_at"]["from"] == "2026-09-21T17:30:00+08:00"
    assert not (await foresee(site.storage, site.rulebook, in_force, WITHOUT_SUNDAY_20)).tickets


def _a_problem(site: Site) -> str:
    node = site.scripts.latest("NB_PARTICIPATING").node("M060_SIGN_HOLDER")
    return next(option.code for option in node.options if option.raises_problem)


async def test_the_customers_last_day_is_rolled_anew_and_the_companys_stays(
    site: Site, in_force: SiteInForce, boss: User, signals: HeardSignals
) -> None:
    policy = a_policy(receipt_date=date(2026, 9, 18), product_code="DEMO-PAR", freelook_days=15)
    case = await site.a_case_is_due(policy)
    elsewhere = await site.a_case_is_due(a_policy(receipt_date=date(2026, 9, 1), freelook_days=10))
    closed = await site.a_case_is_due(replace(policy, policy_no="P-CLOSED"), state=CaseState.CLOSED_SUCCESS)
    assert (case.revisit_last_day, case.surrender_last_day) == (date(2026, 10, 3), date(2026, 10, 8))

    change = await _put(site, in_force, boss, signals, OFF_ON_OCTOBER_8, correction=True)
    assert [(each.case.id, each.after) for each in change.cases] == [(case.id, date(2026, 10, 9))]
    after = await site.case(case)
    assert (after.state, after.revisit_last_day, after.surrender_last_day) == (
        CaseState.READY,
        date(2026, 10, 3),
        date(2026, 10, 9),
    )
    async with site.storage.read() as work:
        *_, row = await work.cases.history(case.id)
    assert row.event == "CALENDAR_CHANGED"
    assert row.detail["surrender_last_day"] == {"from": "2026-10-08", "to": "2026-10-09"}
    assert await site.case(elsewhere) == elsewhere
    assert await site.case(closed) == closed


async def test_a_restarted_process_goes_by_what_was_put_in_force(
    site: Site, in_force: SiteInForce, boss: User, signals: HeardSignals, scripts, rulebook
) -> None:
    await _put(site, in_force, boss, signals, A_2027)
    await _put(site, in_force, boss, signals, OFF_ON_OCTOBER_8, correction=True)
    another = SiteInForce(site.storage, scripts, rulebook.calendar, in_force.scripts._clock)
    assert 2027 not in another.calendar.years
    await another.take_up()
    assert another.calendar.version == site.rulebook.calendar.version
    assert not another.calendar.is_working_day(date(2026, 10, 8))


class Killed(Exception):
    """The process is gone."""


class KilledBefore:
    """A database whose process dies when it begins its nth unit of work."""

    def __init__(self, storage: Storage, nth: int) -> None:
        self._storage = storage
        self._left = nth
        self.read = storage.read

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Work]:
        self._left -= 1
        if self._left <= 0:
            raise Killed
        async with self._storage.begin() as work:
            yield work


async def _two_that_move(site: Site) -> tuple[RevisitCase, RevisitCase]:
    """A case of two that a day off on October 8 moves, and a ticket of the other that it moves with its case."""
    policy = a_policy(receipt_date=date(2026, 9, 18), product_code="DEMO-PAR", freelook_days=15)
    site.now = on(9, 30, 9, 30)
    with_ticket = await site.a_case_is_due(policy)
    await site.talked(with_ticket, M060_SIGN_HOLDER=_a_problem(site))
    site.now = on(9, 30, 16)
    await site.extraction()
    plain = await site.a_case_is_due(replace(policy, policy_no="P-PLAIN"))
    return with_ticket, plain


async def _deadlines(site: Site, *cases: RevisitCase) -> Sequence[object]:
    ticket = (await site.tickets(cases[0]))[0]
    return [(await site.case(case)).surrender_last_day for case in cases] + [ticket.due_at]


def _restarted(site: Site, scripts, rulebook) -> Timetable:
    """Another process, which knows what it was installed with and what is in the database."""
    clock = SiteClock(site)
    return Timetable(
        site.storage, HeardSignals(), scripts, rulebook, SiteInForce(site.storage, scripts, rulebook.calendar, clock),
        clock,
    )  # fmt: skip


@pytest.mark.parametrize("unit_of_work", [2, 3])
async def test_a_correction_that_was_interrupted_is_finished_by_the_next_process(
    site: Site, in_force: SiteInForce, boss: User, scripts, rulebook, monkeypatch, unit_of_work
) -> None:
    monkeypatch.setattr(move_deadlines, "_IN_ONE_GO", 1)
    cases = await _two_that_move(site)
    assert await _deadlines(site, *cases) == [date(2026, 10, 8), date(2026, 10, 8), on(10, 8, 11)]
    dying = KilledBefore(site.storage, unit_of_work)
    with pytest.raises(Killed):
        await put_in_force(
            dying, HeardSignals(), site.rulebook, in_force, boss, OFF_ON_OCTOBER_8, "通知更正", site.now,
            correction=True,
        )  # fmt: skip
    left = await _deadlines(site, *cases)
    assert left[1] == date(2026, 10, 8)
    assert (left[0], left[2]) in [(date(2026, 10, 8), on(10, 8, 11)), (date(2026, 10, 9), on(10, 9, 11))]

    timetable = _restarted(site, scripts, rulebook)
    site.later(seconds=31)
    await timetable.tick()
    assert await _deadlines(site, *cases) == [date(2026, 10, 9), date(2026, 10, 9), on(10, 9, 11)]
    async with site.storage.read() as work:
        rows = [row for case in cases for row in await work.cases.history(case.id) if row.event == "CALENDAR_CHANGED"]
        (year,) = await work.decisions.years()
    assert [(row.actor, row.detail["reason"]) for row in rows] == [("boss", "通知更正")] * 2
    assert year.settled_at == site.now
    assert await settle(site, in_force) == 0


async def settle(site: Site, in_force: SiteInForce) -> int:
    return await move_deadlines.settle_calendar(site.storage, site.rulebook, in_force, site.now)


async def test_what_another_process_computed_with_the_old_days_meanwhile_is_moved_too(
    site: Site, in_force: SiteInForce, boss: User, signals: HeardSignals
) -> None:
    await _put(site, in_force, boss, signals, OFF_ON_OCTOBER_8, correction=True)
    policy = a_policy(receipt_date=date(2026, 9, 18), product_code="DEMO-PAR", freelook_days=15)
    late = await site.a_case_is_due(policy, surrender_last_day=date(2026, 10, 8))
    site.later(seconds=29)
    assert await settle(site, in_force) == 0
    site.later(seconds=1)
    assert await settle(site, in_force) == 1
    assert (await site.case(late)).surrender_last_day == date(2026, 10, 9)


class ChangedMeanwhile(KilledBefore):
    """A database in which somebody else computes a case's last day anew before the first unit of work begins."""

    def __init__(self, storage: Storage, case: RevisitCase, day: date) -> None:
        super().__init__(storage, 99)
        self._case, self._day, self._done = case, day, False

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Work]:
        if not self._done:
            self._done = True
            async with self._storage.begin() as work:
                await work.cases.save(replace(await work.cases.get(self._case.id), surrender_last_day=self._day))
        async with super().begin() as work:
            yield work


async def test_what_is_computed_anew_in_the_middle_of_the_sweep_is_not_passed_over(
    site: Site, in_force: SiteInForce, boss: User, signals: HeardSignals
) -> None:
    await _put(site, in_force, boss, signals, OFF_ON_OCTOBER_8, correction=True)
    policy = a_policy(receipt_date=date(2026, 9, 18), product_code="DEMO-PAR", freelook_days=15)
    late = await site.a_case_is_due(policy, surrender_last_day=date(2026, 10, 8))
    site.later(seconds=30)
    racing = ChangedMeanwhile(site.storage, late, date(2026, 10, 12))
    await move_deadlines.settle_calendar(racing, site.rulebook, in_force, site.now)
    assert (await site.case(late)).surrender_last_day == date(2026, 10, 9)
    async with site.storage.read() as work:
        assert [year.settled_at for year in await work.decisions.years()] == [site.now]


async def test_two_corrections_that_both_wait_end_where_the_second_says(
    site: Site, in_force: SiteInForce, boss: User
) -> None:
    cases = await _two_that_move(site)
    before = await _deadlines(site, *cases)
    for nth, text in ((2, OFF_ON_OCTOBER_8), (4, A_2026)):  # each dies when it is stored; the second reverts the first
        with suppress(Killed):
            await put_in_force(
                KilledBefore(site.storage, nth), HeardSignals(), site.rulebook, in_force, boss, text, "更正", site.now,
                correction=True,
            )  # fmt: skip
    assert await _deadlines(site, *cases) != before
    site.later(seconds=30)
    await settle(site, in_force)
    assert await _deadlines(site, *cases) == before


def test_the_shipped_file_says_what_the_tests_believe() -> None:
    assert WITHOUT_SUNDAY_20 != A_2026 != OFF_ON_OCTOBER_8
