"""Results out: cases, what changed, the sealed sound (rules §5.9, §7.5, §7.6); and whether we are at work."""

from __future__ import annotations

from aiohttp import web

from dialer.console.api.bearer import token_in
from dialer.console.api.sent import ChangesAsked
from dialer.console.api.told import CaseTold, ChangesTold, HealthTold
from dialer.console.api.trace import leave_trace
from dialer.console.recordings import asked_part, stream_sound
from dialer.console.site import site_of
from dialer.domain.audit import AuditKind
from dialer.domain.errors import NotFound
from dialer.usecases.hear_recordings import sound_of
from dialer.usecases.tell_results import case_of_policy, changed_cases

_LARGEST_ID = 2**53


async def tell_case(request: web.Request, _asked: None) -> CaseTold:
    """One case by its policy number."""
    story = await case_of_policy(site_of(request).storage, token_in(request), request.match_info["policy_no"])
    await leave_trace(request, AuditKind.CASE_SEEN, f"case {story.case.id}")
    return CaseTold.of(story)


async def tell_changes(request: web.Request, asked: ChangesAsked) -> ChangesTold:
    """What moved since the last time."""
    changed = await changed_cases(site_of(request).storage, token_in(request), asked.after, asked.limit)
    if changed.cases:
        await leave_trace(request, AuditKind.SEARCHED)
    return ChangesTold(cases=[CaseTold.of(each) for each in changed.cases], next=changed.until, more=changed.more)


async def tell_sound(request: web.Request, _asked: None) -> web.StreamResponse:
    """A sealed recording, or the part of it that `Range` asks for."""
    site, wanted = site_of(request), request.match_info["recording_id"]
    if not (wanted.isascii() and wanted.isdigit()) or int(wanted) > _LARGEST_ID:
        raise NotFound(f"there is no recording {wanted}")
    recording, seal = await sound_of(site.storage, token_in(request), int(wanted))
    start, stop = asked_part(request, seal.size_bytes)
    await leave_trace(request, AuditKind.RECORDING_HEARD, f"recording {recording.id}")
    return await stream_sound(request, seal.key, start, stop, seal.size_bytes)


async def tell_health(_request: web.Request, _asked: None) -> HealthTold:
    """The process answers."""
    return HealthTold(status="ok")


async def tell_ready(request: web.Request, _asked: None) -> HealthTold:
    """The database answers too. Raises StorageUnavailable."""
    async with site_of(request).storage.read() as work:
        await work.ledger.beats()
    return HealthTold(status="ready")
