"""Sound, in ranges, so that a player can jump to an answer. Heard, never handed out; every hearing is logged.

Beside it what the player draws, and the page on which one recording is heard.
"""

from __future__ import annotations

from base64 import b64encode

import structlog
from aiohttp import web

from dialer.console.forms import number
from dialer.console.pages import page
from dialer.console.routes import Route
from dialer.console.site import site_of, user_of
from dialer.console.trace import showed
from dialer.domain.audit import AuditKind
from dialer.domain.user import Permission
from dialer.domain.waveform import QUIET, STEP_MS
from dialer.usecases.hear_recordings import heard_in, sound_of, waveform_of

log = structlog.get_logger("console")

_PIECE_BYTES = 256 * 1024


async def hear(request: web.Request) -> web.StreamResponse:
    """The sealed recording, or the part of it that `Range` asks for."""
    site, user = site_of(request), user_of(request)
    recording, seal = await sound_of(site.storage, user, number(request.match_info["recording_id"]))
    start, stop = asked_part(request, seal.size_bytes)
    if start == 0:
        log.info("recording.heard", recording_id=recording.id, call_id=recording.call_id, by=user.login)
    return await stream_sound(request, seal.key, start, stop, seal.size_bytes)


def asked_part(request: web.Request, size: int) -> tuple[int, int]:
    """First byte and the byte after the last. Raises 416 for a part that is not there."""
    try:
        start, stop, _ = request.http_range.indices(size)
    except ValueError:
        start, stop = size, size
    if start >= stop:
        raise web.HTTPRequestRangeNotSatisfiable(headers={"Content-Range": f"bytes */{size}"})
    return start, stop


async def stream_sound(request: web.Request, key: str, start: int, stop: int, size: int) -> web.StreamResponse:
    """Bytes `start` to `stop` of a sealed object of `size` bytes."""
    part = "Range" in request.headers
    response = web.StreamResponse(status=206 if part else 200)
    response.headers.update({"Content-Type": "audio/ogg", "Accept-Ranges": "bytes", "Content-Disposition": "inline"})
    if part:
        response.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    response.content_length = stop - start
    store = site_of(request).store
    piece = await store.get(key, start, min(_PIECE_BYTES, stop - start))  # a store that fails does so before the head
    await response.prepare(request)
    while piece:
        await response.write(piece)
        start += len(piece)
        piece = await store.get(key, start, min(_PIECE_BYTES, stop - start)) if start < stop else b""
    return response


async def draw(request: web.Request) -> web.Response:
    """What the recording looks like, each side's values in base64."""
    site, user, recording_id = site_of(request), user_of(request), number(request.match_info["recording_id"])
    drawn = await waveform_of(site.storage, site.store, site.waveforms, user, recording_id)
    sides = {"customer": drawn.customer, "agent": drawn.agent}
    coded = {side: b64encode(values).decode() for side, values in sides.items() if values is not None}
    return web.json_response({"step_ms": STEP_MS, "quiet": QUIET, "sides": coded})


async def listen(request: web.Request) -> web.Response:
    """One recording with its player and what was answered in it."""
    site, user, recording_id = site_of(request), user_of(request), number(request.match_info["recording_id"])
    parts = await heard_in(site.storage, site.scripts, user, recording_id)
    for part in parts:
        showed(request, AuditKind.CASE_SEEN, f"case {part.case.id}")
    return page(request, "recording.html", parts=parts, recording=parts[0].playable.recording)


ROUTES = (
    Route("GET", "/recordings/{recording_id}", Permission.HEAR_RECORDINGS, hear, AuditKind.RECORDING_HEARD),
    Route("GET", "/recordings/{recording_id}/waveform", Permission.HEAR_RECORDINGS, draw),
    Route("GET", "/recordings/{recording_id}/listen", Permission.HEAR_RECORDINGS, listen, AuditKind.CASE_SEEN),
)
