"""What happened before somebody opens the page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from dialer.domain.call import CallId
from dialer.domain.case import CaseState, RevisitCase
from dialer.domain.holder import Policyholder
from dialer.domain.policy import Policy
from dialer.domain.problem import Problem, ProblemLevel, ProblemType
from dialer.domain.recording import RecordingState
from dialer.domain.ticket import TicketEvent, TicketItem, TransferTicket
from dialer.domain.waveform import Waveform
from dialer.ports.storage import Recording
from dialer.usecases.issue_tickets import issue_tickets
from tests.builders import a_seal, a_ticket, at, moved
from tests.console.desk import Console, Visitor

REPLY = {
    "contacted_by": "李明",
    "contacted_whom": "王小明",
    "contacted_at": "2026-09-18T16:30",
    "means": "上门",
    "account": "到客户家中拜访，向客户逐条说明了保险责任、责任免除和缴费期限，客户当场翻看了合同。",
    "customer_said": "客户表示现在已经看懂，没有其他疑问。",
    "done": "当面讲解合同，客户重新签字确认。",
    "attachment_note": "补签字影像一份",
}


@dataclass(frozen=True)
class Branch:
    """Places of the organisation, as paths."""

    province: str = "44"
    city: str = "44/4401"
    county: str = "44/4401/440104"
    department: str = "44/4401/BANK"


BRANCH = Branch()


async def a_ticket_of_the_county(
    console: Console, level: ProblemLevel = ProblemLevel.U, holder: Policyholder | None = None
) -> TransferTicket:
    """Issued at 16:00 for a policy of the county, without the call that led to it."""
    site = console.site
    state, problem = _ISSUED[level]
    case = await site.a_case_is_due(holder=holder, org=BRANCH.county, state=state)
    site.now = at(16)
    new = a_ticket(case_id=case.id, level=level, org=BRANCH.county, items=(TicketItem(Problem(problem), "没接到电话"),))
    async with site.storage.begin() as work:
        ticket = replace(await work.tickets.add(new, moved()), issued_at=site.now, due_at=at(17, 30, day=_MONDAY))
        ticket = await work.tickets.move(ticket, TicketEvent.ISSUED, moved(when=site.now))
    site.later(minutes=10)
    return ticket


_MONDAY = date(2026, 9, 21)
_ISSUED = {
    ProblemLevel.U: (CaseState.U_ISSUED, ProblemType.UNREACHABLE),
    ProblemLevel.L1: (CaseState.L1_ISSUED, ProblemType.NOT_OWN_SIGNATURE),
    ProblemLevel.L2: (CaseState.L2_ISSUED, ProblemType.OTHER),
}


async def a_forwarded_ticket(console: Console, handler: Visitor, holder: Policyholder | None = None) -> TransferTicket:
    """A 回访不成功 that the city has sent to its county."""
    ticket = await a_ticket_of_the_county(console, holder=holder)
    response = await handler.post(f"/tickets/{ticket.id}/forward", unit=BRANCH.county)
    assert response.status == 303
    return ticket


async def a_refusal(console: Console) -> tuple[RevisitCase, CallId]:
    """A case whose holder refused, its recording not sealed yet."""
    site = console.site
    case = await site.a_case_is_due()
    await site.seat_is_ready()
    call = await site.connected()
    await site.answer(call, "SELF")
    await site.report(call, "REFUSE")
    talk = await site.conversation(call)
    while not talk.interview.is_over:
        options = [option.code for option in talk.script.node(talk.interview.node).options]
        talk = await site.answer(call, next((code for code in options if "REFUSE" in code), options[-1]))
    await site.hung_up(call)
    await site.wrapped_up()
    return await site.case(case), call


async def a_sealed_talk(console: Console, folder: Path, size_bytes: int = 1000) -> Recording:
    """A case of Guangzhou that was talked through, its recording in the store."""
    site = console.site
    await site.a_case_is_due()
    await site.seat_is_ready()
    call = await site.connected()
    await site.answer_everything(call)
    await site.hung_up(call)
    await site.wrapped_up()
    return await sealed_in_store(console, folder, call, size_bytes)


async def sealed_in_store(console: Console, folder: Path, call: CallId, size_bytes: int = 1000) -> Recording:
    """A call's sound is sealed and can be heard; somebody has looked at it."""
    (folder / "sound").write_bytes(bytes(size_bytes))
    await console.store.put("talk.ogg", folder / "sound")
    async with console.site.storage.begin() as work:
        recording = (await work.recordings.of_call(call))[0]
        await work.recordings.put_waveform(recording.id, Waveform(b"\x40", b"\x20"))
        seal = a_seal(call, key="talk.ogg", size_bytes=size_bytes)
        return await work.recordings.save(replace(recording, state=RecordingState.SEALED, seal=seal))


async def an_issued_l1(console: Console, policy: Policy | None = None) -> TransferTicket:
    """An L1 of Guangzhou (44/4401), issued at 16:00."""
    site = console.site
    case = await site.a_case_is_due(policy)
    await site.seat_is_ready()
    call = await site.connected()
    node = (await site.conversation(call)).script.node("M060_SIGN_HOLDER")
    not_mine = next(option.code for option in node.options if option.raises_problem)
    await site.answer_everything(call, M060_SIGN_HOLDER=not_mine)
    await site.hung_up(call)
    await site.wrapped_up()
    site.now = at(16)
    await issue_tickets(site.storage, site.rulebook, site.now)
    async with site.storage.read() as work:
        return (await work.tickets.of_case(case.id))[0]


async def an_untrue_reply(console: Console, handler: Visitor, ticket: TransferTicket) -> None:
    """The ticket was answered, and the customer, content all the same, says that nobody ever came."""
    site = console.site
    assert (await handler.post(f"/tickets/{ticket.id}/reply", None, **REPLY)).status == 303
    await site.sealed()
    site.now = at(18, 30)
    call = await site.connected()
    await site.answer_everything(call, M040_REVIEW="NO", S420R_NOT_CONTACTED="SOLVED_SELF")
    site.later(seconds=60)
    await site.hung_up(call)
    await site.wrapped_up()
    await site.sealed()
