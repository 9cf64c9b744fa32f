"""The acceptance scenarios of rules §11 that go through transfer tickets, told through the use cases."""

from __future__ import annotations

from datetime import date

import pytest

from dialer.domain.call import Party
from dialer.domain.case import CaseState, Purpose
from dialer.domain.errors import ImpossibleMove
from dialer.domain.outcome import Outcome
from dialer.domain.phone import PhoneKind, PhoneNumber, PhoneSource, PhoneStatus
from dialer.domain.problem import ProblemLevel, ProblemType
from dialer.domain.reply import Objection
from dialer.domain.ticket import TicketState
from dialer.ports.storage import NumberOfHolder
from dialer.usecases.close_case import accept_correction
from tests.builders import a_holder, a_number, a_policy, a_ticket, moved
from tests.usecases.site import Site, a_reply, on


@pytest.fixture
async def not_mine(site: Site) -> dict[str, str]:
    """The customer says: I did not sign this."""
    node = site.scripts.latest("NB_PARTICIPATING").node("M060_SIGN_HOLDER")
    return {node.id: next(option.code for option in node.options if option.raises_problem)}


async def _given_up(site: Site, case) -> None:
    while await site.rings_out_when_due(case) is not None:
        pass


async def test_scenario_08_a_contract_not_received_is_an_l2_with_a_receipt_conflict_and_is_asked_again(site: Site):
    case = await site.a_case_is_due()
    call = await site.connected()
    await site.answer_everything(call, M050_RECEIPT="NOT_RECEIVED")
    await site.over(call)
    await site.sealed()

    found = await site.case(case)
    assert found.state is CaseState.L2_OPEN
    assert {"RECEIPT_CONFLICT", "REVISIT_AFTER_DELIVERY"} <= found.flags
    (ticket,) = await site.tickets(case)
    assert (ticket.level, ticket.urgent) == (ProblemLevel.L2, True)
    assert [item.problem.type for item in ticket.items] == [ProblemType.CONTRACT_NOT_RECEIVED]

    await site.sent_down_and_answered(case)
    again = await site.case(case)
    assert (again.state, again.purpose, again.round) == (CaseState.L2_RECONFIRM, Purpose.L2_RECONFIRM, 1)
    call = await site.connected_when_due(case)
    talk = await site.conversation(call)
    assert talk.script.id == "RD_L2_RECONFIRM"
    assert {"RECEIPT", "LIABILITY", "FREELOOK"} <= set(talk.facts.pending_items)
    await site.answer_everything(call)
    await site.over(call)
    await site.sealed()
    assert (await site.case(case)).state is CaseState.CLOSED_SUCCESS
    assert [each.state for each in await site.tickets(case)] == [TicketState.CLOSED]


async def test_an_l2_that_needs_no_second_call_is_archived_only_with_its_recording(site: Site):
    case = await site.a_case_is_due()
    await site.talked(case, M175_ANY="CONSULT", S1710_CONSULT="TRANSFER")
    assert (await site.case(case)).state is CaseState.L2_OPEN
    ticket = await site.sent_down_and_answered(case)
    waiting = await site.case(case)
    assert (waiting.state, ticket.state) == (CaseState.L2_REPLIED, TicketState.ACCEPTED)

    await site.sealed()
    closed = await site.case(case)
    assert (closed.state, closed.in_free_look) == (CaseState.CLOSED_PROBLEM_HANDLED, True)
    assert [each.state for each in await site.tickets(case)] == [TicketState.CLOSED]


async def test_an_l2_whose_recording_is_no_proof_is_not_archived_but_asked_again(site: Site):
    case = await site.a_case_is_due()
    call = await site.connected()
    await site.answer_everything(call, M050_RECEIPT="YES", M175_ANY="CONSULT", S1710_CONSULT="TRANSFER")
    started = (await site.conversation(call)).stored.started_at
    site.now = started.replace(second=started.second + 20)
    await site.hung_up(call)
    await site.wrapped_up()
    await site.sealed()
    await site.sent_down_and_answered(case)

    again = await site.case(case)
    assert (again.state, again.purpose) == (CaseState.L2_RECONFIRM, Purpose.L2_RECONFIRM)
    assert "RECORDING_UNFIT" in again.flags


async def test_scenario_10_the_second_holder_of_a_shared_phone_is_verified_for_themselves(site: Site):
    number = a_number()
    first = await site.a_case_is_due(number=number, rank=1)
    second = await site.a_case_is_due(number=number, rank=2)
    call = await site.talked(first)
    async with site.storage.read() as work:
        assert [attempt.case_id for attempt in await work.calls.attempts_of(call)] == [first.id]
    call = await site.connected_when_due(second)
    current = await site.answer_until(call, "M030_VERIFY")
    assert current.attempt.case_id == second.id
    await site.answer_everything(call)
    await site.over(call)
    await site.sealed()
    assert [(await site.case(each)).state for each in (first, second)] == [CaseState.CLOSED_SUCCESS] * 2


async def test_scenario_12_a_new_number_from_a_reply_is_dialled_first_with_the_stronger_check(site: Site):
    case = await site.a_case_is_due()
    call = await site.connected()
    await site.answer(call, "WRONG_NUMBER")
    await site.answer_everything(call)
    await site.over(call)
    assert await site.outcomes(case) == [Outcome.WRONG_NUMBER]
    assert (await site.case(case)).state is CaseState.U_OPEN

    await site.extraction()
    (ticket,) = await site.tickets(case)
    assert await site.reply(ticket) == (Objection.NUMBER_NEEDED,), "there would be nothing to dial"
    assert not await site.reply(ticket, new_phone="13911112222", new_phone_owner="王小明本人")
    again = await site.case(case)
    assert (again.state, again.phone_changed) == (CaseState.U_REDIAL, True)
    assert "PHONE_CHANGED" in again.flags
    old, new = await site.phones(case)
    assert (old.status, new.status, new.verified_by) == (PhoneStatus.WRONG, PhoneStatus.OK, "李明")

    call = await site.connected_when_due(case)
    async with site.storage.read() as work:
        assert (await work.calls.get(call)).phone_id == new.id
    await site.answer_until(call, "M035_VERIFY_STRONG")
    await site.answer_everything(call)
    await site.over(call)
    await site.sealed()
    assert (await site.case(case)).state is CaseState.CLOSED_SUCCESS
    assert (await site.phones(case))[0].status is PhoneStatus.WRONG


async def test_a_new_number_that_is_a_salespersons_or_has_three_other_holders_is_sent_back(site: Site):
    planted, family, everybodys = "13911112222", "13911113333", "13911114444"
    async with site.storage.begin() as work:
        await work.policies.mark_staff_numbers([PhoneNumber.parse(planted)])
        for number, holders in ((family, 2), (everybodys, 3)):
            others = [await work.policies.put(a_policy(), a_holder(), "d", site.now) for _ in range(holders)]
            theirs = [NumberOfHolder(other, PhoneNumber.parse(number), PhoneKind.MOBILE) for other in others]
            await work.policies.put_phones(theirs, PhoneSource.APPLICATION, site.now)
    case = await site.a_case_is_due()
    await _given_up(site, case)
    await site.extraction()
    (ticket,) = await site.tickets(case)

    assert await site.reply(ticket, new_phone=planted, new_phone_owner="本人") == (Objection.PHONE_IS_STAFF,)
    assert await site.reply(ticket, new_phone=everybodys, new_phone_owner="本人") == (Objection.PHONE_OF_OTHERS,)
    assert not await site.reply(ticket, new_phone=family, new_phone_owner="本人")


async def test_scenario_12_a_new_number_is_dialled_before_one_that_only_did_not_answer(site: Site):
    case = await site.a_case_is_due()
    await _given_up(site, case)
    await site.sent_down_and_answered(case, new_phone="13911112222", new_phone_owner="王小明本人")
    call = await site.wait_for_call(case)
    assert call is not None
    new = (await site.phones(case))[-1]
    async with site.storage.read() as work:
        assert (await work.calls.get(call)).phone_id == new.id


async def test_scenario_14_nobody_came_makes_a_second_ticket_with_what_is_still_open(
    site: Site, not_mine: dict[str, str]
):
    case = await site.a_case_is_due()
    await site.talked(case, **not_mine)
    await site.sealed()
    await site.sent_down_and_answered(case)
    await site.talked(case, M040_REVIEW="NO", S420R_NOT_CONTACTED="STILL")

    again = await site.case(case)
    assert (again.state, again.round) == (CaseState.L1_OPEN, 1)
    assert "REPLY_FALSE_SUSPECT" in again.flags
    first, second = await site.tickets(case)
    assert (first.state, second.state) == (TicketState.CLOSED, TicketState.CREATED)
    assert (second.level, second.round) == (ProblemLevel.L1, 1)
    assert {item.problem.subtype for item in second.items} >= {"NOT_CONTACTED"}
    assert {item.problem.type for item in second.items} == {ProblemType.NOT_OWN_SIGNATURE}

    await site.sent_down_and_answered(case)
    await site.talked(case)
    await site.sealed()
    assert (await site.case(case)).state is CaseState.CLOSED_SUCCESS


async def test_a_corrected_reply_closes_the_case_on_the_call_that_found_it_untrue(site: Site, not_mine: dict[str, str]):
    case = await site.a_case_is_due()
    await site.talked(case, **not_mine)
    await site.sent_down_and_answered(case)
    await site.talked(case, M040_REVIEW="NO", S420R_NOT_CONTACTED="SOLVED_SELF")
    await site.sealed()
    assert (await site.case(case)).state is CaseState.REPLY_CORRECTION
    (ticket,) = await site.tickets(case)

    empty = a_reply(site.now, account="", customer_said="已联系", done="")
    assert await accept_correction(site.storage, site.rulebook, ticket.id, "l3", site.now, empty)
    assert (await site.case(case)).state is CaseState.REPLY_CORRECTION
    true = a_reply(site.now, means="电话")
    assert not await accept_correction(site.storage, site.rulebook, ticket.id, "l3", site.now, true)
    assert (await site.case(case)).state is CaseState.CLOSED_SUCCESS
    assert [each.state for each in await site.tickets(case)] == [TicketState.CLOSED]
    assert len(await site.outcomes(case)) == 2
    with pytest.raises(ImpossibleMove):
        await accept_correction(site.storage, site.rulebook, ticket.id, "l3", site.now, true)


async def test_an_l1_redial_that_reaches_nobody_stays_an_l1_and_never_reads_out_our_own_failure(
    site: Site, not_mine: dict[str, str]
):
    case = await site.a_case_is_due()
    await site.talked(case, **not_mine)
    await site.sent_down_and_answered(case)
    await _given_up(site, case)
    again = await site.case(case)
    assert (again.state, again.round) == (CaseState.L1_OPEN, 1)
    assert {item.problem.type for item in (await site.tickets(case))[1].items} >= {ProblemType.NOT_OWN_SIGNATURE}

    await site.sent_down_and_answered(case)
    call = await site.connected_when_due(case)
    talk = await site.conversation(call)
    assert talk.script.id == "RD_L1_CONFIRM"
    assert talk.facts.variables["problem_brief_text"] == "非本人签名"


async def test_a_surrender_wish_in_the_confirming_call_does_not_make_the_l1_smaller(
    site: Site, not_mine: dict[str, str]
):
    case = await site.a_case_is_due()
    await site.talked(case, **not_mine)
    await site.sent_down_and_answered(case)
    call = await site.connected_when_due(case)
    await site.answer_until(call, "M044_SOLVED")
    await site.answer(call, "SURRENDER")
    await site.answer(call, "NO_REASON")
    await site.answer(call, "STOP")
    await site.over(call)

    assert (await site.case(case)).state is CaseState.L1_OPEN
    ticket = (await site.tickets(case))[-1]
    assert ticket.level is ProblemLevel.L1
    assert {item.problem.type for item in ticket.items} == {
        ProblemType.NOT_OWN_SIGNATURE,
        ProblemType.SURRENDER_REQUEST,
    }
    assert "SURRENDER_REFERRAL" in await site.referrals(case)


async def test_scenario_16_a_third_failed_round_gets_no_fourth_ticket_but_another_channel(site: Site):
    case = await site.a_case_is_due()
    await _given_up(site, case)
    for _ in range(3):
        assert (await site.case(case)).state is CaseState.U_OPEN
        await site.sent_down_and_answered(case)
        await _given_up(site, case)

    assert (await site.case(case)).state is CaseState.ALT_CHANNEL
    assert [(ticket.round, ticket.state) for ticket in await site.tickets(case)] == [
        (number, TicketState.CLOSED) for number in range(3)
    ]
    assert await site.extraction() == 0


async def test_scenario_17_a_surrender_wish_near_the_end_goes_down_at_once_with_four_working_hours(site: Site):
    received = a_policy(product_code="DEMO-PAR", receipt_date=date(2026, 9, 7), receipt_entered_on=date(2026, 9, 7))
    site.now = on(9, 21, 10)  # day 14 of 15, a Monday
    case = await site.a_case_is_due(received)
    call = await site.connected()
    await site.answer_until(call, "M110_FREELOOK")
    await site.report(call, "SURRENDER")
    await site.answer(call, "REASON", surrender_reason="家里急用钱")
    await site.answer(call, "STOP")
    await site.over(call)

    assert (await site.case(case)).state is CaseState.L2_OPEN
    assert await site.referrals(case) == ["SURRENDER_REFERRAL"]
    site.now = on(9, 21, 10, 30)
    assert await site.extraction(only_urgent=True) == 1
    (ticket,) = await site.tickets(case)
    assert [item.problem.type for item in ticket.items] == [ProblemType.SURRENDER_REQUEST]
    assert ticket.issued_at == on(9, 21, 10, 30)
    assert ticket.due_at is not None
    assert ticket.issued_at < ticket.due_at <= on(9, 21, 17, 30)


async def test_scenario_17_a_surrender_wish_early_in_the_free_look_waits_for_the_extraction(site: Site):
    case = await site.a_case_is_due()
    await site.talked(case, M175_ANY="SURRENDER", S900_SURRENDER="NO_REASON", S902_SURRENDER_END="STOP")
    assert await site.extraction(only_urgent=True) == 0
    assert await site.extraction() == 1


async def test_scenario_18_a_withdrawn_surrender_wish_is_a_flag_and_no_problem(site: Site):
    case = await site.a_case_is_due()
    call = await site.connected()
    before = await site.answer_until(call, "M110_FREELOOK")
    await site.report(call, "SURRENDER")
    back = await site.answer(call, "CHANGE_MIND")
    assert back.interview.node == before.interview.node
    await site.answer_everything(call)
    await site.over(call)
    await site.sealed()

    closed = await site.case(case)
    assert closed.state is CaseState.CLOSED_SUCCESS
    assert "SURRENDER_WITHDRAWN" in closed.flags
    assert await site.tickets(case) == []


async def _l1_then_hang_up(site: Site, not_mine: dict[str, str]) -> None:
    call = await site.connected()
    for node, option in not_mine.items():
        await site.answer_until(call, node)
        await site.answer(call, option)
    await site.hung_up(call, Party.CUSTOMER)
    await site.wrapped_up()


async def _answered_while_waiting(site: Site, case) -> None:
    site.now = site.now.replace(hour=9, minute=50)
    await site.extraction()
    assert not await site.reply((await site.tickets(case))[0])


async def test_an_early_l1_answered_before_the_second_call_is_confirmed_in_that_call(
    site: Site, not_mine: dict[str, str]
):
    case = await site.a_case_is_due()
    await _l1_then_hang_up(site, not_mine)
    await _answered_while_waiting(site, case)
    waiting = await site.case(case)
    assert (waiting.state, waiting.purpose, waiting.round) == (CaseState.RETRY_WAIT, Purpose.L1_CONFIRM, 1)

    call = await site.connected_when_due(case)
    talk = await site.conversation(call)
    assert talk.script.id == "RD_L1_CONFIRM"
    assert {"LIABILITY", "FREELOOK"} <= set(talk.facts.pending_items)
    await site.answer_everything(call)
    await site.over(call)
    await site.sealed()
    assert (await site.case(case)).state is CaseState.CLOSED_SUCCESS
    assert [ticket.state for ticket in await site.tickets(case)] == [TicketState.CLOSED]


async def test_an_early_answer_does_not_break_a_promised_time(site: Site, not_mine: dict[str, str]):
    case = await site.a_case_is_due()
    call = await site.connected()
    for node, option in not_mine.items():
        await site.answer_until(call, node)
        await site.answer(call, option)
    await site.report(call, "BUSY")
    await site.answer(call, "TIME")
    await site.hung_up(call)
    await site.wrapped_up(appointment_at=on(9, 18, 15, 15))
    await _answered_while_waiting(site, case)

    waiting = await site.case(case)
    assert (waiting.state, waiting.next_at) == (CaseState.APPOINTMENT, on(9, 18, 15, 15))
    await site.wait_for_call(case)
    assert site.now == on(9, 18, 15, 15)


@pytest.mark.parametrize("ends_as", ["talk", "nobody"])
async def test_an_early_l1_answered_during_the_second_call_goes_on_after_it(
    site: Site, not_mine: dict[str, str], ends_as: str
):
    case = await site.a_case_is_due()
    await _l1_then_hang_up(site, not_mine)
    await site.extraction()
    call = await site.wait_for_call(case)
    assert call is not None
    if ends_as == "talk":
        await site.answered(call)
        assert not await site.reply((await site.tickets(case))[0])
        await site.answer_everything(call)
        await site.over(call)
        expected = CaseState.L1_REDIAL
    else:
        assert not await site.reply((await site.tickets(case))[0])
        await site.rings_out(call)
        expected = CaseState.RETRY_WAIT
    after = await site.case(case)
    assert (after.state, after.purpose, after.round) == (expected, Purpose.L1_CONFIRM, 1)

    await site.talked(case)
    await site.sealed()
    assert (await site.case(case)).state is CaseState.CLOSED_SUCCESS


async def test_what_is_heard_after_the_answer_gets_a_ticket_of_its_own(site: Site, not_mine: dict[str, str]):
    case = await site.a_case_is_due()
    await _l1_then_hang_up(site, not_mine)
    await site.extraction()
    call = await site.connected_when_due(case)
    assert not await site.reply((await site.tickets(case))[0])
    await site.answer_everything(call, M165_CONDUCT="PROMISE")
    await site.over(call)

    after = await site.case(case)
    first, second = await site.tickets(case)
    assert (after.state, after.round) == (CaseState.L1_OPEN, 1)
    assert (first.state, second.state) == (TicketState.CLOSED, TicketState.CREATED)
    assert {item.problem.type for item in second.items} == {
        ProblemType.NOT_OWN_SIGNATURE,
        ProblemType.AGENT_VIOLATION,
    }


async def test_an_l1_heard_before_a_refusal_has_its_ticket_and_its_answer(site: Site, not_mine: dict[str, str]):
    case = await site.a_case_is_due()
    call = await site.connected()
    for node, option in not_mine.items():
        await site.answer_until(call, node)
        await site.answer(call, option)
    await site.report(call, "REFUSE")
    await site.answer(call, "REFUSE_CONFIRMED")
    await site.answer(call, "END")
    await site.over(call)

    assert (await site.case(case)).state is CaseState.REFUSAL_QA
    assert [ticket.level for ticket in await site.tickets(case)] == [ProblemLevel.L1]


async def test_a_reply_with_the_same_number_revives_it(site: Site):
    case = await site.a_case_is_due()
    for _ in range(2):
        call = await site.wait_for_call(case)
        assert call is not None
        await site.found_vacant(call)
    assert (await site.case(case)).state is CaseState.U_OPEN
    assert await site.problems(case) == [(0, ProblemType.VACANT_NUMBER)]
    assert [phone.status for phone in await site.phones(case)] == [PhoneStatus.VACANT]

    await site.sent_down_and_answered(case)
    assert [phone.status for phone in await site.phones(case)] == [PhoneStatus.OK]
    assert not (await site.case(case)).phone_changed
    await site.talked(case)
    await site.sealed()
    assert (await site.case(case)).state is CaseState.CLOSED_SUCCESS


async def test_a_reply_with_a_new_number_leaves_the_vacant_one_dead(site: Site):
    case = await site.a_case_is_due()
    for _ in range(2):
        call = await site.wait_for_call(case)
        assert call is not None
        await site.found_vacant(call)
    await site.sent_down_and_answered(case, new_phone="13911112222", new_phone_owner="王小明本人")
    assert [phone.status for phone in await site.phones(case)] == [PhoneStatus.VACANT, PhoneStatus.OK]


async def test_a_reply_that_nobody_can_be_contacted_leads_to_another_channel(site: Site):
    case = await site.a_case_is_due()
    await _given_up(site, case)
    ticket = await site.sent_down_and_answered(case, cannot_contact=True, contacted_whom="", customer_said="")

    assert (await site.case(case)).state is CaseState.ALT_CHANNEL
    assert ticket.state is TicketState.CLOSED


async def test_a_reply_to_a_ticket_that_is_not_out_is_refused_however_bad_it_is(site: Site):
    case = await site.a_case_is_due()
    await _given_up(site, case)
    (ticket,) = await site.tickets(case)
    with pytest.raises(ImpossibleMove):
        await site.reply(ticket, account="", done="", customer_said="")
    async with site.storage.read() as work:
        assert await work.tickets.replies(ticket.id) == []


@pytest.mark.slow
async def test_more_tickets_than_a_page_holds_go_down_in_one_extraction(site: Site):
    """One ticket's row is enough for a fresh case; 501 of them are more than the shelf's usual page."""
    case = await site.a_case_is_due(state=CaseState.U_OPEN)
    async with site.storage.begin() as work:
        for number in range(501):
            await work.tickets.add(a_ticket(case_id=case.id, round=number), moved())
    assert await site.extraction() == 501
