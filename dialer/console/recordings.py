"""Sound, in ranges, so that a player can jump to an answer. Heard, never handed out; every hearing is logged."""

from __future__ import annotations

import structlog
from aiohttp import web

from dialer.console.forms import number
from dialer.console.routes import Route
from dialer.console.site import site_of, user_of
from dialer.domain.audit import AuditKind
from dialer.domain.errors import NotFound
from dialer.domain.user import Permission
from dialer.usecases import look_at

log = structlog.get_logger("console")

_PIECE_BYTES = 256 * 1024


async def hear(request: web.Request) -> web.StreamResponse:
    """The sealed recording, or the part of it that `Range` asks for."""
    site, user = site_of(request), user_of(request)
    async with site.storage.read() as work:
        recording = await look_at.recording_in_scope(work, user, number(request.match_info["recording_id"]))
    seal = recording.seal
    if seal is None:
        raise NotFound(f"recording {recording.id} is not sealed")
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


ROUTES = (Route("GET", "/recordings/{recording_id}", Permission.HEAR_RECORDINGS, hear, AuditKind.RECORDING_HEARD),)
