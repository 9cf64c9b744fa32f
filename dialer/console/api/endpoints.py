"""Every endpoint of the API, once."""

from __future__ import annotations

from functools import cache

from aiohttp import web

from dialer.console.api.endpoint import Endpoint
from dialer.console.api.openapi import document
from dialer.console.api.policies import take_batch, take_cancellation, take_contact, take_one, take_receipt
from dialer.console.api.results import tell_case, tell_changes, tell_health, tell_ready, tell_sound
from dialer.console.api.sent import CancellationSent, ChangesAsked, ContactSent, PolicyBatch, PolicyRow, ReceiptSent
from dialer.console.api.told import AmendedTold, BatchTold, CaseTold, ChangesTold, HealthTold, RowTold
from dialer.console.routes import Door, Route
from dialer.domain.api_token import Scope


async def show_document(_request: web.Request, _asked: None) -> web.StreamResponse:
    """The OpenAPI document."""
    return web.json_response(_document())


@cache
def _document() -> dict[str, object]:
    return document(ENDPOINTS)


ENDPOINTS = (
    Endpoint(
        "POST", "/policies", Scope.POLICIES_WRITE, take_one, "一张保单 · one policy",
        takes=PolicyRow, gives=RowTold, refuses=(422,),
    ),
    Endpoint(
        "POST", "/policies/batch", Scope.POLICIES_WRITE, take_batch, "一批保单 · up to 500 policies",
        takes=PolicyBatch, gives=BatchTold, refuses=(422,),
    ),
    Endpoint(
        "PUT", "/policies/{policy_no}/receipt", Scope.RECEIPTS_WRITE, take_receipt, "回执 · the receipt",
        takes=ReceiptSent, gives=AmendedTold, refuses=(404, 422),
    ),
    Endpoint(
        "PUT", "/policies/{policy_no}/cancellation", Scope.CANCELLATIONS_WRITE, take_cancellation,
        "退保、撤单 · surrender or rescission", takes=CancellationSent, gives=AmendedTold, refuses=(404, 422),
    ),
    Endpoint(
        "PATCH", "/policies/{policy_no}/contact", Scope.CONTACTS_WRITE, take_contact,
        "联系方式变更 · how the holder can be reached", takes=ContactSent, gives=AmendedTold, refuses=(404, 422),
    ),
    Endpoint(
        "GET", "/cases", Scope.CASES_READ, tell_changes, "变动的回访件 · cases that moved",
        asks=ChangesAsked, gives=ChangesTold, refuses=(400,),
    ),
    Endpoint(
        "GET", "/cases/{policy_no}", Scope.CASES_READ, tell_case, "一件回访的结果 · one case's results",
        gives=CaseTold, refuses=(404,),
    ),
    Endpoint(
        "GET", "/recordings/{recording_id}", Scope.RECORDINGS_READ, tell_sound, "录音 · the sound",
        gives="audio/ogg", refuses=(404, 416),
    ),
    Endpoint("GET", "/health", Door.PUBLIC, tell_health, "存活 · the process answers", gives=HealthTold),
    Endpoint("GET", "/ready", Door.PUBLIC, tell_ready, "就绪 · the database answers", gives=HealthTold, refuses=(503,)),
    Endpoint("GET", "/openapi.json", Door.PUBLIC, show_document, "本文档 · this document", gives="application/json"),
)  # fmt: skip


def api_routes() -> tuple[Route, ...]:
    """The endpoints' places in the router."""
    return tuple(endpoint.route for endpoint in ENDPOINTS)
