"""Errors as people and programs read them: the rule's own words, the right status, never a stack trace."""

from __future__ import annotations

import structlog
from aiohttp import web

from dialer.console.pages import page, see, wants_fragment, wants_json
from dialer.console.routes import Handler
from dialer.console.statuses import status_of
from dialer.domain.errors import DialerError
from dialer.usecases.log_in import SessionOver, StepMissing

log = structlog.get_logger("console")


@web.middleware
async def explain_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Everything a handler raises becomes an answer."""
    try:
        return await handler(request)
    except SessionOver as error:
        return _log_in_first(request, error, "/login", 401)
    except StepMissing as error:
        return _log_in_first(request, error, "/login/next", 403)
    except DialerError as error:
        return problem(request, status_of(error), error.code, str(error))
    except web.HTTPException as error:
        if error.status < 400 or error.status == 416:  # a redirect; a player's question about a length
            raise
        return problem(request, error.status, f"HTTP_{error.status}", error.reason)
    except Exception:
        log.exception("console.failed", method=request.method, path=request.path)
        return problem(request, 500, "INTERNAL", "")


def _log_in_first(request: web.Request, error: DialerError, path: str, status: int) -> web.StreamResponse:
    if wants_json(request):
        return problem(request, status, error.code, str(error))
    if wants_fragment(request):
        return web.Response(status=status, headers={"HX-Redirect": path})
    return see(path)


def problem(request: web.Request, status: int, code: str, message: str) -> web.Response:
    """An error as a page or as data."""
    if wants_json(request):
        return web.json_response({"error": code, "message": message}, status=status)
    return page(request, "error.html", status, code=code, message=message, status_code=status)
