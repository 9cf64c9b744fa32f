"""The shelf of supervisors' time on live calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, select

from dialer.domain.call import CallId
from dialer.domain.case import CaseId
from dialer.domain.errors import StaleVersion
from dialer.domain.listening import FAILED, Listening
from dialer.storage.plain import from_row, row_of
from dialer.storage.statements import Statements
from dialer.storage.tables import attempts, listenings


class ListeningShelf:
    """`dialer.ports.storage.Listenings` in SQL."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements

    async def add(self, listening: Listening) -> Listening:
        try:
            return replace(listening, id=await self._statements.add(listenings, row_of(listening, listenings)))
        except StaleVersion as error:
            raise StaleVersion(f"somebody is on call {listening.call_id} already") from error

    async def save(self, listening: Listening) -> None:
        await self._statements.save(listenings, row_of(listening, listenings), f"listening {listening.id}")

    async def open(self) -> Sequence[Listening]:
        return await self._some(listenings.c.ended_at.is_(None))

    async def of_call(self, call_id: CallId) -> Sequence[Listening]:
        rows = await self._statements.with_key(listenings, "id", call_id=call_id)
        return [from_row(Listening, row) for row in rows]

    async def of_case(self, case_id: CaseId) -> Sequence[Listening]:
        calls = select(attempts.c.call_id).where(attempts.c.case_id == case_id)
        return await self._some(listenings.c.call_id.in_(calls))

    async def last_failure(self, login: str, since: datetime) -> Listening | None:
        theirs = (listenings.c.login == login) & (listenings.c.asked_at >= since)
        latest = select(listenings).where(theirs).order_by(listenings.c.id.desc()).limit(1)
        row = await self._statements.first(latest)
        return from_row(Listening, row) if row is not None and row["ending"] in FAILED else None

    async def _some(self, wanted: ColumnElement[bool]) -> Sequence[Listening]:
        rows = await self._statements.all(select(listenings).where(wanted).order_by(listenings.c.id))
        return [from_row(Listening, row) for row in rows]
