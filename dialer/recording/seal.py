"""Sealing: encode, measure, store, read back, and store beside it what was found.

The effects come in an order that a kill may cut anywhere: the sound first, the seal (`<key>.json`) last. So a seal that
exists is the proof that its sound was stored and read back, and running again ends at the same two objects. The raw
sound is left alone; `spool.discard` removes it when the database knows the seal.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from dialer.domain.call import CallId, RecordingKind, SoundFiles
from dialer.domain.errors import NotFound
from dialer.domain.recording import Seal, SideSound
from dialer.ports import AlreadyStored, EncodedSound, Encoder, RecordingStore, SealBroken, SpoolFailed
from dialer.recording.spool import alone_with


async def seal_recording(
    call_id: CallId,
    started_at: datetime,
    raw: SoundFiles,
    talk_seconds: float | None,
    store: RecordingStore,
    key: str,
    encoder: Encoder,
) -> Seal:
    """Seal a call's sound under `key`; again after any failure, or for nothing if it is sealed.

    `talk_seconds` is the call's length, None for early media. Whether a case may close on the seal is another
    question: `domain.recording.fit_to_close`. Raises SoundLost when there is nothing to seal, SealBroken, and what
    store and encoder raise, SpoolFailed; the raw sound survives all of them.
    """
    with _spool_errors(raw):
        async with alone_with(raw):
            seal = await read_seal(store, key)
            if seal is None:
                return await _make_seal(call_id, started_at, raw, talk_seconds, store, key, encoder)
    if seal.call_id != call_id:
        raise SealBroken(f"{key} is the recording of another call, {seal.call_id}")
    await verify_seal(store, seal)
    return seal


@contextmanager
def _spool_errors(raw: SoundFiles) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SpoolFailed(f"{raw.customer.parent}: {error.strerror}") from error


async def read_seal(store: RecordingStore, key: str) -> Seal | None:
    """The seal stored beside a recording; None if it was never sealed. Raises SealBroken if it can't be read."""
    try:
        content = await store.get(seal_key(key))
    except NotFound:
        return None
    try:
        return seal_from_json(content)
    except (ValueError, TypeError, KeyError) as error:
        raise SealBroken(f"{seal_key(key)} can't be read: {error}") from error


async def verify_seal(store: RecordingStore, seal: Seal) -> None:
    """Read the sound back and compare. Raises SealBroken."""
    try:
        found = await store.head(seal.key)
    except NotFound as error:
        raise SealBroken(f"{seal.key} is sealed, but its sound is gone") from error
    if (found.sha256, found.size_bytes) != (seal.sha256, seal.size_bytes):
        raise SealBroken(f"{seal.key} has sha256 {found.sha256}, sealed was {seal.sha256}")


def seal_key(key: str) -> str:
    """Where the seal of a recording is stored."""
    return f"{key}.json"


async def _make_seal(
    call_id: CallId,
    started_at: datetime,
    raw: SoundFiles,
    talk_seconds: float | None,
    store: RecordingStore,
    key: str,
    encoder: Encoder,
) -> Seal:
    encoded_file, seal_file = raw.customer.with_suffix(".ogg"), raw.customer.with_suffix(".json")
    try:
        encoded = await encoder.encode(raw, encoded_file)
        seal = _seal(call_id, started_at, raw, talk_seconds, key, encoded)
        await _put_unsealed(store, key, encoded_file)
        await verify_seal(store, seal)
        seal_file.write_bytes(seal_to_json(seal))
        await store.put(seal_key(key), seal_file)
    finally:
        encoded_file.unlink(missing_ok=True)
        seal_file.unlink(missing_ok=True)
    return seal


async def _put_unsealed(store: RecordingStore, key: str, encoded: Path) -> None:
    """The key names the call, so unsealed sound under it is our own earlier try, by another version of the encoder."""
    try:
        await store.put(key, encoded)
    except AlreadyStored:
        await store.delete(key)
        await store.put(key, encoded)


def _seal(
    call_id: CallId,
    started_at: datetime,
    raw: SoundFiles,
    talk_seconds: float | None,
    key: str,
    encoded: EncodedSound,
) -> Seal:
    return Seal(
        key=key,
        call_id=call_id,
        kind=raw.kind,
        started_at=started_at,
        sha256=encoded.sha256,
        size_bytes=encoded.size_bytes,
        duration_ms=encoded.duration_ms,
        codec=encoded.codec,
        sample_rate=encoded.sample_rate,
        talk_seconds=talk_seconds,
        customer=encoded.customer,
        agent=encoded.agent,
    )


def seal_to_json(seal: Seal) -> bytes:
    """A seal as it is stored, the same bytes for the same seal."""
    fields = asdict(seal) | {"started_at": seal.started_at.isoformat()}
    return json.dumps(fields, indent=1, sort_keys=True).encode()


def seal_from_json(content: bytes) -> Seal:
    """The stored form back. Raises ValueError, TypeError or KeyError for anything else."""
    fields: dict[str, Any] = json.loads(content)
    agent = fields["agent"]
    return Seal(
        **fields
        | {
            "call_id": CallId(fields["call_id"]),
            "kind": RecordingKind(fields["kind"]),
            "started_at": datetime.fromisoformat(fields["started_at"]),
            "customer": SideSound(**fields["customer"]),
            "agent": None if agent is None else SideSound(**agent),
        }
    )
