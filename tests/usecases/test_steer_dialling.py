"""A supervisor steers dialling: the effect is shown first, and then it holds at once (rules §2.4, §9.1)."""

from __future__ import annotations

from datetime import time, timedelta

import pytest

from dialer.domain.call import SeatId
from dialer.domain.case import Appointment, CaseState, Purpose
from dialer.domain.errors import CalendarMissing, NotFound, ReasonMissing, StaleVersion
from dialer.domain.holder import Policyholder
from dialer.domain.steering import Steering, SteeringInvalid, SteeringKind
from dialer.domain.user import Role, User
from dialer.ports.topics import DISPATCH, WALL
from dialer.usecases.explain_case import explain_case
from dialer.usecases.place_call import place_next_call
from dialer.usecases.steer_dialling import decisions, end_steering, preview, steer
from tests.builders import a_holder, a_policy, a_user
from tests.usecases.site import HeardSignals, Site, on

MANAGER = a_user(login="lina", role=Role.CC_MANAGER)


def a_wish(site: Site, kind: SteeringKind = SteeringKind.PAUSE, **changes) -> Steering:
    facts = {"org": "44", "purpose": None, "by": "lina", "at": site.now, "why": "台风"}
    return Steering(id=0, kind=kind, **facts | changes)


async def decided(site: Site, kind: SteeringKind = SteeringKind.PAUSE, **changes) -> Steering:
    return await steer(site.storage, HeardSignals(), site.rulebook, MANAGER, a_wish(site, kind, **changes), site.now)


async def taken_back(site: Site, steering: Steering, user: User = MANAGER) -> None:
    await end_steering(site.storage, HeardSignals(), site.rulebook, user, steering.id, "过去了", site.now)


async def in_org(site: Site, org: str, holder: Policyholder | None = None, **changes):
    return await site.a_case_is_due(a_policy(product_code="DEMO-PAR"), holder, org=org, **changes)


async def test_a_paused_group_is_not_dialled_and_others_are(site: Site):
    here, there = await in_org(site, "44/4401"), await in_org(site, "32/3201")
    pause = await decided(site)
    await site.rings_out(await site.dialled())
    assert (await site.case(there)).first_attempt_at is not None
    assert await site.dial() is None
    assert await site.case(here) == here  # nothing of it has changed: it waits at its place
    await taken_back(site, pause)
    await site.dialled()
    assert (await site.case(here)).state is CaseState.DIALING


async def test_a_hundred_paused_cases_do_not_stand_in_the_way_of_one_that_may_be_dialled(site: Site):
    for _ in range(25):
        await in_org(site, "44/4401", rank=0)
    last = await in_org(site, "32/3201", rank=6)
    await decided(site)
    await site.dialled()
    assert (await site.case(last)).state is CaseState.DIALING


async def test_a_call_takes_no_paused_case_of_its_holder_along(site: Site):
    holder = a_holder()
    first = await in_org(site, "44/4401", holder)
    redial = await in_org(site, "44/4401", holder, purpose=Purpose.U_REDIAL, state=CaseState.U_REDIAL, round=1, rank=6)
    await decided(site, purpose=Purpose.U_REDIAL)
    await site.dialled()
    assert [(await site.case(each)).state for each in (first, redial)] == [CaseState.DIALING, CaseState.U_REDIAL]


async def test_seats_are_counted_while_they_ring_talk_and_wrap_up(site: Site):
    await in_org(site, "44/4401")
    second = await in_org(site, "44/4401")
    await site.seat_is_ready(seat_id=SeatId("seat-2"), login="agent2")
    await decided(site, SteeringKind.SEATS, seats=1)
    call = await site.connected()
    async with site.storage.read() as work:
        free = await work.floor.seat(SeatId("seat-2"))
    assert free is not None

    async def other_seat_dials() -> bool:
        return await place_next_call(site.storage, site.scripts, site.rulebook, free, "engine-1", site.now) is not None

    assert not await other_seat_dials()
    await site.answer_everything(call)
    site.later(seconds=60)
    await site.hung_up(call)
    assert not await other_seat_dials()  # wrap-up is work
    await site.wrapped_up()
    assert await other_seat_dials()
    assert (await site.case(second)).state is CaseState.DIALING


async def test_shorter_hours_keep_the_rest_of_the_rules_and_a_promise(site: Site):
    case = await in_org(site, "44/4401")
    await decided(site, SteeringKind.HOURS, start=time(14), end=time(16))
    assert await site.dial() is None
    promised = await in_org(site, "44/4401", state=CaseState.APPOINTMENT, appointment=Appointment(site.now), rank=0)
    await site.rings_out(await site.dialled())
    assert (await site.case(promised)).first_attempt_at is not None
    site.now = on(9, 18, 14)
    await site.dialled()
    assert (await site.case(case)).state is CaseState.DIALING


async def test_why_says_who_paused_the_case_and_for_what_reason(site: Site):
    case = await in_org(site, "44/4401")
    pause = await decided(site, until=on(9, 18, 18))
    await decided(site, SteeringKind.FIRST, org="44/4401")
    await decided(site, org="32")
    told = str(await explain_case(site.storage, site.rulebook, case.policy_no, site.now))
    assert told.splitlines() == [
        "按主管安排暂不外呼 · held by a supervisor's decision",
        "  外呼已暂停 → 09-18 18:00（lina：台风） · paused → 09-18 18:00 by lina because 台风",
        "  优先外呼（lina：台风） · dialled first by lina because 台风",
    ]
    await taken_back(site, pause)
    assert "现在可拨" in str(await explain_case(site.storage, site.rulebook, case.policy_no, site.now))


async def test_the_effect_of_a_pause_names_the_deadlines_it_makes_pass(site: Site):
    soon = site.now.date() + timedelta(days=1)
    await in_org(site, "44/4401", revisit_last_day=soon)
    await in_org(site, "44/4401", revisit_last_day=soon + timedelta(days=5), next_at=on(9, 19, 9))
    await in_org(site, "32/3201", revisit_last_day=soon)
    effect = await preview(site.storage, site.rulebook, MANAGER, a_wish(site), site.now)
    assert (effect.pool.cases, effect.pool.due_now, effect.pool.due_today, effect.passing) == (2, 1, 1, 1)
    assert effect.endangers
    assert (effect.seats, effect.seats_busy, effect.replaces) == (1, 0, None)
    short = await preview(site.storage, site.rulebook, MANAGER, a_wish(site, until=on(9, 18, 18)), site.now)
    assert not short.endangers
    over = await preview(site.storage, site.rulebook, MANAGER, a_wish(site, until=on(9, 20, 9)), site.now)
    assert over.passing == 1
    assert dict(over.deadlines) == {soon: 1, soon + timedelta(days=5): 1}


async def test_a_decision_of_the_same_kind_and_group_takes_the_others_place(site: Site):
    first = await decided(site, SteeringKind.SEATS, seats=5)
    effect = await preview(site.storage, site.rulebook, MANAGER, a_wish(site, SteeringKind.SEATS, seats=3), site.now)
    assert effect.replaces == first
    second = await decided(site, SteeringKind.SEATS, seats=3)
    shown = await decisions(site.storage, MANAGER, site.now)
    assert shown.standing == (second,)
    assert [(each.id, each.ended_by, each.ended_why) for each in shown.over] == [(first.id, "lina", f"→ #{second.id}")]
    with pytest.raises(StaleVersion):
        await taken_back(site, first)


async def test_a_decision_tells_engines_and_walls_to_look_again(site: Site):
    heard = HeardSignals()
    made = await steer(site.storage, heard, site.rulebook, MANAGER, a_wish(site), site.now)
    await end_steering(site.storage, heard, site.rulebook, MANAGER, made.id, "过去了", site.now)
    assert heard.topics == [DISPATCH, WALL, DISPATCH, WALL]


async def test_without_a_reason_nothing_is_decided_nor_taken_back(site: Site):
    with pytest.raises(ReasonMissing, match="say why"):
        await decided(site, why="  ")
    made = await decided(site)
    with pytest.raises(ReasonMissing, match="say why"):
        await end_steering(site.storage, HeardSignals(), site.rulebook, MANAGER, made.id, " ", site.now)
    assert (await decisions(site.storage, MANAGER, site.now)).standing == (made,)


async def test_what_widens_the_rules_is_refused_also_when_the_preview_was_skipped(site: Site):
    with pytest.raises(SteeringInvalid, match="narrowed"):
        await decided(site, SteeringKind.HOURS, start=time(8), end=time(22))


async def test_nothing_is_decided_in_a_year_without_its_calendar(site: Site):
    site.now = site.now.replace(year=2031)
    with pytest.raises(CalendarMissing):
        await decided(site)


async def test_a_manager_steers_the_own_branch_and_sees_what_stands_above_it(site: Site):
    await in_org(site, "44/4401")
    of_44 = a_user(login="gd", role=Role.CC_MANAGER, org="44")
    for org in ("", "32", "441"):
        with pytest.raises(NotFound):
            await preview(site.storage, site.rulebook, of_44, a_wish(site, org=org), site.now)
        with pytest.raises(NotFound):
            await steer(site.storage, HeardSignals(), site.rulebook, of_44, a_wish(site, org=org), site.now)
    national, elsewhere = await decided(site, org=""), await decided(site, org="32")
    shown = await decisions(site.storage, of_44, site.now)
    assert shown.standing == (national,)
    assert shown.places == ("44", "44/4401")
    for foreign in (national, elsewhere):
        with pytest.raises(NotFound):
            await taken_back(site, foreign, of_44)
