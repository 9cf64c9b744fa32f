"""The acceptance scenarios of rules §11 that are decided while dialling and talking, told through the use cases."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, timedelta

import pytest

from dialer.domain.calendar import shanghai_day
from dialer.domain.call import Connected, Ended, Party, SeatId
from dialer.domain.case import CaseEvent, CaseState, Purpose
from dialer.domain.outcome import Outcome
from dialer.domain.phone import PhoneKind, PhoneSource, PhoneStatus
from dialer.domain.policy import Channel, Design
from dialer.domain.priority import Rank
from dialer.domain.problem import ProblemLevel, ProblemType
from dialer.domain.script import CallScript
from dialer.domain.script.model import ScriptRef
from dialer.domain.seat import SeatState
from dialer.domain.ticket import TicketState
from dialer.ports import Scripts
from dialer.usecases.finish_attempt import AppointmentNeeded
from dialer.usecases.keep_the_pool import renew_ranks
from dialer.usecases.place_call import place_next_call
from tests.builders import TODAY, a_holder, a_number, a_policy, at, moved
from tests.usecases.site import Site, on


async def test_without_a_receipt_nobody_is_dialled(site: Site):
    policy = a_policy(product_code="DEMO-PAR", receipt_date=None, receipt_entered_on=None)
    case = await site.a_case_is_due(policy)

    assert await site.dial() is None
    waiting = await site.case(case)
    assert waiting.state is CaseState.READY
    assert waiting.next_at is not None
    assert waiting.next_at > site.now


async def test_who_may_not_be_dialled_does_not_hold_up_those_behind(site: Site):
    ahead = [
        await site.a_case_is_due(a_policy(product_code="DEMO-PAR", receipt_date=None, receipt_entered_on=None), rank=1)
        for _ in range(7)
    ]
    behind = await site.a_case_is_due(rank=5)

    call = await site.dialled()
    async with site.storage.read() as work:
        assert [attempt.case_id for attempt in await work.calls.attempts_of(call)] == [behind.id]
    for case in ahead:
        put_off = await site.case(case)
        assert put_off.next_at is not None
        assert (put_off.next_at > site.now, put_off.version) == (True, case.version + 1), "looked at once"


@pytest.mark.parametrize(("hour", "minute", "dialled"), [(20, 29, True), (20, 30, False), (20, 59, False)])
async def test_the_evening_ends_at_half_past_eight(site: Site, hour: int, minute: int, *, dialled: bool):
    site.now = at(hour, minute)
    case = await site.a_case_is_due()

    assert (await site.dial() is not None) is dialled
    if not dialled:
        assert (await site.case(case)).next_at == on(9, 19, 9)


@pytest.mark.parametrize(
    ("minute", "customer_asked", "promised"), [(59, False, True), (0, False, False), (0, True, True)]
)
async def test_an_appointment_at_2059_is_promised_and_at_2100_only_if_the_customer_asks(
    site: Site, minute: int, *, customer_asked: bool, promised: bool
):
    case = await site.a_case_is_due()
    call = await site.connected()
    await site.report(call, "BUSY")
    await site.answer(call, "TIME")
    await site.hung_up(call)
    wanted = at(20 if minute else 21, minute)

    if not promised:
        with pytest.raises(AppointmentNeeded):
            await site.wrapped_up(appointment_at=wanted, customer_asked=customer_asked)
        assert (await site.case(case)).state is CaseState.WRAP_UP
        assert await site.outcomes(case) == [None]
        return
    await site.wrapped_up(appointment_at=wanted, customer_asked=customer_asked)
    assert (await site.case(case)).state is CaseState.APPOINTMENT
    await site.wait_for_call(case)
    assert site.now == wanted


async def test_a_reschedule_needs_its_time_and_a_time_inside_the_free_look(site: Site):
    case = await site.a_case_is_due()
    last_day = (await site.case(case)).revisit_last_day
    assert last_day is not None
    call = await site.connected()
    await site.report(call, "BUSY")
    await site.answer(call, "TIME")
    await site.hung_up(call)

    for impossible in (None, site.now - timedelta(hours=1), at(10, day=last_day + timedelta(days=1))):
        with pytest.raises(AppointmentNeeded):
            await site.wrapped_up(appointment_at=impossible)
    assert (await site.seat()).state is SeatState.WRAP_UP
    await site.wrapped_up(appointment_at=at(15, 10))
    assert (await site.case(case)).state is CaseState.APPOINTMENT


async def test_an_appointment_is_dialled_at_its_time_before_everything_else(site: Site):
    promised = await site.a_case_is_due()
    call = await site.connected()
    await site.report(call, "BUSY")
    await site.answer(call, "TIME")
    await site.hung_up(call)
    await site.wrapped_up(appointment_at=at(12, 30))  # lunch is kept for appointments
    expiring = await site.a_case_is_due(rank=int(Rank.EXPIRING))

    site.now = at(12, 29)
    assert await site.dial() is None
    site.now = at(12, 30)
    call = await site.connected()
    assert (await site.case(promised)).state is CaseState.IN_CALL
    assert (await site.case(expiring)).state is CaseState.READY
    async with site.storage.read() as work:
        (attempt,) = await work.calls.attempts_of(call)
    assert attempt.by_appointment


async def test_scenario_04_a_free_look_that_ends_in_the_holiday_is_dialled_in_it_and_success_after_it_is_late(
    site: Site,
):
    received = a_policy(
        product_code="DEMO-PAR", receipt_date=date(2026, 9, 18), receipt_entered_on=date(2026, 9, 18), freelook_days=15
    )
    site.now = on(9, 30, 18, 30)
    case = await site.a_case_is_due(received)
    await renew_ranks(site.storage, site.rulebook, site.now)
    planned = await site.case(case)
    assert (planned.revisit_last_day, planned.surrender_last_day) == (date(2026, 10, 3), date(2026, 10, 8))
    assert planned.rank == Rank.EXPIRING

    await site.rings_out_when_due(case)
    await site.rings_out_when_due(case)
    assert on(10, 1, 9) <= site.now < on(10, 4, 0)
    assert (await site.case(case)).state is CaseState.U_OPEN  # the last days: two attempts suffice

    site.now = on(10, 7, 16)
    await site.extraction()
    site.now = on(10, 8, 9, 30)
    assert not await site.reply((await site.tickets(case))[0])
    call = await site.connected_when_due(case)
    assert shanghai_day(site.now) == date(2026, 10, 8)
    told = (await site.conversation(call)).facts
    assert told.variables["freelook_last_day_text"].endswith("十月八日")
    assert not told.freelook_expired
    await site.answer_everything(call)
    await site.over(call)
    await site.sealed()
    closed = await site.case(case)
    assert (closed.state, closed.in_free_look) == (CaseState.CLOSED_SUCCESS, False)


async def test_somebody_else_at_the_phone_inside_the_free_look_is_no_revisit_inside_it(site: Site):
    case = await site.a_case_is_due()
    call = await site.connected()
    await site.report(call, "CALL_ASSISTANT")
    await site.answer(call, "END")
    await site.over(call)
    assert (await site.case(case)).reached_at is None

    site.now = on(10, 9, 10)
    await site.talked(case)
    await site.sealed()
    closed = await site.case(case)
    assert (closed.state, closed.in_free_look) == (CaseState.CLOSED_SUCCESS, False)


async def test_scenario_04_a_case_that_does_not_expire_in_the_holiday_waits_until_it_is_over(site: Site):
    site.now = on(10, 1, 10)
    fresh = a_policy(
        product_code="DEMO-PAR", receipt_date=date(2026, 9, 29), receipt_entered_on=date(2026, 9, 29), freelook_days=15
    )
    case = await site.a_case_is_due(fresh)

    assert await site.dial() is None
    assert (await site.case(case)).next_at == on(10, 8, 9)


async def _two_policies(site: Site):
    holder, number = a_holder(), a_number()
    first = a_policy(product_code="DEMO-LIFE", design=Design.ORDINARY)
    second = a_policy(
        product_code="DEMO-PAR", design=Design.PARTICIPATING, channel=Channel.BANK, bank_name="示例银行福州分行"
    )
    return (
        await site.a_case_is_due(first, holder, number, rank=1),
        await site.a_case_is_due(second, holder, number, rank=5),
    )


async def test_scenario_09_one_call_serves_two_policies_of_a_holder_each_with_its_own_result(site: Site):
    a, b = await _two_policies(site)
    call = await site.connected()
    assert {(await site.case(a)).state, (await site.case(b)).state} == {CaseState.IN_CALL}

    done = await site.answer_this_policy(call)
    assert (await site.conversation(call)).script.id == "NB_BANCASSURANCE"
    assert done.interview.is_identified()
    asked = []
    current = await site.conversation(call)
    while not current.interview.is_over:
        node = current.script.node(current.interview.node)
        asked.append(node.id)
        others = [option.code for option in node.options if option.raises_problem]
        code = others[0] if node.id == "M060_SIGN_HOLDER" else node.options[0].code
        current = await site.answer(call, code)
    assert not {"M010_GREET", "M020_NOTICE", "M030_VERIFY"} & set(asked)
    await site.over(call)
    await site.sealed()

    assert [await site.outcomes(each) for each in (a, b)] == [[Outcome.SUCCESS], [Outcome.PROBLEM_L1]]
    assert (await site.case(a)).state is CaseState.CLOSED_SUCCESS
    assert (await site.case(b)).state is CaseState.L1_OPEN
    assert await site.tickets(a) == []
    assert [ticket.level for ticket in await site.tickets(b)] == [ProblemLevel.L1]
    async with site.storage.read() as work:
        (recording,) = await work.recordings.of_call(call)
        first, second = await work.recordings.segments(recording.id)
        (phone,) = await work.policies.phones(a.holder_id)
        calls = await work.calls.to_number(phone.number_hash, site.now - timedelta(days=1))
    assert (first.start_ms, first.end_ms) == (0, second.start_ms)
    assert 60_000 < second.start_ms < 180_000
    assert second.end_ms is None
    assert len(calls) == 1
    assert await site.dial() is None


async def test_scenario_09_a_hang_up_in_the_first_policy_leaves_both_to_be_asked_again_in_one_call(site: Site):
    a, b = await _two_policies(site)
    call = await site.connected()
    await site.answer_until(call, "M090_LIABILITY")
    await site.hung_up(call, Party.CUSTOMER)
    await site.wrapped_up()
    assert [await site.outcomes(each) for each in (a, b)] == [[Outcome.INCOMPLETE], [Outcome.INCOMPLETE]]

    again = await site.connected_when_due(a)
    async with site.storage.read() as work:
        assert {attempt.case_id for attempt in await work.calls.attempts_of(again)} == {a.id, b.id}
    await site.answer_everything(again)
    await site.over(again)
    await site.sealed()
    assert [(await site.case(each)).state for each in (a, b)] == [CaseState.CLOSED_SUCCESS] * 2


async def test_scenario_09_another_time_holds_for_both_policies(site: Site):
    a, b = await _two_policies(site)
    call = await site.connected()
    await site.report(call, "BUSY")
    await site.answer(call, "TIME")
    await site.hung_up(call)
    await site.wrapped_up(appointment_at=at(15))
    assert [(await site.case(each)).state for each in (a, b)] == [CaseState.APPOINTMENT] * 2

    await site.wait_for_call(a)
    assert [(await site.case(each)).state for each in (a, b)] == [CaseState.DIALING] * 2
    assert site.now == at(15)


async def test_scenario_23_a_number_announced_as_vacant_that_rings_the_next_day_is_alive(site: Site):
    site.now = on(9, 21, 10)  # a Monday
    case = await site.a_case_is_due(
        a_policy(product_code="DEMO-PAR", receipt_date=date(2026, 9, 18), receipt_entered_on=date(2026, 9, 18))
    )
    call = await site.wait_for_call(case)
    assert call is not None
    await site.found_vacant(call)
    assert await site.outcomes(case) == [Outcome.VACANT]
    assert [phone.status for phone in await site.phones(case)] == [PhoneStatus.SUSPECT_VACANT]

    first = site.now
    await site.rings_out_when_due(case)
    assert site.now >= first + timedelta(hours=20)
    assert [phone.status for phone in await site.phones(case)] == [PhoneStatus.OK]
    assert (await site.case(case)).state is CaseState.RETRY_WAIT
    assert await site.outcomes(case) == [Outcome.VACANT, Outcome.NO_ANSWER]
    assert await site.tickets(case) == []


async def test_a_number_that_was_live_is_vacant_when_three_days_say_so(site: Site):
    case = await site.a_case_is_due(
        a_policy(product_code="DEMO-PAR", receipt_date=TODAY, receipt_entered_on=TODAY, freelook_days=20)
    )
    (phone,) = await site.phones(case)
    async with site.storage.begin() as work:
        await work.policies.save_phone(replace(phone, proven=True))
    for status in (PhoneStatus.SUSPECT_VACANT, PhoneStatus.SUSPECT_VACANT, PhoneStatus.VACANT):
        call = await site.wait_for_call(case)
        assert call is not None
        await site.found_vacant(call)
        assert [each.status for each in await site.phones(case)] == [status]

    assert (await site.case(case)).state is CaseState.U_OPEN
    (ticket,) = await site.tickets(case)
    assert [item.problem.type for item in ticket.items] == [ProblemType.VACANT_NUMBER]


async def test_scenario_24_an_assistant_three_times_is_three_attempts_without_a_word_of_the_policy(site: Site):
    case = await site.a_case_is_due(
        a_policy(product_code="DEMO-PAR", receipt_date=TODAY, receipt_entered_on=TODAY, freelook_days=20)
    )
    for _ in range(3):
        call = await site.connected_when_due(case)
        await site.report(call, "CALL_ASSISTANT")
        done = await site.answer(call, "END")
        assert {step.node for step in done.interview.steps} == {"M010_GREET", "S185_ASSISTANT"}
        await site.hung_up(call)
        await site.wrapped_up()
    case = await site.case(case)
    async with site.storage.read() as work:
        attempts = await work.calls.attempts(case.id)
    assert [(each.outcome, each.counted, each.contact) for each in attempts] == [
        (Outcome.CALL_ASSISTANT, True, False)
    ] * 3
    assert case.state is CaseState.U_OPEN
    assert await site.problems(case) == [(0, ProblemType.UNREACHABLE)]
    assert "OFFER_EREVISIT" in await site.referrals(case)


class _Published:
    """A library in which a newer version of every script has come out; old versions stay readable."""

    def __init__(self, old: Scripts) -> None:
        self._old = old

    def _newer(self, script: CallScript) -> CallScript:
        return replace(script, ref=replace(script.ref, version="1.1.0"))

    def latest(self, script_id: str) -> CallScript:
        return self._newer(self._old.latest(script_id))

    def exactly(self, ref: ScriptRef) -> CallScript:
        if ref.version == "1.1.0":
            return self._newer(self._old.latest(ref.id))
        return self._old.exactly(ref)


async def test_scenario_30_a_running_call_finishes_on_its_own_script_version(site: Site):
    case = await site.a_case_is_due()
    other = await site.a_case_is_due()
    call = await site.connected()
    await site.answer_until(call, "M080_DOCS")

    site.scripts = _Published(site.scripts)
    await site.answer_everything(call)
    await site.over(call)
    await site.sealed()
    assert (await site.case(case)).state is CaseState.CLOSED_SUCCESS
    async with site.storage.read() as work:
        (held,) = await work.interviews.of_case(case.id)
    assert held.script_version == "1.1.0"
    call = await site.connected_when_due(other)
    assert (await site.conversation(call)).script.ref.version == "1.1.0"


async def test_an_l1_heard_before_a_new_script_version_is_not_forgotten_by_it(site: Site):
    case = await site.a_case_is_due()
    await _l1_then_hang_up(site)

    site.scripts = _Published(site.scripts)
    await site.talked(case)
    await site.sealed()
    assert (await site.case(case)).state is CaseState.L1_OPEN
    assert [ticket.state for ticket in await site.tickets(case)] == [TicketState.CREATED]


async def _policy_is_cancelled(site: Site, case) -> None:
    """What an import does while somebody is on the phone."""
    async with site.storage.begin() as work:
        await work.policies.cancel(case.policy_no, site.now)
        current = await work.cases.get(case.id)
        await work.cases.save(current.flagged("POLICY_CANCELLED"))


async def test_scenario_30_a_policy_cancelled_during_the_call_closes_as_cancelled_and_keeps_the_recording(site: Site):
    case = await site.a_case_is_due()
    call = await site.connected()
    await site.answer_until(call, "M080_DOCS")
    await _policy_is_cancelled(site, case)
    await site.hung_up(call)
    await site.wrapped_up()
    await site.sealed()

    closed = await site.case(case)
    assert (closed.state, closed.closed_why) == (CaseState.CLOSED_CANCELLED, "CANCELLED")
    assert closed.closed_at == site.now
    assert len(await site.outcomes(case)) == 1
    assert (await site.outcomes(case))[0] is not None
    async with site.storage.read() as work:
        assert [recording.seal is not None for recording in await work.recordings.of_call(call)] == [True]
    assert await site.dial() is None


async def test_scenario_30_a_policy_cancelled_while_it_is_dialled_closes_when_nobody_answers(site: Site):
    case = await site.a_case_is_due()
    call = await site.dialled()
    await _policy_is_cancelled(site, case)
    await site.rings_out(call)

    assert (await site.case(case)).state is CaseState.CLOSED_CANCELLED
    assert await site.outcomes(case) == [Outcome.NO_ANSWER]


async def test_scenario_30_a_conduct_finding_outlives_the_cancelled_policy(site: Site):
    case = await site.a_case_is_due()
    call = await site.connected()
    await site.answer_until(call, "M165_CONDUCT")
    await site.answer(call, "PROMISE")
    await _policy_is_cancelled(site, case)
    await site.over(call)

    assert (await site.case(case)).state is CaseState.CLOSED_CANCELLED
    assert await site.referrals(case) == ["CONDUCT_INVESTIGATION"]


async def test_two_agents_reach_for_one_case_and_one_gets_it(site: Site):
    await site.a_case_is_due()
    first, second = await site.seat(), await site.seat_is_ready(SeatId("seat-2"), "agent2")

    orders = await asyncio.gather(
        *(
            place_next_call(site.storage, site.scripts, site.rulebook, seat, "engine-1", site.now)
            for seat in (first, second)
        )
    )

    assert sum(order is not None for order in orders) == 1
    async with site.storage.read() as work:
        seats = await work.floor.seats()
    assert sorted(seat.state for seat in seats) == [SeatState.READY, SeatState.RESERVED]


async def test_a_spouse_on_the_same_phone_waits_a_minute_and_not_an_hour(site: Site):
    number = a_number()
    await site.a_case_is_due(number=number, rank=1)
    spouse = await site.a_case_is_due(number=number, rank=5)
    await site.seat_is_ready(SeatId("seat-2"), "agent2")
    await site.dialled()

    async with site.storage.read() as work:
        second = await work.floor.seat(SeatId("seat-2"))
    assert second is not None
    assert await place_next_call(site.storage, site.scripts, site.rulebook, second, "engine-1", site.now) is None
    waiting = await site.case(spouse)
    assert waiting.next_at == site.now + timedelta(minutes=1)


async def test_a_case_without_calendar_does_not_stop_its_holders_other_case(site: Site):
    holder, number = a_holder(), a_number()
    sound = await site.a_case_is_due(holder=holder, number=number, rank=1)
    policy = a_policy(product_code="DEMO-PAR")
    unknown = await site.a_case_is_due(policy, holder, number, rank=5)
    async with site.storage.begin() as work:
        beyond = replace(policy, receipt_date=date(2026, 12, 28), receipt_entered_on=date(2026, 12, 28))
        await work.policies.put(beyond, holder, "digest 2", site.now)

    call = await site.dialled()
    async with site.storage.read() as work:
        assert [attempt.case_id for attempt in await work.calls.attempts_of(call)] == [sound.id]
    assert (await site.case(unknown)).state is CaseState.READY


@pytest.mark.parametrize("ending", ["unanswered", "put off", "succeeded"])
async def test_a_holder_who_is_corrected_while_the_call_is_on_costs_no_outcome(site: Site, ending: str):
    case = await site.a_case_is_due()
    call = await (site.dialled() if ending == "unanswered" else site.connected())
    async with site.storage.begin() as work:
        policy = (await work.policies.get(case.policy_no)).policy
        holder_id = await work.policies.put(policy, a_holder(id_no="440106198501014321"), "digest 2", site.now)
        await work.policies.put_phone(holder_id, a_number(), PhoneKind.MOBILE, PhoneSource.POLICY_SERVICE, site.now)
        now_another = replace(await work.cases.get(case.id), holder_id=holder_id)
        await work.cases.move(now_another, CaseEvent.POLICY_CHANGED, moved(when=site.now))

    if ending == "unanswered":
        await site.rings_out(call)
    else:
        if ending == "put off":
            await site.report(call, "BUSY")
            await site.answer(call, "TIME")
        else:
            await site.answer_everything(call)
        await site.hung_up(call)
        await site.wrapped_up(appointment_at=site.now + timedelta(hours=2) if ending == "put off" else None)

    [outcome] = await site.outcomes(case)
    assert outcome is {"unanswered": Outcome.NO_ANSWER, "put off": Outcome.RESCHEDULE}.get(ending, Outcome.SUCCESS)
    assert (await site.seat()).state is SeatState.READY


async def test_an_incomplete_call_is_tried_again_the_same_day_once_and_then_the_next_day(site: Site):
    case = await site.a_case_is_due()
    days = []
    for _ in range(3):
        call = await site.connected_when_due(case)
        days.append(shanghai_day(site.now))
        await site.answer_until(call, "M080_DOCS")
        await site.hung_up(call, Party.CUSTOMER)
        await site.wrapped_up()
    assert days[0] == days[1] < days[2]
    assert await site.outcomes(case) == [Outcome.INCOMPLETE] * 3


async def test_what_was_settled_survives_a_call_that_somebody_else_answers(site: Site):
    case = await site.a_case_is_due()
    await _l1_then_hang_up(site)
    call = await site.connected_when_due(case)
    await site.report(call, "CALL_ASSISTANT")
    await site.answer(call, "END")
    await site.hung_up(call)
    await site.wrapped_up()

    call = await site.connected_when_due(case)
    asked = []
    current = await site.conversation(call)
    while not current.interview.is_over:
        node = current.script.node(current.interview.node)
        asked.append(node.id)
        current = await site.answer(call, node.options[0].code)
    assert "M040_PURCHASE" not in asked
    assert current.interview.outcome is Outcome.PROBLEM_L1


async def test_an_unverified_refusal_is_tried_once_more_and_then_is_unreachable(site: Site):
    case = await site.a_case_is_due()
    for expected in (CaseState.RETRY_WAIT, CaseState.U_OPEN):
        call = await site.connected_when_due(case)
        await site.report(call, "REFUSE")
        await site.answer(call, "REFUSE_CONFIRMED")
        await site.answer(call, "END")
        await site.hung_up(call)
        await site.wrapped_up()
        assert (await site.case(case)).state is expected
    assert await site.outcomes(case) == [Outcome.REFUSED_UNVERIFIED] * 2
    assert shanghai_day(site.now) > TODAY
    assert await site.problems(case) == [(0, ProblemType.UNREACHABLE)]


async def test_a_vacant_number_gives_way_to_the_second_and_is_confirmed_a_day_later(site: Site):
    case = await site.a_case_is_due()
    async with site.storage.begin() as work:
        home = await work.policies.put_phone(
            case.holder_id, a_number(), PhoneKind.HOME, PhoneSource.APPLICATION, site.now
        )
    dialled = []
    while (call := await site.wait_for_call(case)) is not None:
        async with site.storage.read() as work:
            dialled.append((await work.calls.get(call)).phone_id)
        await (site.rings_out(call) if dialled[-1] == home.id else site.found_vacant(call))
    mobile = next(phone for phone in await site.phones(case) if phone.id != home.id)
    assert dialled == [mobile.id, home.id, mobile.id]
    assert mobile.status is PhoneStatus.VACANT
    assert (await site.case(case)).state is CaseState.U_OPEN
    assert await site.problems(case) == [(0, ProblemType.UNREACHABLE)]  # one of them only did not answer


async def test_faults_of_ours_never_end_the_round_and_never_become_a_hot_loop(site: Site):
    case = await site.a_case_is_due()
    started = site.now
    for _ in range(12):
        call = await site.wait_for_call(case)
        assert call is not None
        await site.hear(Ended(call, site.now, Party.DIALER, failure="TRUNK_DOWN"))
    assert await site.outcomes(case) == [Outcome.TECH] * 12
    assert site.now - started > timedelta(days=1)
    assert (await site.case(case)).state is CaseState.RETRY_WAIT


async def test_a_late_event_of_an_old_call_leaves_the_seats_next_call_alone(site: Site):
    await site.a_case_is_due()
    await site.a_case_is_due()
    old = await site.unanswered()
    call = await site.connected()
    followed = await site.hear(Ended(old, site.now, Party.NETWORK))
    late = await site.hear(Connected(old, site.now))
    assert (followed.commands, late.commands) == ((), ())
    seat = await site.seat()
    assert (seat.state, seat.call_id) == (SeatState.TALKING, call)


async def _l1_then_hang_up(site: Site) -> None:
    call = await site.connected()
    current = await site.answer_until(call, "M060_SIGN_HOLDER")
    node = current.script.node("M060_SIGN_HOLDER")
    await site.answer(call, next(option.code for option in node.options if option.raises_problem))
    await site.hung_up(call, Party.CUSTOMER)
    await site.wrapped_up()


async def test_scenario_26_an_l1_whose_retries_reach_nobody_stays_an_l1(site: Site):
    case = await site.a_case_is_due()
    await _l1_then_hang_up(site)
    while (await site.rings_out_when_due(case)) is not None:
        pass
    case = await site.case(case)
    assert (case.state, case.purpose) == (CaseState.L1_OPEN, Purpose.FIRST)
    (ticket,) = await site.tickets(case)
    assert ticket.level is ProblemLevel.L1
    assert {item.problem.type for item in ticket.items} >= {ProblemType.NOT_OWN_SIGNATURE, ProblemType.UNREACHABLE}
