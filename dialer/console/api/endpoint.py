"""One endpoint: read the request by its model, do it once, write the answer by its model."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import structlog
from aiohttp import web
from pydantic import BaseModel, ValidationError

from dialer.console.api.bearer import TOKEN, token_in
from dialer.console.api.problems import RequestInvalid
from dialer.console.api.told import Fault
from dialer.console.routes import Door, Route
from dialer.console.site import site_of
from dialer.domain.api_token import Scope
from dialer.usecases.answer_once import answered_before, drop_answer, keep_answer

log = structlog.get_logger("api")

PREFIX = "/api/v1"
IDEMPOTENCY_KEY = "Idempotency-Key"
KEY_PATTERN = "^[!-~]{1,128}$"
_KEY = re.compile(KEY_PATTERN)

Does = Callable[[web.Request, Any], Awaitable[BaseModel | web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method on one path of the API.

    Attributes:
        does: the handler; it gets what `takes` or `asks` made of the request.
        gives: the answer's model, or its media type where it is no JSON of ours.
        takes: the body's model; such a request may carry an idempotency key.
        asks: the query's model.
        refuses: statuses of its own beside those every endpoint may answer.
    """

    method: str
    path: str
    needs: Scope | Door
    does: Does
    summary: str
    gives: type[BaseModel] | str
    takes: type[BaseModel] | None = None
    asks: type[BaseModel] | None = None
    refuses: tuple[int, ...] = ()

    @property
    def route(self) -> Route:
        """Its place in the console's router."""

        async def run(request: web.Request) -> web.StreamResponse:
            response = await self._answer(request)
            if (token := request.get(TOKEN)) is not None:
                log.info(
                    "api.used", token=token.name, method=self.method, path=self.path, about=dict(request.match_info),
                    status=response.status,
                )  # fmt: skip
            return response

        return Route(self.method, PREFIX + self.path, self.needs, run)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if self.takes is None:
            asked = _query(request, self.asks) if self.asks is not None else None
            return _written(await self.does(request, asked))
        sent = await _body(request, self.takes)
        key = request.headers.get(IDEMPOTENCY_KEY)
        return _written(await self.does(request, sent)) if key is None else await self._once(request, sent, key)

    async def _once(self, request: web.Request, sent: BaseModel, key: str) -> web.StreamResponse:
        if not _KEY.fullmatch(key):
            raise RequestInvalid([_bad_key()])
        site, token = site_of(request), token_in(request)
        content = f"{request.method} {request.path}\n".encode() + await request.read()
        kept = await answered_before(site.storage, token, key, hashlib.sha256(content).hexdigest(), site.now)
        if kept is not None and kept.status is not None:
            return _json(kept.body, kept.status, {"Idempotency-Replayed": "true"})
        try:
            told = _written(await self.does(request, sent))
            assert isinstance(told, web.Response)  # who takes a body gives a model
        except BaseException:
            await drop_answer(site.storage, token, key)
            raise
        await keep_answer(site.storage, token, key, told.status, told.text or "")
        return told


def _bad_key() -> Fault:
    said = "1 to 128 visible ASCII characters"
    return Fault(field=IDEMPOTENCY_KEY, code="VALUE_INVALID", zh="应为 1 到 128 个可见的 ASCII 字符", en=said)


async def _body(request: web.Request, model: type[BaseModel]) -> BaseModel:
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="send application/json")
    try:
        return model.model_validate_json(await request.read())
    except ValidationError as error:
        raise RequestInvalid.of(error) from error


def _query(request: web.Request, model: type[BaseModel]) -> BaseModel:
    twice = [name for name in set(request.query) if len(request.query.getall(name)) > 1]
    if twice:
        raise RequestInvalid([Fault(field=name, code="TWICE", zh="重复的参数", en="given twice") for name in twice])
    try:
        return model.model_validate(dict(request.query))
    except ValidationError as error:
        raise RequestInvalid.of(error) from error


def _written(answer: BaseModel | web.StreamResponse) -> web.StreamResponse:
    return _json(answer.model_dump_json()) if isinstance(answer, BaseModel) else answer


def _json(text: str, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(text=text, status=status, content_type="application/json", headers=headers)
