"""The whole way of the paper, step by step and hand by hand (rules §5.5, §12 C-03)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from dialer.domain.attachment import AttachmentTooLarge, AttachmentTypeRefused, TooManyAttachments
from dialer.domain.case import CaseState
from dialer.domain.errors import ImpossibleMove, NotAllowed, NotFound, ReasonMissing, StaleVersion
from dialer.domain.problem import Problem, ProblemLevel, ProblemType
from dialer.domain.reply import Objection
from dialer.domain.ticket import TicketEvent, TicketId, TicketItem, TicketState, TransferTicket
from dialer.domain.user import Role, User
from dialer.ports.topics import DISPATCH
from dialer.recording.local_store import LocalStore
from dialer.usecases.attach_to_ticket import ReceivedFile, attach_to_ticket, attachment_in_scope, take_back
from dialer.usecases.check_ticket import (
    ScanMissing,
    accept_answer,
    reject_answer,
    return_to_branch,
    send_back,
)
from dialer.usecases.hand_down_ticket import (
    SignatureInvalid,
    UnitRefused,
    forward_ticket,
    hand_to_salesperson,
    take_ticket,
)
from dialer.usecases.look_at_tickets import TicketView, ledger, ticket_file, tickets
from dialer.usecases.reply_from_below import add_statement, keep_draft, look_over_draft, send_reply
from tests.builders import a_ticket, a_user, at, moved
from tests.usecases.site import Site, a_reply, on

COUNTY = "440000/440100/440104"
NO_TICKET = TicketId(0)
PNG = b"\x89PNG\r\n\x1a\n"


@dataclass
class Desks:
    """The people of one city and its neighbour, and a ticket of theirs."""

    site: Site
    people: dict[str, User]
    id: TicketId = NO_TICKET

    def __getattr__(self, name: str) -> User:
        return self.people[name]

    async def ticket(self) -> TransferTicket:
        async with self.site.storage.read() as work:
            return await work.tickets.get(self.id)

    async def forwarded(self, unit: str = COUNTY) -> None:
        await forward_ticket(self.site.storage, self.l3, self.id, unit, self.site.now)

    async def signed(self, **changes: Any) -> None:
        given: dict[str, Any] = {"salesperson_code": "S0001", "signed_by": "李业务", "signed_at": None}
        await hand_to_salesperson(self.site.storage, self.l4, self.id, self.site.now, **given | changes)

    async def replied(self, by: User, **changes: Any) -> tuple[Objection, ...]:
        reply = a_reply(self.site.now, **changes)
        return tuple(
            await send_reply(
                self.site.storage, self.site.signals, self.site.rulebook, by, self.id, self.site.now, reply
            )
        )

    async def seen_by(self, user: User, view: TicketView | None = None) -> list[TicketId]:
        found = await tickets(self.site.storage, user, self.site.rulebook.calendar, self.site.now, view)
        return [line.ticket.id for line in found.lines]

    async def file(self, user: User) -> Any:
        return await ticket_file(self.site.storage, user, self.id, self.site.rulebook.calendar, self.site.now)

    async def attached(self, path: Any, by: User, content: bytes = PNG + b"scan", **changes: Any) -> Any:
        path.write_bytes(content)
        sha256 = changes.pop("sha256", f"{len(content):064}")
        file = ReceivedFile("签字页.png", path, len(content), sha256, content[:8])
        rules = replace(self.site.rulebook.tickets, **changes)
        store = LocalStore(path.parent / "papers")
        return await attach_to_ticket(self.site.storage, store, rules, by, self.id, file, self.site.now)


_PEOPLE = {
    "dispatch": (Role.CC_DISPATCH, "440000", ""),
    "l3": (Role.L3_HANDLER, "440000/440100", ""),
    "l4": (Role.L4_CLERK, COUNTY, ""),
    "department": (Role.DEPT_CLERK, "440000/440100/BANK", ""),
    "independent": (Role.INDEP_HANDLER, "440000/440100", ""),
    "sales": (Role.SALES, "440000/440100", "S0001"),
    "other_sales": (Role.SALES, "440000/440100", "S0002"),
    "nobodys_sales": (Role.SALES, "", ""),
    "other_l3": (Role.L3_HANDLER, "440000/440300", ""),
    "other_l4": (Role.L4_CLERK, "440000/440100/440106", ""),
}


@pytest.fixture
async def desks(site: Site) -> Desks:
    people = {
        name: a_user(login=name.replace("_", "-"), name=name, role=role, org=org, salesperson_code=code)
        for name, (role, org, code) in _PEOPLE.items()
    }
    async with site.storage.begin() as work:
        for person in people.values():
            await work.floor.add_user(person)
    return Desks(site, people)


_ISSUED = {
    ProblemLevel.U: (CaseState.U_ISSUED, ProblemType.UNREACHABLE),
    ProblemLevel.L1: (CaseState.L1_ISSUED, ProblemType.NOT_OWN_SIGNATURE),
    ProblemLevel.L2: (CaseState.L2_ISSUED, ProblemType.OTHER),
}


async def _issue(desks: Desks, level: ProblemLevel, round_no: int = 0) -> None:
    """A ticket of the county, issued on Friday at 16:00; due on Monday at 17:30, Sunday being a working day."""
    site = desks.site
    state, problem = _ISSUED[level]
    case = await site.a_case_is_due(org=COUNTY, state=state, round=round_no)
    site.now = at(16)
    ticket = a_ticket(case_id=case.id, level=level, round=round_no, org=COUNTY, items=(TicketItem(Problem(problem)),))
    async with site.storage.begin() as work:
        ticket = await work.tickets.add(ticket, moved(when=site.now))
        ticket = replace(ticket, issued_at=site.now, due_at=on(9, 21, 17, 30))
        await work.tickets.move(ticket, TicketEvent.ISSUED, moved(when=site.now))
    desks.id = ticket.id
    site.later(minutes=10)


@pytest.fixture
async def u(desks: Desks) -> Desks:
    await _issue(desks, ProblemLevel.U)
    return desks


@pytest.fixture
async def l1(desks: Desks) -> Desks:
    await _issue(desks, ProblemLevel.L1)
    return desks


@pytest.fixture
async def l2(desks: Desks) -> Desks:
    await _issue(desks, ProblemLevel.L2)
    return desks


async def test_a_ticket_goes_down_is_signed_answered_checked_and_accepted(u: Desks):
    site, case_id = u.site, (await u.ticket()).case_id
    await u.forwarded()
    await u.signed()
    assert not await u.replied(u.sales)
    waiting = await u.ticket()
    assert (waiting.state, waiting.replied_at, waiting.signed_by) == (TicketState.REPLIED, None, "李业务")
    site.later(minutes=5)
    await return_to_branch(site.storage, u.l3, u.id, site.now, "已核对，号码为本人")
    assert (await u.ticket()).replied_at == site.now
    async with site.storage.read() as work:
        assert (await work.cases.get(case_id)).state is CaseState.U_ISSUED
    assert DISPATCH not in site.signals.topics
    await accept_answer(site.storage, site.signals, site.rulebook, u.dispatch, u.id, site.now)
    assert DISPATCH in site.signals.topics
    async with site.storage.read() as work:
        assert (await work.cases.get(case_id)).state is CaseState.U_REDIAL
        history = [(row.event, row.actor, row.to_state) for row in await work.tickets.history(u.id)][2:]
    assert history == [
        ("FORWARDED", "l3", "FORWARDED_TO_L4"),
        ("SIGNED", "l4", "SIGNED_BY_SALES"),
        ("REPLIED", "sales", "REPLIED"),
        ("CHECKED", "l3", "L3_CHECKED"),
        ("RETURNED", "l3", "RETURNED_TO_BRANCH"),
        ("ACCEPTED", "dispatch", "ACCEPTED"),
    ]


async def test_the_short_way_stays_the_third_levels_own_answer_counts_at_once(u: Desks):
    await u.forwarded()
    assert not await u.replied(u.l3)
    assert (await u.ticket()).state is TicketState.ACCEPTED


async def test_an_answer_that_is_sent_back_says_why_and_is_handed_down_again(u: Desks):
    site = u.site
    await u.forwarded()
    assert not await u.replied(u.l4)
    with pytest.raises(ReasonMissing):
        await send_back(site.storage, u.l3, u.id, "", site.now)
    await send_back(site.storage, u.l3, u.id, "未说明号码归属", site.now)
    assert (await u.ticket()).state is TicketState.ISSUED_TO_L3
    assert (await u.file(u.l4)).history[-1].detail["reason"] == "未说明号码归属"
    await u.forwarded()
    assert (await u.ticket()).state is TicketState.FORWARDED_TO_L4


async def test_the_clock_goes_on_when_the_branch_does_not_take_the_answer(u: Desks):
    site = u.site
    await u.forwarded()
    await u.replied(u.l4)
    await return_to_branch(site.storage, u.l3, u.id, site.now)
    site.now = on(9, 22, 9)
    assert not (await u.ticket()).overdue(site.now)
    await reject_answer(site.storage, u.dispatch, u.id, "与客户所述不符", site.now)
    late = await u.ticket()
    assert (late.state, late.overdue(site.now)) == (TicketState.ISSUED_TO_L3, True)


async def test_the_third_level_that_sits_on_an_answer_lets_the_ticket_be_late(u: Desks):
    await u.forwarded()
    await u.replied(u.l4)
    u.site.now = on(9, 21, 17, 31)
    assert await u.seen_by(u.l3, TicketView.OVERDUE) == [u.id]


async def test_everybody_sees_their_own_tickets_only(u: Desks):
    async def seers() -> set[str]:
        return {name for name, person in u.people.items() if u.id in await u.seen_by(person, TicketView.EVERY)}

    assert await seers() == {"dispatch", "l3", "l4"}
    await u.forwarded("440000/440100/BANK")
    assert await seers() == {"dispatch", "l3", "department"}
    await u.forwarded()
    assert await seers() == {"dispatch", "l3", "l4"}
    await u.signed()
    assert await seers() == {"dispatch", "l3", "l4", "sales"}
    for person in (u.other_sales, u.nobodys_sales, u.other_l3, u.other_l4, u.department, u.independent):
        with pytest.raises(NotFound):
            await u.file(person)
        with pytest.raises(NotFound):
            await take_ticket(u.site.storage, person, u.id, u.site.now)
        with pytest.raises(NotFound):
            await keep_draft(u.site.storage, person, u.id, {"account": "x"}, u.site.now)


async def test_the_independent_handler_sees_first_level_tickets(l1: Desks):
    assert await l1.seen_by(l1.independent) == [l1.id]


@pytest.mark.parametrize("unit", ["", "440000/440100", "440000/440300/440305", "440000/440100/440199", "44"])
async def test_a_ticket_is_forwarded_to_a_unit_of_its_own_city_and_nowhere_else(u: Desks, unit: str):
    with pytest.raises(UnitRefused):
        await u.forwarded(unit)


async def test_the_own_county_is_offered_first_and_then_who_has_a_clerk(u: Desks):
    offered = (await u.file(u.l3)).destinations
    assert [each.org for each in offered] == [COUNTY, "440000/440100/440106", "440000/440100/BANK"]
    assert offered[0].people == ("l4",)


@pytest.mark.parametrize(
    "wrong",
    [{"signed_by": ""}, {"salesperson_code": ""}, {"signed_at": on(9, 18, 15)}, {"signed_at": on(9, 19, 9)}],
)
async def test_a_signature_has_a_name_and_a_time_that_can_be(u: Desks, wrong: dict[str, Any]):
    await u.forwarded()
    with pytest.raises(SignatureInvalid):
        await u.signed(**wrong)


async def test_a_paper_that_was_signed_earlier_keeps_that_time(u: Desks):
    await u.forwarded()
    await u.signed(signed_at=on(9, 18, 16, 5))
    assert (await u.ticket()).signed_at == on(9, 18, 16, 5)


async def test_whoever_takes_a_ticket_keeps_nobody_out(u: Desks):
    site = u.site
    await take_ticket(site.storage, u.l3, u.id, site.now)
    assert (await u.ticket()).taken_by == "l3"
    assert await u.seen_by(u.l3, TicketView.MINE) == [u.id]
    await take_ticket(site.storage, u.dispatch, u.id, site.now)
    await u.forwarded()
    assert (await u.ticket()).taken_by == "", "nobody has taken it where it went"


async def test_what_is_over_is_listed_apart(u: Desks):
    assert await u.seen_by(u.l3, TicketView.DONE) == []
    async with u.site.storage.begin() as work:
        await work.tickets.move(await work.tickets.get(u.id), TicketEvent.RECALLED, moved())
    u.site.later(minutes=1)
    assert await u.seen_by(u.l3, TicketView.DONE) == [u.id]
    assert await u.seen_by(u.l3, TicketView.EVERY) == []
    assert await u.seen_by(u.other_l3, TicketView.DONE) == []
    u.site.later(days=61)
    assert await u.seen_by(u.l3, TicketView.DONE) == []


async def test_a_step_from_a_page_that_has_aged_is_refused(u: Desks):
    version = (await u.ticket()).version
    await take_ticket(u.site.storage, u.dispatch, u.id, u.site.now)
    with pytest.raises(StaleVersion):
        await forward_ticket(u.site.storage, u.l3, u.id, COUNTY, u.site.now, version)


async def test_what_somebody_else_may_do_is_not_allowed_and_what_nobody_may_is_impossible(u: Desks):
    with pytest.raises(NotAllowed):
        await forward_ticket(u.site.storage, u.l4, u.id, COUNTY, u.site.now)
    with pytest.raises(ImpossibleMove):
        await return_to_branch(u.site.storage, u.l3, u.id, u.site.now)


async def test_the_salesperson_adds_a_statement_to_a_first_level_item_and_does_not_answer_it(l1: Desks):
    site = l1.site
    await l1.forwarded()
    await l1.signed()
    with pytest.raises(NotAllowed):
        await l1.replied(l1.sales)
    await add_statement(site.storage, l1.sales, l1.id, "投保时客户本人在场签字", site.now)
    assert not await l1.replied(l1.independent)
    await return_to_branch(site.storage, l1.l3, l1.id, site.now)
    await accept_answer(site.storage, site.signals, site.rulebook, l1.dispatch, l1.id, site.now)
    async with site.storage.read() as work:
        assert (await work.cases.get((await l1.ticket()).case_id)).state is CaseState.L1_REDIAL
    statement, answer = (await l1.file(l1.l3)).replies
    assert (statement.statement, statement.by, answer.statement, answer.accepted) == (True, "sales", False, True)


async def test_a_first_level_item_told_by_the_seller_does_not_hold_up(l1: Desks):
    assert await l1.replied(l1.l3, contacted_by="李业务") == (Objection.HANDLER_IS_SELLER,)


async def test_a_first_level_item_issued_again_is_not_handed_to_the_salesperson(desks: Desks):
    await _issue(desks, ProblemLevel.L1, round_no=1)
    await desks.forwarded()
    with pytest.raises(NotAllowed):
        await desks.signed()


async def test_a_second_level_ticket_is_returned_with_the_scan_of_its_signed_paper(l2: Desks, tmp_path: Path):
    site = l2.site
    await l2.forwarded()
    await l2.signed()
    await l2.replied(l2.sales)
    with pytest.raises(ScanMissing):
        await return_to_branch(site.storage, l2.l3, l2.id, site.now)
    await l2.attached(tmp_path / "scan", l2.l4)
    await return_to_branch(site.storage, l2.l3, l2.id, site.now)
    assert (await l2.ticket()).state is TicketState.RETURNED_TO_BRANCH


async def test_a_scan_is_the_attachment_a_first_level_reply_needs(l1: Desks, tmp_path: Path):
    assert await l1.replied(l1.independent, attachment_note="") == (Objection.NO_ATTACHMENT,)
    await l1.attached(tmp_path / "scan", l1.independent)
    assert not await l1.replied(l1.independent, attachment_note="")


async def test_papers_are_limited_in_kind_size_and_number(u: Desks, tmp_path: Path):
    with pytest.raises(AttachmentTypeRefused):
        await u.attached(tmp_path / "page", u.l3, b"<html><script>")
    with pytest.raises(AttachmentTooLarge):
        await u.attached(tmp_path / "scan", u.l3, attachment_max_bytes=8)
    first = await u.attached(tmp_path / "scan", u.l3, attachments_max=1)
    assert await u.attached(tmp_path / "scan", u.l3, attachments_max=1) == first
    with pytest.raises(TooManyAttachments):
        await u.attached(tmp_path / "more", u.l3, PNG + b"another", attachments_max=1)
    store = LocalStore(tmp_path / "papers")
    assert await store.get(first.key) == PNG + b"scan"
    assert await attachment_in_scope(u.site.storage, u.dispatch, u.id, first.id) == first
    with pytest.raises(NotFound):
        await attachment_in_scope(u.site.storage, u.other_l3, u.id, first.id)
    with pytest.raises(NotFound):
        await attachment_in_scope(u.site.storage, u.dispatch, u.id, first.id + 1)


async def test_a_wrong_paper_is_taken_back_by_who_attached_it_and_may_be_attached_again(u: Desks, tmp_path: Path):
    site, store = u.site, LocalStore(tmp_path / "papers")
    wrong = await u.attached(tmp_path / "scan", u.l3)
    assert (await u.file(u.l3)).own_papers == {wrong.id}
    assert (await u.file(u.dispatch)).own_papers == frozenset()
    for other, fault in ((u.dispatch, NotAllowed), (u.other_l3, NotFound)):
        with pytest.raises(fault):
            await take_back(site.storage, store, other, u.id, wrong.id, site.now)
    await take_back(site.storage, store, u.l3, u.id, wrong.id, site.now)
    assert (await u.file(u.l3)).attachments == ()
    with pytest.raises(NotFound):
        await store.head(wrong.key)
    *_, row = (await u.file(u.l3)).history
    assert (row.event, row.actor, row.detail["sha256"]) == ("TAKEN_BACK", u.l3.login, wrong.sha256)
    with pytest.raises(NotFound):
        await take_back(site.storage, store, u.l3, u.id, wrong.id, site.now)
    again = await u.attached(tmp_path / "scan", u.l3)
    assert await store.get(again.key) == PNG + b"scan"
    assert (await u.file(u.l3)).own_papers == {again.id}


class TakenBackMeanwhile(LocalStore):
    """A store from which the file goes again as soon as it has come."""

    async def put(self, key: str, source: Path) -> None:
        await super().put(key, source)
        await self.delete(key)


async def test_a_paper_whose_file_goes_while_it_is_attached_is_not_listed(u: Desks, tmp_path: Path):
    scan = tmp_path / "scan"
    scan.write_bytes(PNG)
    file = ReceivedFile("签字页.png", scan, len(PNG), "0" * 64, PNG)
    store, rules = TakenBackMeanwhile(tmp_path / "papers"), u.site.rulebook.tickets
    with pytest.raises(StaleVersion):
        await attach_to_ticket(u.site.storage, store, rules, u.l3, u.id, file, u.site.now)
    assert (await u.file(u.l3)).attachments == ()


async def test_what_has_been_sent_stays(u: Desks, tmp_path: Path):
    site, store = u.site, LocalStore(tmp_path / "papers")
    await u.forwarded()
    sent = await u.attached(tmp_path / "scan", u.l4)
    assert await u.replied(u.l4, account="已处理", done="")  # refused: nothing was sent
    assert (await u.file(u.l4)).own_papers == {sent.id}
    assert not await u.replied(u.l4)
    later = await u.attached(tmp_path / "more", u.l4, PNG + b"later")
    assert (await u.file(u.l4)).own_papers == {later.id}
    with pytest.raises(NotAllowed):
        await take_back(site.storage, store, u.l4, u.id, sent.id, site.now)
    assert await store.get(sent.key) == PNG + b"scan"
    await send_back(site.storage, u.l3, u.id, "附件有误", site.now)
    for paper in (sent, later):
        with pytest.raises(NotAllowed):
            await take_back(site.storage, store, u.l4, u.id, paper.id, site.now)
    assert len((await u.file(u.l4)).attachments) == 2


async def test_what_is_typed_is_kept_until_it_is_sent_and_looked_over_by_the_same_rules(u: Desks):
    site = u.site
    await keep_draft(site.storage, u.l3, u.id, {"account": "已处理"}, site.now)
    assert (await u.file(u.l3)).draft.fields == {"account": "已处理"}
    assert (await u.file(u.dispatch)).draft is None
    thin = a_reply(site.now, account="已处理", customer_said="已联系", done="")
    over = await look_over_draft(site.storage, site.rulebook, u.l3, u.id, thin)
    assert tuple(over.objections) == await u.replied(u.l3, account="已处理", customer_said="已联系", done="")
    assert (await u.file(u.l3)).draft is not None
    await u.replied(u.l3)
    assert (await u.file(u.l3)).draft is None


async def test_the_clock_counts_office_time(u: Desks):
    u.site.now = on(9, 18, 16, 30)
    clock = (await u.file(u.l3)).line.clock
    assert (clock.overdue, clock.working) == (False, timedelta(hours=1 + 9 + 9))
    u.site.now = on(9, 22, 9, 15)
    clock = (await u.file(u.l3)).line.clock
    assert (clock.overdue, clock.working) == (True, timedelta(minutes=45))


async def test_the_days_ledger_is_that_of_ones_own_unit(u: Desks):
    async def listed(user: User, day: date) -> list[TicketId]:
        lines = await ledger(u.site.storage, user, u.site.rulebook.calendar, day, u.site.now)
        return [line.ticket.id for line in lines]

    assert await listed(u.l4, date(2026, 9, 18)) == [u.id]
    assert await listed(u.other_l4, date(2026, 9, 18)) == []
    assert await listed(u.l4, date(2026, 9, 17)) == []
