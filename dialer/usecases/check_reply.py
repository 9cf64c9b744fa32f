"""Looking a reply over: the same rules while it is being written and when it is sent (rules §5.5, §5.6, §6.1.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from dialer.domain.phone import PhoneNumber
from dialer.domain.problem import ProblemLevel
from dialer.domain.reply import (
    STAYS_SHUT,
    Objection,
    ReplyContent,
    objections_to_number,
    own_characters,
    reply_rules,
    told_by_the_seller,
)
from dialer.domain.ticket import TransferTicket
from dialer.ports.storage import TicketReply, Work
from dialer.usecases.rulebook import Rulebook

_ABOUT_THE_NUMBER = (Objection.PHONE_IS_STAFF, Objection.PHONE_OF_OTHERS)


@dataclass(frozen=True, slots=True)
class LookedOver:
    """Every rule that applies, and whether the reply keeps it; and how much of it is in the handler's own words.

    What is not `begun` keeps some rules by saying nothing, which is nothing to be told.
    """

    rules: Mapping[Objection, bool]
    own_characters: int
    begun: bool

    @property
    def objections(self) -> Sequence[Objection]:
        """The rules that are broken; none when the reply holds up."""
        return tuple(objection for objection, kept in self.rules.items() if not kept)


async def look_over(work: Work, ticket: TransferTicket, reply: ReplyContent, rulebook: Rulebook) -> LookedOver:
    """What is right and wrong with a reply as it stands."""
    given = rulebook.tickets
    attached = bool(await work.papers.attachments(ticket.id))
    rules = dict(reply_rules(reply, ticket.level, given.reply_min_chars, given.reply_banned, attached=attached))
    case = await work.cases.get(ticket.case_id)
    seller = (await work.policies.get(case.policy_no)).policy.salesperson
    if seller is not None and told_by_the_seller(reply, ticket.level, seller.full):
        rules[Objection.HANDLER_IS_SELLER] = False
    if ticket.level is ProblemLevel.U and not await _number_to_dial(work, case.holder_id):
        rules[Objection.NUMBER_NEEDED] = bool(reply.new_phone) or reply.cannot_contact
    if rules.get(Objection.PHONE_INVALID):
        number = PhoneNumber.parse(reply.new_phone)
        broken = await _objections_to_number(work, case.holder_id, number)
        rules |= {objection: objection not in broken for objection in _ABOUT_THE_NUMBER}
    begun = any(reply.as_mapping().values())
    return LookedOver(rules, own_characters(reply, given.reply_banned), begun)


async def keep_reply(
    work: Work, ticket: TransferTicket, by: str, now: datetime, reply: ReplyContent, rulebook: Rulebook
) -> Sequence[Objection]:
    """Keep a reply, good or not, and why it is not; the draft of a good one has served its purpose."""
    found = (await look_over(work, ticket, reply, rulebook)).objections
    await work.tickets.put_reply(TicketReply(ticket.id, now, by, reply.as_mapping(), not found, found))
    if not found:
        await work.drafts.drop(ticket.id, by)
    return found


async def _number_to_dial(work: Work, holder_id: int) -> bool:
    """Whether one of the holder's numbers can be dialled once an answer without a number is accepted."""
    phones = await work.policies.phones(holder_id)
    return any(not phone.staff_number and phone.status not in STAYS_SHUT for phone in phones)


async def _objections_to_number(work: Work, holder_id: int, number: PhoneNumber) -> Sequence[Objection]:
    holders = (await work.policies.sharing([number]))[number]
    staff = await work.policies.staff_among([number])
    return objections_to_number(staff=number in staff, other_holders=len(holders - {holder_id}))
