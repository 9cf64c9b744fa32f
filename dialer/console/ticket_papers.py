"""Papers with a ticket: they come in as a stream and go to disk, and go out as what they are and nothing else."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO
from urllib.parse import quote

from aiohttp import web

from dialer.console.acting import acting
from dialer.console.forms import FormInvalid, number
from dialer.console.routes import Handler, Route
from dialer.console.site import site_of, user_of
from dialer.console.ticket_page import moved_on, ticket_id_of, ticket_page
from dialer.domain.attachment import MAGIC_BYTES, Attachment
from dialer.domain.audit import AuditKind
from dialer.domain.user import Permission
from dialer.usecases.attach_to_ticket import ReceivedFile, attach_to_ticket, attachment_in_scope, take_back

_PIECE_BYTES = 256 * 1024
_REST_OF_FORM_BYTES = 64 * 1024
_NAME_CHARACTERS = 120


@web.middleware
async def let_papers_in(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Only this one route takes bodies larger than a form; aiohttp puts their files on disk as they arrive."""
    if request.match_info.handler is attach:
        most = site_of(request).rulebook.tickets.attachment_max_bytes
        request = request.clone(client_max_size=most + _REST_OF_FORM_BYTES)
    return await handler(request)


async def _attach(request: web.Request) -> web.Response:
    """Add a scan, a photograph or a PDF."""
    site, user = site_of(request), user_of(request)
    sent = (await request.post()).get("file")
    if not isinstance(sent, web.FileField) or not sent.filename:
        raise FormInvalid("file: choose one")
    async with _received(sent) as file:
        ticket_id, rules = ticket_id_of(request), site.rulebook.tickets
        await attach_to_ticket(site.storage, site.attachments, rules, user, ticket_id, file, site.now)
    return await moved_on(request)


attach = acting(_attach, ticket_page)


async def _withdraw(request: web.Request) -> web.Response:
    """Take back a paper that one attached by mistake."""
    site, user, ticket_id = site_of(request), user_of(request), ticket_id_of(request)
    attachment_id = number(request.match_info["attachment_id"])
    await take_back(site.storage, site.attachments, user, ticket_id, attachment_id, site.now)
    return await moved_on(request)


@asynccontextmanager
async def _received(sent: web.FileField) -> AsyncIterator[ReceivedFile]:
    """The file under a name, for as long as the store takes it in."""
    with sent.file, tempfile.NamedTemporaryFile(prefix="dialer-paper-") as copy:
        file = await asyncio.to_thread(_copied, sent.file, copy.file, Path(copy.name), sent.filename)
        yield file


def _copied(source: IO[bytes], target: IO[bytes], path: Path, name: str) -> ReceivedFile:
    digest, size, first = hashlib.sha256(), 0, b""
    while piece := source.read(_PIECE_BYTES):
        first = first or piece[:MAGIC_BYTES]
        digest.update(piece)
        size += len(piece)
        target.write(piece)
    target.flush()
    plain = Path(name.replace("\\", "/")).name[-_NAME_CHARACTERS:]
    return ReceivedFile(plain, path, size, digest.hexdigest(), first)


async def show(request: web.Request) -> web.StreamResponse:
    """One paper: an image is shown, a PDF is saved."""
    site, user = site_of(request), user_of(request)
    attachment_id = number(request.match_info["attachment_id"])
    attachment = await attachment_in_scope(site.storage, user, ticket_id_of(request), attachment_id)
    response = web.StreamResponse(headers=_headers(attachment))
    response.content_length = attachment.size_bytes
    at, store = 0, site.attachments
    piece = await store.get(attachment.key, at, _PIECE_BYTES)  # a store that fails does so before the head
    await response.prepare(request)
    while piece:
        await response.write(piece)
        at += len(piece)
        piece = await store.get(attachment.key, at, _PIECE_BYTES)
    return response


def _headers(attachment: Attachment) -> dict[str, str]:
    """What it is was told by its content; browsers are told not to guess otherwise (`nosniff` is on every response)."""
    how = "inline" if attachment.kind.is_image else "attachment"
    return {
        "Content-Type": attachment.kind.value,
        "Content-Disposition": f"{how}; filename*=UTF-8''{quote(attachment.name, safe='')}",
        "ETag": f'"{attachment.sha256}"',
    }


_PAPERS = "/tickets/{ticket_id}/attachments"
ROUTES = (
    Route("POST", _PAPERS, Permission.REPLY_TICKETS, attach),
    Route("GET", f"{_PAPERS}/{{attachment_id}}", Permission.SEE_TICKETS, show, AuditKind.TICKET_SEEN),
    Route("POST", f"{_PAPERS}/{{attachment_id}}/take-back", Permission.REPLY_TICKETS, acting(_withdraw, ticket_page)),
)
