"""Storage as the use cases see it: units of work over a few shelves, one a noun.

A shelf gives domain records out and takes them back. Every save names the version that was read: the loser of a
race gets StaleVersion, nothing is overwritten. A state's move and its history row are one save.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from dialer.domain.errors import DialerError
from dialer.ports.administration import Decisions
from dialer.ports.audit import Audit
from dialer.ports.calls import Calls, StoredCall
from dialer.ports.cases import Cases, Changes
from dialer.ports.figures import Figures
from dialer.ports.floor import DeskOrder, DeskOrderKind, DeskProgress, Floor
from dialer.ports.history import HistoryRow, Moved
from dialer.ports.interviews import FoundProblem, Interviews, StoredAnswer, StoredInterview
from dialer.ports.ledger import Ledger
from dialer.ports.listenings import Listenings
from dialer.ports.logins import STRANGERS_KEPT, Logins, LoginSession
from dialer.ports.policies import HolderPhone, NumberOfHolder, Policies, PolicyContent, StoredPolicy
from dialer.ports.recordings import Recording, Recordings, Segment
from dialer.ports.search import Search
from dialer.ports.steering import Steerings
from dialer.ports.tickets import Draft, Drafts, Papers, TicketReply, Tickets
from dialer.ports.tokens import KeptAnswer, Tokens
from dialer.ports.webhooks import Webhooks

__all__ = [
    "STRANGERS_KEPT",
    "Audit",
    "Calls",
    "Cases",
    "Changes",
    "DeskOrder",
    "DeskOrderKind",
    "DeskProgress",
    "Draft",
    "Drafts",
    "Floor",
    "FoundProblem",
    "HistoryRow",
    "HolderPhone",
    "Interviews",
    "KeptAnswer",
    "Ledger",
    "Listenings",
    "LoginSession",
    "Logins",
    "Moved",
    "NumberOfHolder",
    "Papers",
    "Policies",
    "PolicyContent",
    "Recording",
    "Recordings",
    "Segment",
    "Storage",
    "StorageUnavailable",
    "StoredAnswer",
    "StoredCall",
    "StoredInterview",
    "StoredPolicy",
    "TicketReply",
    "Tickets",
    "Tokens",
    "Work",
]


class StorageUnavailable(DialerError):
    """The database can't be reached or stays locked; what was being done is not done."""

    code = "STORAGE_UNAVAILABLE"


class Work(Protocol):
    """One unit of work: all or nothing."""

    policies: Policies
    cases: Cases
    calls: Calls
    interviews: Interviews
    recordings: Recordings
    tickets: Tickets
    drafts: Drafts
    papers: Papers
    floor: Floor
    logins: Logins
    listenings: Listenings
    search: Search
    audit: Audit
    tokens: Tokens
    changes: Changes
    decisions: Decisions
    steerings: Steerings
    figures: Figures
    webhooks: Webhooks
    ledger: Ledger


class Storage(Protocol):
    """The database. Transactions are short; nothing waits for a person or a phone inside one."""

    def begin(self) -> AbstractAsyncContextManager[Work]:
        """A unit of work: committed when the block ends well, undone when it raises."""
        ...

    def read(self) -> AbstractAsyncContextManager[Work]:
        """The same shelves for reading only, from one consistent picture."""
        ...
