"""One policy's story, chapter by chapter, on a real database; the phone system is the test."""

from __future__ import annotations

from datetime import timedelta

from dialer.domain.call import Ended, Party
from dialer.domain.case import CaseState, Purpose
from dialer.domain.outcome import Outcome
from dialer.domain.problem import ProblemLevel, ProblemType
from dialer.domain.seat import SeatState
from dialer.domain.ticket import TicketState
from dialer.ports.topics import DISPATCH, WALL, desk
from dialer.usecases.answer_ticket import reply_to_ticket
from dialer.usecases.finish_forgotten import finish_forgotten
from dialer.usecases.follow_call import take_over
from dialer.usecases.issue_tickets import issue_tickets
from tests.builders import at
from tests.usecases.site import SEAT, Site, a_reply


async def test_a_clean_interview_closes_only_when_its_recording_is_sealed(site: Site):
    case = await site.a_case_is_due()
    call = await site.connected()
    assert (await site.case(case)).state is CaseState.IN_CALL
    assert (await site.seat()).state is SeatState.TALKING

    done = await site.answer_everything(call)
    assert done.interview.outcome is Outcome.SUCCESS
    await site.hung_up(call)
    assert (await site.case(case)).state is CaseState.WRAP_UP
    await site.wrapped_up()
    assert (await site.case(case)).state is CaseState.SEALING
    assert (await site.seat()).state is SeatState.READY

    await site.sealed()
    closed = await site.case(case)
    assert closed.state is CaseState.CLOSED_SUCCESS
    assert closed.in_free_look is True
    assert await site.outcomes(case) == [Outcome.SUCCESS]


async def test_sealing_before_the_agent_has_wrapped_up_closes_at_the_wrap_up(site: Site):
    case = await site.a_case_is_due()
    call = await site.connected()
    await site.answer_everything(call)
    await site.hung_up(call)
    await site.sealed()
    await site.wrapped_up()
    assert (await site.case(case)).state is CaseState.CLOSED_SUCCESS


async def test_a_recording_too_short_to_be_proof_sends_the_case_back(site: Site):
    case = await site.a_case_is_due()
    call = await site.connected()
    await site.answer_everything(call)
    site.now = at(9, 30, 20)
    await site.hung_up(call)
    await site.wrapped_up()
    await site.sealed()
    back = await site.case(case)
    assert back.state is CaseState.RETRY_WAIT
    assert "TOO_SHORT" in back.next_why.about


async def test_busy_frees_the_agent_at_once_and_is_tried_again_half_an_hour_later(site: Site):
    case = await site.a_case_is_due()
    await site.unanswered(486)
    waiting = await site.case(case)
    assert waiting.state is CaseState.RETRY_WAIT
    assert waiting.next_at == at(10, 0)
    assert (await site.seat()).state is SeatState.READY
    assert await site.dial() is None


async def test_a_broken_call_is_not_held_against_the_customer(site: Site):
    case = await site.a_case_is_due()
    call = await site.connected()
    await site.answer(call, "SELF")
    await site.hear(Ended(call, site.now, Party.DIALER, failure="WORKER_DIED"))
    async with site.storage.read() as work:
        attempt = (await work.calls.attempts(case.id))[0]
    assert (attempt.outcome, attempt.counted) == (Outcome.TECH, False)
    assert (await site.case(case)).state is CaseState.RETRY_WAIT
    assert (await site.seat()).state is SeatState.READY


async def test_scenario_26_an_l1_heard_before_the_hang_up_opens_its_ticket_at_once_and_the_retry_asks_the_rest(
    site: Site,
):
    case = await site.a_case_is_due()
    call = await site.connected()
    current = await site.conversation(call)
    while current.interview.node != "M060_SIGN_HOLDER":
        node = current.script.node(current.interview.node)
        current = await site.answer(call, node.options[0].code)
    not_mine = next(option for option in current.script.node("M060_SIGN_HOLDER").options if option.raises_problem)
    await site.answer(call, not_mine.code)
    await site.hung_up(call, Party.CUSTOMER)
    await site.wrapped_up()

    waiting = await site.case(case)
    assert waiting.state is CaseState.RETRY_WAIT
    async with site.storage.read() as work:
        tickets = await work.tickets.of_case(case.id)
    assert [(t.level, t.state) for t in tickets] == [(ProblemLevel.L1, TicketState.CREATED)]
    assert [item.problem.type for item in tickets[0].items] == [ProblemType.NOT_OWN_SIGNATURE]

    assert waiting.next_at is not None
    site.now = waiting.next_at
    again = await site.connected()
    asked = []
    current = await site.conversation(again)
    while not current.interview.is_over:
        asked.append(current.interview.node)
        node = current.script.node(current.interview.node)
        current = await site.answer(again, node.options[0].code)
    assert "M030_VERIFY" in asked
    assert "M040_PURCHASE" not in asked
    assert current.interview.outcome is Outcome.PROBLEM_L1
    await site.hung_up(again)
    await site.wrapped_up()
    assert (await site.case(case)).state is CaseState.L1_OPEN
    async with site.storage.read() as work:
        assert len(await work.tickets.of_case(case.id)) == 1


async def test_an_l1_goes_down_is_answered_is_dialled_again_and_closes(site: Site):
    case = await site.a_case_is_due()
    call = await site.connected()
    node = (await site.conversation(call)).script.node("M060_SIGN_HOLDER")
    not_mine = next(option.code for option in node.options if option.raises_problem)
    await site.answer_everything(call, M060_SIGN_HOLDER=not_mine)
    await site.hung_up(call)
    await site.wrapped_up()
    await site.sealed()
    assert (await site.case(case)).state is CaseState.L1_OPEN

    site.now = at(16)
    assert await issue_tickets(site.storage, site.rulebook, site.now) == 1
    assert (await site.case(case)).state is CaseState.L1_ISSUED
    async with site.storage.read() as work:
        ticket = (await work.tickets.of_case(case.id))[0]
    assert ticket.due_at == at(17, 30, day=at(0).date().replace(day=21))  # scenario 1: Sunday 20th works

    stock = a_reply(site.now, account="已处理。", customer_said="客户已清楚。", done="已结案。")
    assert await reply_to_ticket(site.storage, site.signals, site.rulebook, ticket.id, "l3", site.now, stock)
    assert (await site.case(case)).state is CaseState.L1_ISSUED
    assert not await reply_to_ticket(
        site.storage, site.signals, site.rulebook, ticket.id, "l3", site.now, a_reply(site.now)
    )
    redial = await site.case(case)
    assert (redial.state, redial.purpose, redial.round) == (CaseState.L1_REDIAL, Purpose.L1_CONFIRM, 1)

    site.now = at(18, 30)
    call = await site.connected()
    talk = await site.conversation(call)
    assert talk.script.id == "RD_L1_CONFIRM"
    await site.answer_everything(call)
    site.later(seconds=60)
    await site.hung_up(call)
    await site.wrapped_up()
    await site.sealed()
    assert (await site.case(case)).state is CaseState.CLOSED_SUCCESS
    async with site.storage.read() as work:
        assert (await work.tickets.get(ticket.id)).state is TicketState.CLOSED


async def test_what_a_dead_engine_left_is_accounted_for_once(site: Site):
    case = await site.a_case_is_due()
    call = await site.dialled()
    assert await take_over(site.storage, site.scripts, site.rulebook, "engine-1", [], site.now) == 1
    assert await take_over(site.storage, site.scripts, site.rulebook, "engine-1", [], site.now) == 0
    assert await site.outcomes(case) == [Outcome.TECH]
    async with site.storage.read() as work:
        assert (await work.calls.get(call)).outcome is Outcome.TECH


async def test_a_wrap_up_that_nobody_confirms_is_confirmed_by_rule_and_the_seat_pauses(site: Site):
    case = await site.a_case_is_due()
    call = await site.connected()
    await site.answer_everything(call)
    await site.hung_up(call)
    assert await finish_forgotten(site.storage, site.signals, site.scripts, site.rulebook, site.now) == 0
    site.later(minutes=16)
    assert await finish_forgotten(site.storage, site.signals, site.scripts, site.rulebook, site.now) == 1
    assert await site.outcomes(case) == [Outcome.SUCCESS]
    assert (await site.seat()).state is SeatState.PAUSED
    assert site.signals.topics == [DISPATCH, desk(SEAT), WALL]


async def test_when_a_site_closes_a_wrap_up_is_confirmed_at_once(site: Site):
    case = await site.a_case_is_due()
    call = await site.connected()
    await site.answer_everything(call)
    await site.hung_up(call)
    at_once = timedelta()
    assert await finish_forgotten(site.storage, site.signals, site.scripts, site.rulebook, site.now, after=at_once) == 1
    assert await site.outcomes(case) == [Outcome.SUCCESS]


async def test_a_forgotten_promise_that_no_time_is_left_for_goes_on_without_one(site: Site):
    case = await site.a_case_is_due()
    assert case.revisit_last_day is not None
    site.now = at(18, 50, day=case.revisit_last_day)
    call = await site.connected_when_due(case)
    await site.answer(call, "SELF")
    await site.report(call, "BUSY")
    await site.answer(call, "LATER")
    await site.hung_up(call)
    site.later(hours=3)
    assert await finish_forgotten(site.storage, site.signals, site.scripts, site.rulebook, site.now) == 1
    assert await site.outcomes(case) == [Outcome.INCOMPLETE]
    assert (await site.seat()).state is SeatState.PAUSED


async def test_a_forgotten_promise_gets_the_next_decent_hour(site: Site):
    case = await site.a_case_is_due()
    call = await site.connected()
    await site.answer(call, "SELF")
    await site.report(call, "BUSY")
    await site.answer(call, "LATER")
    await site.hung_up(call)
    site.later(minutes=16)
    await finish_forgotten(site.storage, site.signals, site.scripts, site.rulebook, site.now)
    promised = (await site.case(case)).appointment
    assert promised is not None
    assert promised.at == at(10, day=site.now.date() + timedelta(days=1))
