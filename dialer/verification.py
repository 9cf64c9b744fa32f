"""`dialer verify`: the whole database and the whole store against the rules (rules §5.9)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from dialer.bootstrap import Site
from dialer.domain.attachment import Attachment
from dialer.domain.errors import NotFound
from dialer.ports import SealBroken, StoredObject
from dialer.recording.seal import verify_seal
from dialer.storage.verify import Fault, all_attachments, find_faults, sealed_recordings


@dataclass(frozen=True, slots=True)
class BrokenSeal:
    """A sealed recording, or a paper of a ticket, that is gone from its store or changed."""

    record: str
    what: str
    kind: str = "RECORDING_BROKEN"


@dataclass(frozen=True, slots=True)
class Report:
    """What was looked at and what is wrong."""

    faults: tuple[Fault | BrokenSeal, ...]
    recordings: int
    attachments: int = 0

    @property
    def summary(self) -> str:
        """One line for people."""
        verdict = "无问题 · nothing is wrong" if not self.faults else f"{len(self.faults)} 个问题 · faults"
        compared = f"已核对录音 · recordings compared: {self.recordings}; 附件 · attachments: {self.attachments}"
        return f"{verdict}; {compared}"


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
    papers = [paper async for paper in all_attachments(site.storage)]
    broken = [fault for paper in papers if (fault := await _broken(site, paper))]
    return Report((*found, *broken), compared, len(papers))


async def _broken(site: Site, paper: Attachment) -> BrokenSeal | None:
    try:
        stored = await site.attachments.head(paper.key)
    except NotFound as error:
        what = str(error)
    else:
        if stored == StoredObject(paper.size_bytes, paper.sha256):
            return None
        what = f"{paper.key} is not what was attached"
    return BrokenSeal(f"attachment {paper.id} of ticket {paper.ticket_id}", what, "ATTACHMENT_BROKEN")


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
