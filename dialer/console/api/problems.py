"""The API's refusals as problem documents (RFC 9457): a stable code, in both languages, never a stack trace."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import structlog
from aiohttp import web
from pydantic import ValidationError

from dialer.console.api.bearer import RateLimited
from dialer.console.api.told import Fault, Problem
from dialer.console.routes import Handler
from dialer.console.statuses import status_of
from dialer.console.words import words
from dialer.domain.errors import DialerError
from dialer.usecases.answer_once import StillWorking
from dialer.usecases.api_tokens import TokenRefused

log = structlog.get_logger("api")

_FAULTS_TOLD = 50
_KEPT_HEADERS = frozenset({"Allow", "Content-Range"})
_CHINESE = {
    "missing": "缺少此字段",
    "extra_forbidden": "未知的字段",
    "json_invalid": "不是有效的 JSON",
    "too_long": "超过条数上限",
    "too_short": "不能为空",
    "string_too_long": "超过长度上限",
}


class RequestInvalid(DialerError):
    """The request is not what the document describes; nothing of it was done."""

    code = "REQUEST_INVALID"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(f"{len(faults)} fault(s) in the request; see errors")
        self.faults = faults[:_FAULTS_TOLD]

    @classmethod
    def of(cls, error: ValidationError) -> RequestInvalid:
        """What a model found; a value itself is never told, for it may be personal."""
        return cls(
            [
                Fault(
                    field=".".join(str(part) for part in each["loc"]),
                    code=each["type"].upper(),
                    zh=_CHINESE.get(each["type"], "取值不符合要求"),
                    en=each["msg"],
                )
                for each in error.errors(include_url=False, include_input=False, include_context=False)
            ]
        )


class PolicyRefused(DialerError):
    """The one policy that was sent was not taken; `errors` says why."""

    code = "POLICY_REFUSED"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("the policy was not taken; see errors")
        self.faults = faults


_STATUS: tuple[tuple[type[DialerError], int], ...] = (
    (RequestInvalid, 400),
    (TokenRefused, 401),
    (StillWorking, 409),
    (RateLimited, 429),
)


@web.middleware
async def explain_api_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Everything that goes wrong under `/api/` becomes a problem document."""
    if not request.path.startswith("/api/"):
        return await handler(request)
    try:
        return await handler(request)
    except DialerError as error:
        return _refusal(error)
    except web.HTTPException as error:
        kept = {name: value for name, value in error.headers.items() if name in _KEPT_HEADERS}
        return problem(error.status, f"HTTP_{error.status}", error.reason, headers=kept)
    except Exception:
        log.exception("api.failed", method=request.method, path=request.path)
        return problem(500, "INTERNAL", "")


def _refusal(error: DialerError) -> web.Response:
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), status_of(error))
    faults = error.faults if isinstance(error, RequestInvalid | PolicyRefused) else ()
    return problem(status, error.code, str(error), faults, _hints(error))


def _hints(error: DialerError) -> Mapping[str, str]:
    match error:
        case TokenRefused():
            return {"WWW-Authenticate": 'Bearer realm="dialer"'}
        case RateLimited():
            return {"Retry-After": str(math.ceil(error.wait_seconds))}
        case StillWorking():
            return {"Retry-After": "1"}
    return {}


def problem(
    status: int, code: str, detail: str, faults: Sequence[Fault] = (), headers: Mapping[str, str] | None = None
) -> web.Response:
    """A problem document."""
    chinese, english = (words(language).label(code, "Error") for language in ("zh_CN", "en"))
    told = Problem(
        type=f"urn:dialer:problem:{code}",
        title=english,
        status=status,
        code=code,
        detail=detail,
        zh=chinese,
        en=english,
        errors=list(faults),
    )
    return web.Response(
        text=told.model_dump_json(), status=status, content_type="application/problem+json", headers=headers
    )
