"""Transfer tickets with what lies beside them, and what is typed and not yet sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from dialer.domain.attachment import Attachment
from dialer.domain.call import CallId
from dialer.domain.case import CaseId
from dialer.domain.ticket import TicketEvent, TicketId, TicketState, TransferTicket
from dialer.ports.history import HistoryRow, Moved


@dataclass(frozen=True, slots=True)
class TicketReply:
    """What came back from below; personal, so sealed at rest."""

    ticket_id: TicketId
    at: datetime
    by: str
    content: Mapping[str, Any]
    accepted: bool
    objections: Sequence[str] = ()
    statement: bool = False
    """A salesperson's statement on a first-level item: it stands beside the answer and is none (rules §12 C-03)."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody has typed and not sent, for a ticket or in a call: its fields as they stand. Sealed at rest."""

    about: TicketId | CallId
    login: str
    fields: Mapping[str, str] = field(repr=False)
    at: datetime


class Tickets(Protocol):
    """Transfer tickets."""

    async def add(self, ticket: TransferTicket, moved: Moved) -> TransferTicket:
        """Store a new ticket (id and number `yymmdd-serial` are given here) and tie the round's problems to it."""
        ...

    async def move(self, ticket: TransferTicket, event: TicketEvent, moved: Moved) -> TransferTicket:
        """Apply an event, save what changed, write the history row. Raises StaleVersion, ImpossibleMove."""
        ...

    async def get(self, ticket_id: TicketId) -> TransferTicket:
        """Raises NotFound."""
        ...

    async def find(self, ticket_no: str) -> TransferTicket | None:
        """By the number that stands on the paper."""
        ...

    async def of_case(self, case_id: CaseId) -> Sequence[TransferTicket]:
        """By round."""
        ...

    async def in_state(
        self, *states: TicketState, org: str = "", handed_to: str | None = None, limit: int | None = None
    ) -> Sequence[TransferTicket]:
        """Tickets in these states, in the hands of a part of the organisation or one salesperson; first due first.

        All unless a limit is set.
        """
        ...

    async def issued_between(
        self, start: datetime, end: datetime, org: str = "", handed_to: str | None = None
    ) -> Sequence[TransferTicket]:
        """Tickets issued from one instant to before another, as issued; of a part of the organisation as `in_state`."""
        ...

    async def put_reply(self, reply: TicketReply) -> None:
        """Keep a reply, accepted or not."""
        ...

    async def replies(self, ticket_id: TicketId) -> Sequence[TicketReply]:
        """Oldest first."""
        ...

    async def history(self, ticket_id: TicketId) -> Sequence[HistoryRow]:
        """Every move of a ticket."""
        ...


class Drafts(Protocol):
    """What people have typed and not sent, each their own."""

    async def put(self, draft: Draft) -> None:
        """Keep what a person has typed, in place of what was kept before."""
        ...

    async def of(self, about: TicketId | CallId, login: str) -> Draft | None:
        """What the person typed and did not send."""
        ...

    async def drop(self, about: TicketId | CallId, login: str) -> None:
        """It was sent; one that is not there: nothing."""
        ...


class Papers(Protocol):
    """What lies with a transfer ticket: scans."""

    async def put_attachment(self, attachment: Attachment) -> Attachment:
        """Keep what is known of a stored file; its id is given here. The same content stays one on a ticket."""
        ...

    async def drop_attachment(self, attachment_id: int) -> None:
        """Take a paper off its ticket."""
        ...

    async def attachments(self, ticket_id: TicketId) -> Sequence[Attachment]:
        """As they were added."""
        ...
