"""`dialer verify`: the whole database and the whole store against the rules (rules §5.9)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from dialer.bootstrap import Site
from dialer.ports import SealBroken
from dialer.recording.seal import verify_seal
from dialer.storage.verify import Fault, find_faults, sealed_recordings


@dataclass(frozen=True, slots=True)
class BrokenSeal:
    """A sealed recording whose sound is gone or changed."""

    record: str
    what: str
    kind: str = "RECORDING_BROKEN"


@dataclass(frozen=True, slots=True)
class Report:
    """What was looked at and what is wrong."""

    faults: tuple[Fault | BrokenSeal, ...]
    recordings: int

    @property
    def summary(self) -> str:
        """One line for people."""
        verdict = "无问题 · nothing is wrong" if not self.faults else f"{len(self.faults)} 个问题 · faults"
        return f"{verdict}; 已核对录音 · recordings compared: {self.recordings}"


async def verify(site: Site) -> Report:
    """Look at everything; reads only."""
    living = await _living(site)
    limits = site.rulebook.dial
    found: list[Fault | BrokenSeal] = [
        fault async for fault in find_faults(site.storage, limits, site.rulebook.proof.min_seconds, living)
    ]
    compared = 0
    async for recording in sealed_recordings(site.storage):
        compared += 1
        assert recording.seal is not None  # SEALED
        try:
            await verify_seal(site.store, recording.seal)
        except SealBroken as error:
            found.append(BrokenSeal(f"recording {recording.id}", str(error)))
    return Report(tuple(found), compared)


async def _living(site: Site) -> frozenset[str]:
    """Engines that count on while we look."""
    before = await _beats(site)
    if not before:
        return frozenset()
    await asyncio.sleep(site.settings.engine.lease_seconds / 2)
    after = await _beats(site)
    return frozenset(owner for owner, count in after.items() if count > before.get(owner, -1))


async def _beats(site: Site) -> dict[str, int]:
    async with site.storage.read() as work:
        return dict(await work.ledger.beats())
