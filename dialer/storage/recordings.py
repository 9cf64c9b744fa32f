"""The shelf of recordings and the parts of them that belong to attempts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, or_, select

from dialer.domain.call import CallId, RecordingKind, SoundFiles
from dialer.domain.case import CaseId
from dialer.domain.recording import RecordingState
from dialer.domain.waveform import Waveform
from dialer.ports.storage import Recording, Segment
from dialer.storage.plain import from_row, row_of
from dialer.storage.statements import Statements
from dialer.storage.tables import attempts, recordings, waveforms
from dialer.storage.tables import segments as parts
from dialer.storage.versions import save_version


class RecordingShelf:
    """`dialer.ports.storage.Recordings` in SQL."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements

    async def started(self, call_id: CallId, files: SoundFiles, at: datetime) -> Recording:
        row = _row(Recording(0, call_id, files, at, RecordingState.WRITING))
        await self._statements.add_new(recordings, row)
        same = [recordings.c[name] == row[name] for name in ("call_id", "kind", "raw_customer")]
        kept = await self._statements.first(select(recordings).where(*same))
        assert kept is not None
        return recording_of(kept)

    async def save(self, recording: Recording) -> Recording:
        after = replace(recording, version=recording.version + 1)
        await save_version(self._statements, recordings, _row(after))
        return after

    async def get(self, recording_id: int) -> Recording:
        return recording_of(await self._statements.one(recordings, f"recording {recording_id}", id=recording_id))

    async def of_call(self, call_id: CallId) -> Sequence[Recording]:
        rows = await self._statements.with_key(recordings, "started_at", "id", call_id=call_id)
        return [recording_of(row) for row in rows]

    async def of_case(self, case_id: CaseId) -> Sequence[tuple[Recording, Segment]]:
        part = [parts.c[name].label(f"segment_{name}") for name in ("attempt_id", "start_ms", "end_ms")]
        joined = recordings.join(parts, parts.c.recording_id == recordings.c.id).join(
            attempts, attempts.c.id == parts.c.attempt_id
        )
        wanted = select(recordings, *part).select_from(joined).where(attempts.c.case_id == case_id)
        rows = await self._statements.all(wanted.order_by(recordings.c.started_at, recordings.c.id))
        return [(recording_of(row), _segment_beside(row)) for row in rows]

    async def to_seal(self, now: datetime, limit: int | None = None) -> Sequence[Recording]:
        complete = recordings.c.state.in_((RecordingState.RAW, RecordingState.FAILED))
        come = or_(recordings.c.next_try_at.is_(None), recordings.c.next_try_at <= now)
        return await self._some(complete & come, limit)

    async def put_segment(self, segment: Segment) -> None:
        insert = self._statements.upsert(parts, row_of(segment, parts))
        same = ["recording_id", "attempt_id"]
        await self._statements.run(
            insert.on_conflict_do_update(index_elements=same, set_={"end_ms": insert.excluded.end_ms})
        )

    async def segments(self, recording_id: int) -> Sequence[Segment]:
        rows = await self._statements.with_key(parts, "start_ms", "id", recording_id=recording_id)
        return [from_row(Segment, row) for row in rows]

    async def waveform(self, recording_id: int) -> Waveform | None:
        row = await self._statements.first(select(waveforms).where(waveforms.c.recording_id == recording_id))
        return Waveform(row["customer"], row["agent"]) if row else None

    async def put_waveform(self, recording_id: int, waveform: Waveform) -> None:
        row = {"recording_id": recording_id, "customer": waveform.customer, "agent": waveform.agent}
        await self._statements.run(self._statements.upsert(waveforms, row).on_conflict_do_nothing())

    async def _some(self, wanted: ColumnElement[bool], limit: int | None) -> Sequence[Recording]:
        oldest_first = (recordings.c.started_at, recordings.c.id)
        rows = await self._statements.all(select(recordings).where(wanted).order_by(*oldest_first).limit(limit))
        return [recording_of(row) for row in rows]


def recording_of(row: RowMapping) -> Recording:
    """A recording from its row."""
    agent = Path(row["raw_agent"]) if row["raw_agent"] else None
    files = SoundFiles(RecordingKind(row["kind"]), Path(row["raw_customer"]), agent)
    return from_row(Recording, row, files=files)


def _row(recording: Recording) -> dict[str, Any]:
    files, seal = recording.files, recording.seal
    return row_of(
        recording,
        recordings,
        kind=files.kind.value,
        raw_customer=str(files.customer),
        raw_agent=str(files.agent) if files.agent else None,
        # what a query may ask for; the rest of the seal is read with it only
        key=seal.key if seal else None,
        sha256=seal.sha256 if seal else None,
        duration_ms=seal.duration_ms if seal else None,
        size_bytes=seal.size_bytes if seal else None,
    )


def _segment_beside(row: RowMapping) -> Segment:
    return Segment(row["id"], row["segment_attempt_id"], row["segment_start_ms"], row["segment_end_ms"])
