"""The reply to a transfer ticket, and what makes one acceptable (rules §5.5, §5.6, §6.1.3, §13 `reply`)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum

from dialer.domain.errors import DialerError
from dialer.domain.phone import PhoneInvalid, PhoneNumber, PhoneStatus
from dialer.domain.problem import ProblemLevel

_NOT_A_WORD = re.compile(r"[\W_]+")
_HAN = re.compile(r"[\u3400-\u9fff]")
_YES = "1"
_SOME_DEPARTMENT = "某部门"  # the ban list's own blank: any department's name stands there


class ReplyInvalid(DialerError):
    """A stored or sent reply that has unknown fields or a time that is none."""

    code = "REPLY_INVALID"


STAYS_SHUT = frozenset({PhoneStatus.WRONG, PhoneStatus.BLOCKED, PhoneStatus.DNC})
"""Numbers that an answer does not open again by itself: it must name the number to call (rules §5.5 step 4)."""

MAX_OTHER_HOLDERS = 2
"""A number that more other holders have is nobody's own (rules §5.6)."""


class Objection(StrEnum):
    """Why a reply is sent back."""

    NO_CONTACTED_BY = "NO_CONTACTED_BY"
    NO_CONTACTED_WHOM = "NO_CONTACTED_WHOM"
    NO_CONTACTED_AT = "NO_CONTACTED_AT"
    NO_MEANS = "NO_MEANS"
    NO_CUSTOMER_SAID = "NO_CUSTOMER_SAID"
    NO_DONE = "NO_DONE"
    STOCK_PHRASES = "STOCK_PHRASES"
    TOO_SHORT = "TOO_SHORT"
    NO_ATTACHMENT = "NO_ATTACHMENT"
    HANDLER_IS_SELLER = "HANDLER_IS_SELLER"
    NUMBER_NEEDED = "NUMBER_NEEDED"
    PHONE_INVALID = "PHONE_INVALID"
    NO_PHONE_OWNER = "NO_PHONE_OWNER"
    PHONE_IS_STAFF = "PHONE_IS_STAFF"
    PHONE_OF_OTHERS = "PHONE_OF_OTHERS"


@dataclass(frozen=True, slots=True)
class ReplyContent:
    """What came back from below. `means` is how the customer was met (电话, 上门 …), `account` the handling's story.

    `attachment_note` names the attached proof, or says why there is none. `cannot_contact`: those below could not reach
    the customer either (rules §5.3 no. 7). `repr` shows nothing personal.
    """

    contacted_by: str
    contacted_whom: str
    contacted_at: datetime | None
    means: str
    account: str
    customer_said: str
    done: str
    new_phone: str = ""
    new_phone_owner: str = ""
    attachment_note: str = ""
    cannot_contact: bool = False

    def __repr__(self) -> str:
        return "ReplyContent(…)"

    @property
    def story(self) -> str:
        """Everything told in the handler's own words."""
        return self.account + self.customer_said + self.done

    @property
    def nobody_can_be_contacted(self) -> bool:
        """Neither we nor those below reach the customer, and nobody knows a better number (rules §5.3 no. 7)."""
        return self.cannot_contact and not self.new_phone

    def as_mapping(self) -> dict[str, str]:
        """The reply as plain text values; `from_mapping` gives an equal one back."""
        texts = {field.name: getattr(self, field.name) for field in fields(self)}
        contacted_at = self.contacted_at.isoformat() if self.contacted_at else ""
        return {**texts, "contacted_at": contacted_at, "cannot_contact": _YES if self.cannot_contact else ""}

    @classmethod
    def from_mapping(cls, stored: Mapping[str, str]) -> ReplyContent:
        """The reply that `as_mapping` wrote; a missing text is empty.

        Raises:
            ReplyInvalid: an unknown field, or a contact time that is no aware ISO time.
        """
        names = {field.name for field in fields(cls)}
        if unknown := sorted(set(stored) - names):
            raise ReplyInvalid(f"a reply has no field {', '.join(unknown)}")
        texts = {name: stored.get(name, "").strip() for name in names - {"contacted_at", "cannot_contact"}}
        return cls(
            contacted_at=_instant(stored.get("contacted_at", "")),
            cannot_contact=bool(stored.get("cannot_contact")),
            **texts,
        )


def reply_rules(
    content: ReplyContent, level: ProblemLevel, min_chars: int, banned: Iterable[str], *, attached: bool = False
) -> Mapping[Objection, bool]:
    """Every rule that applies to a reply, by the objection to breaking it, and whether it is kept (rules §5.5, §6.1.3).

    Args:
        content: the reply.
        level: the ticket's class; an L1 needs an attachment or an explicit "none because"; that nobody can be contacted
            is an answer to a 回访不成功 only.
        min_chars: the least number of Chinese characters once stock phrases and names are taken out.
        banned: the stock phrases; 某部门 in one stands for any department.
        attached: whether the ticket carries an attachment.
    """
    words = _own_words(content, banned)
    met = not (content.nobody_can_be_contacted and level is ProblemLevel.U)
    said_something = bool(_NOT_A_WORD.sub("", content.story))
    rules = {
        Objection.NO_CONTACTED_BY: bool(content.contacted_by),
        Objection.NO_CONTACTED_WHOM: bool(content.contacted_whom) or not met,
        Objection.NO_CONTACTED_AT: content.contacted_at is not None,
        Objection.NO_MEANS: bool(content.means),
        Objection.NO_CUSTOMER_SAID: bool(content.customer_said) or not met,
        Objection.NO_DONE: bool(content.done),
        Objection.STOCK_PHRASES: bool(words) or not said_something,
        Objection.TOO_SHORT: len(_HAN.findall(words)) >= min_chars,
    }
    if level is ProblemLevel.L1:
        rules[Objection.NO_ATTACHMENT] = attached or bool(content.attachment_note)
    if content.new_phone:
        rules[Objection.PHONE_INVALID] = _dialable(content.new_phone)
        rules[Objection.NO_PHONE_OWNER] = bool(content.new_phone_owner)
    return rules


def own_characters(content: ReplyContent, banned: Iterable[str]) -> int:
    """How many Chinese characters of the story are the handler's own."""
    return len(_HAN.findall(_own_words(content, banned)))


def told_by_the_seller(content: ReplyContent, level: ProblemLevel, salesperson: str) -> bool:
    """Whether the salesperson of the policy handled a first-level item, which nobody may (rules §2.4, §12 C-03)."""
    return level is ProblemLevel.L1 and bool(salesperson) and content.contacted_by == salesperson


def objections_to_number(*, staff: bool, other_holders: int) -> tuple[Objection, ...]:
    """Why a new number is not taken for the customer's (rules §5.6).

    Args:
        staff: it is known as a salesperson's.
        other_holders: how many others have it; a family's number is allowed.
    """
    found = {Objection.PHONE_IS_STAFF: staff, Objection.PHONE_OF_OTHERS: other_holders > MAX_OTHER_HOLDERS}
    return tuple(objection for objection, holds in found.items() if holds)


def _own_words(content: ReplyContent, banned: Iterable[str]) -> str:
    """The story without punctuation, names and stock phrases."""
    text = _NOT_A_WORD.sub("", content.story)
    for name in (content.contacted_by, content.contacted_whom):
        text = text.replace(_NOT_A_WORD.sub("", name), "") if name else text
    for phrase in banned:
        text = re.sub(re.escape(phrase).replace(_SOME_DEPARTMENT, ".{1,12}?"), "", text)
    return text


def _dialable(text: str) -> bool:
    try:
        PhoneNumber.parse(text)
    except PhoneInvalid:
        return False
    return True


def _instant(text: str) -> datetime | None:
    if not text:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise ReplyInvalid(f"contacted_at is no time: {text!r}") from None
    if instant.tzinfo is None:
        raise ReplyInvalid(f"contacted_at says no time zone: {text!r}")
    return instant
