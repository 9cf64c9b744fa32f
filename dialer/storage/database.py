"""The database: units of work on SQLite or PostgreSQL, each all or nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

from sqlalchemy import make_url

from dialer.domain.webhook import Announcement
from dialer.ports.administration import Decisions
from dialer.ports.figures import Figures
from dialer.ports.search import Search
from dialer.ports.steering import Steerings
from dialer.ports.storage import (
    Audit,
    Calls,
    Cases,
    Changes,
    Drafts,
    Floor,
    Interviews,
    Ledger,
    Listenings,
    Logins,
    Papers,
    Policies,
    Recordings,
    Tickets,
    Tokens,
    Work,
)
from dialer.ports.webhooks import Webhooks
from dialer.storage.audit import AuditShelf
from dialer.storage.calls import CallShelf
from dialer.storage.cases import CaseShelf
from dialer.storage.changes import ChangeShelf
from dialer.storage.decisions import DecisionShelf
from dialer.storage.drafts import DraftShelf
from dialer.storage.engines import writing_and_reading
from dialer.storage.errors import storage_errors
from dialer.storage.figures import FigureShelf
from dialer.storage.floor import FloorShelf
from dialer.storage.interviews import InterviewShelf
from dialer.storage.ledger import LedgerShelf
from dialer.storage.listenings import ListeningShelf
from dialer.storage.logins import LoginShelf
from dialer.storage.papers import PaperShelf
from dialer.storage.policies import PolicyShelf
from dialer.storage.recordings import RecordingShelf
from dialer.storage.schema import require_head
from dialer.storage.search import SearchShelf
from dialer.storage.statements import Statements
from dialer.storage.steerings import SteeringShelf
from dialer.storage.tickets import TicketShelf
from dialer.storage.tokens import TokenShelf
from dialer.storage.vault import Vault
from dialer.storage.webhooks import WebhookShelf

BUSY_SECONDS = 10.0
"""How long a unit of work waits for a lock or a free connection before the database counts as unavailable."""


class UnitOfWork:
    """The shelves over one transaction: `dialer.ports.storage.Work`."""

    def __init__(self, statements: Statements, announced: frozenset[Announcement]) -> None:
        self.policies: Policies = PolicyShelf(statements)
        self.cases: Cases = CaseShelf(statements, announced)
        self.calls: Calls = CallShelf(statements)
        self.interviews: Interviews = InterviewShelf(statements)
        self.recordings: Recordings = RecordingShelf(statements)
        self.tickets: Tickets = TicketShelf(statements)
        self.drafts: Drafts = DraftShelf(statements)
        self.papers: Papers = PaperShelf(statements)
        self.floor: Floor = FloorShelf(statements)
        self.logins: Logins = LoginShelf(statements)
        self.listenings: Listenings = ListeningShelf(statements)
        self.search: Search = SearchShelf(statements)
        self.audit: Audit = AuditShelf(statements)
        self.tokens: Tokens = TokenShelf(statements)
        self.changes: Changes = ChangeShelf(statements)
        self.decisions: Decisions = DecisionShelf(statements)
        self.steerings: Steerings = SteeringShelf(statements)
        self.figures: Figures = FigureShelf(statements)
        self.webhooks: Webhooks = WebhookShelf(statements)
        self.ledger: Ledger = LedgerShelf(statements)


class Database:
    """`dialer.ports.storage.Storage` over `sqlite+aiosqlite:///FILE` or `postgresql+asyncpg://…`."""

    def __init__(
        self,
        url: str,
        vault: Vault,
        busy_seconds: float = BUSY_SECONDS,
        announced: frozenset[Announcement] = frozenset(),
    ) -> None:
        """`announced` are the moves of which the core system is told: a message is written with each."""
        self.url = make_url(url)
        self._announced = announced
        self._vault = vault
        self._writer, self._reader = writing_and_reading(self.url, busy_seconds)

    @classmethod
    async def open(
        cls,
        url: str,
        vault: Vault,
        busy_seconds: float = BUSY_SECONDS,
        announced: frozenset[Announcement] = frozenset(),
    ) -> Self:
        """A database that is ready for work. Raises StorageUnavailable, SchemaDiffers."""
        database = cls(url, vault, busy_seconds, announced)
        try:
            await database._check_schema()
        except BaseException:
            await database.close()
            raise
        return database

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file of this machine."""
        return self.url.get_backend_name() == "sqlite"

    async def _check_schema(self) -> None:
        with storage_errors():
            async with self._reader.connect() as connection:
                await connection.run_sync(require_head)

    async def close(self) -> None:
        """Close every connection."""
        await self._writer.dispose()
        await self._reader.dispose()

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Work]:
        """A unit of work: committed when the block ends well, undone when it raises."""
        async with self.statements(writes=True) as statements:
            yield UnitOfWork(statements, self._announced)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Work]:
        """The same shelves for reading only, from one consistent picture."""
        async with self.statements(writes=False) as statements:
            yield UnitOfWork(statements, self._announced)

    @asynccontextmanager
    async def statements(self, *, writes: bool) -> AsyncIterator[Statements]:
        """One transaction, for what in this package is not a shelf."""
        with storage_errors():
            connection = await (self._writer if writes else self._reader).connect()
        try:
            with storage_errors():
                await connection.begin()
            statements = Statements(connection, self._vault)
            yield statements
            if statements.failure is not None:
                raise statements.failure
            with storage_errors():
                await connection.commit()
        finally:
            with storage_errors():  # to undo is a trip to the server, too
                await connection.__aexit__(None, None, None)

    def connect_arguments(self) -> dict[str, Any]:
        """What the driver itself needs for a connection beside the pool's."""
        return dict(self._writer.dialect.create_connect_args(self.url)[1])
