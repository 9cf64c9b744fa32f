"""The statements of one unit of work, each with the driver's errors told in the product's words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, Executable, RowMapping, Select, Table, bindparam, select, true
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.errors import NotFound
from dialer.storage.errors import storage_errors
from dialer.storage.tables import counters
from dialer.storage.vault import Vault

Row = Mapping[str, Any]
Upsert = sqlite.Insert | postgresql.Insert

_CHUNK = 500
"""How many values one statement asks about."""


class Statements:
    """One transaction's connection, with the vault beside it.

    After a statement has failed the transaction can only be undone: PostgreSQL would turn its commit into a
    rollback without a word, SQLite would commit a half. `failure` keeps the error for the unit of work to raise.
    """

    def __init__(self, connection: AsyncConnection, vault: Vault) -> None:
        self._connection = connection
        self.vault = vault
        self.failure: Exception | None = None

    async def run(self, statement: Executable, row: Row | Sequence[Row] | None = None) -> CursorResult[Any]:
        """Execute one statement; for one that was made before with its parameters, or with one set of them a row."""
        try:
            with storage_errors():
                return await self._connection.execute(statement, row)
        except Exception as error:
            self.failure = error
            raise

    async def all(self, statement: Executable) -> Sequence[RowMapping]:
        """Every row."""
        return (await self.run(statement)).mappings().all()

    async def first(self, statement: Executable) -> RowMapping | None:
        """The first row, if any."""
        return (await self.run(statement)).mappings().first()

    async def scalar(self, statement: Executable) -> Any:  # noqa: ANN401 - whatever the column holds
        """The first column of the first row, or None."""
        return (await self.run(statement)).scalar()

    async def change(self, statement: Executable) -> int:
        """How many rows a statement changed."""
        return (await self.run(statement)).rowcount

    async def with_key(self, table: Table, *order: str, **key: object) -> Sequence[RowMapping]:
        """The rows that have this key, in the order of these columns."""
        its_key = {f"its_{name}": value for name, value in key.items()}
        return (await self.run(_having(table, order, *key), its_key)).mappings().all()

    async def which(self, wanted: Select[Any], column: ColumnElement[Any], values: Iterable[Any]) -> list[RowMapping]:
        """The rows of a query whose column has one of many values: databases limit a statement's parameters."""
        found: list[RowMapping] = []
        distinct = tuple(dict.fromkeys(values))
        for start in range(0, len(distinct), _CHUNK):
            found += await self.all(wanted.where(column.in_(distinct[start : start + _CHUNK])))
        return found

    async def one(self, table: Table, named: str, **key: object) -> RowMapping:
        """The row that has this key. Raises NotFound: there is none of what is `named`, such as `case 7`."""
        rows = await self.with_key(table, **key)
        if not rows:
            raise NotFound(f"there is no {named}")
        return rows[0]

    async def add(self, table: Table, row: Row) -> int:
        """Insert a row of a table that counts its ids; the id."""
        return int((await self.run(_adding(table), unnumbered(row))).scalar_one())

    async def add_new(self, table: Table, row: Row) -> int | None:
        """Insert a row of a table that counts its ids, unless its like is there already; the id, or None."""
        insert = self.upsert(table, unnumbered(row)).on_conflict_do_nothing().returning(table.c.id)
        added: int | None = await self.scalar(insert)
        return added

    async def save(self, table: Table, row: Row, named: str) -> None:
        """Put a row in the place of the one with its id. Raises NotFound: there is none of what is `named`."""
        if not await self.put(table, unnumbered(row), id=row["id"]):
            raise NotFound(f"there is no {named}")

    async def put(self, table: Table, row: Row, **key: object) -> int:
        """Change what has this key to what the row says; how many that were."""
        its_key = {f"its_{name}": value for name, value in key.items()}
        return (await self.run(_changing(table, *key), {**row, **its_key})).rowcount

    async def count_up(self, name: str) -> int:
        """The next number of a counter, from 1; its row is locked until the unit of work ends."""
        insert = self.upsert(counters, {"name": name, "value": 1})
        one_more = insert.on_conflict_do_update(index_elements=["name"], set_={"value": counters.c.value + 1})
        return int(await self.scalar(one_more.returning(counters.c.value)))

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._connection.dialect.name

    def upsert(self, table: Table, row: Row | Sequence[Row]) -> Upsert:
        """An insert that can say what to do when the row is there (`on_conflict_do_…`), in the database's dialect."""
        return insert_into(table, self.dialect).values(row)


# Made once and run with parameters: to make an update anew with its values costs ten times what it takes to run it,
# a query four times.


@cache
def _adding(table: Table) -> Executable:
    return table.insert().returning(table.c.id)


@cache
def _changing(table: Table, *key: str) -> Executable:
    return table.update().where(*(table.c[name] == bindparam(f"its_{name}") for name in key))


@cache
def _having(table: Table, order: tuple[str, ...], *key: str) -> Executable:
    its_own = (table.c[name] == bindparam(f"its_{name}") for name in key)
    return select(table).where(*its_own).order_by(*(table.c[name] for name in order))


def unnumbered(row: Row) -> Row:
    """A row without its id: the table counts them, and they never change."""
    return {name: value for name, value in row.items() if name != "id"}


def insert_into(table: Table, dialect: str) -> Upsert:
    """An insert in a database's dialect."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


def under(column: ColumnElement[str], org: str) -> ColumnElement[bool]:
    """At a place in the organisation or below it; places are paths: `44/4401` is under `44`, `441` is not."""
    if not org:
        return true()
    return (column == org) | column.startswith(f"{org}/", autoescape=True)
