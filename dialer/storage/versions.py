"""Saves that name the version they read, and the history of moves; the same for every record that has states."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Table, select

from dialer.domain.errors import StaleVersion
from dialer.ports.storage import HistoryRow, Moved
from dialer.storage.plain import from_row, to_plain
from dialer.storage.statements import Row, Statements, unnumbered
from dialer.storage.tables import history


async def save_version(statements: Statements, table: Table, row: Row, state: str | None = None) -> None:
    """Replace a row by its next version (`row["version"]`), if nobody else did.

    `state` is the state the record was read in, so that a state changes by a move only.

    Raises:
        StaleVersion: the stored version or state is another.
    """
    as_read = {"id": row["id"], "version": row["version"] - 1} | ({} if state is None else {"state": state})
    if not await statements.put(table, unnumbered(row), **as_read):
        raise StaleVersion(f"{table.name} {row['id']} is no longer at version {row['version'] - 1}: read it again")


async def write_history(
    statements: Statements, record: str, record_id: object, event: str, states: tuple[str, str], moved: Moved
) -> None:
    """Add the move to the record's history."""
    await statements.run(history.insert(), history_row(record, record_id, event, states, moved))


def history_row(record: str, record_id: object, event: str, states: tuple[str, str], moved: Moved) -> Row:
    """A move as a row of `history`."""
    return {
        "record": record,
        "record_id": str(record_id),
        "at": moved.at,
        "actor": moved.actor,
        "event": event,
        "from_state": states[0],
        "to_state": states[1],
        "detail": to_plain(moved.detail),
    }


async def read_history(statements: Statements, record: str, record_id: object) -> Sequence[HistoryRow]:
    """A record's moves, first to last."""
    its_own = (history.c.record == record) & (history.c.record_id == str(record_id))
    rows = await statements.all(select(history).where(its_own).order_by(history.c.id))
    return [from_row(HistoryRow, row) for row in rows]
