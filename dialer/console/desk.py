"""The agent's desk: one page that never jumps. What it shows comes from the server, whole, after every key.

Programs use the same routes with `Accept: application/json`; the shapes are in `desk_json`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from dialer.console.acting import acting
from dialer.console.desk_json import desk_as_json
from dialer.console.desk_keys import event_key
from dialer.console.events import tabs_of
from dialer.console.forms import FormInvalid, captures, code, field, fields, moment
from dialer.console.pages import page, see, wants_fragment, wants_json
from dialer.console.routes import Handler, Route
from dialer.console.site import SESSION, Site, site_of, user_of
from dialer.console.statuses import status_of
from dialer.console.trace import showed
from dialer.domain.audit import AuditKind
from dialer.domain.call import CallId
from dialer.domain.errors import DialerError
from dialer.domain.user import Permission, User
from dialer.ports import topics
from dialer.ports.storage import Work
from dialer.usecases import staff_the_floor
from dialer.usecases.conduct_interview import Talks, mark_conversation, report_event
from dialer.usecases.finish_attempt import wrap_up
from dialer.usecases.look_at_desk import (
    NOTE,
    TIMES,
    CallFacts,
    Desk,
    Move,
    OpenDesk,
    draw_desk,
    field_of,
    is_on_screen,
    look_at_desk,
    press_key,
)
from dialer.usecases.preview_case import GiveBackReason, dial_previewed, give_back
from dialer.usecases.staff_the_floor import PauseReason
from dialer.usecases.write_down import answer_at_desk, keep_words, take_back_at_desk

_KNOWN = web.AppKey("known_of_calls", dict[CallId, CallFacts])
_CALLS_REMEMBERED = 1000

Action = Callable[[web.Request, Site, User], Awaitable[OpenDesk | None]]
"""What a key does; a step of the interview has the desk open already, and gives it on as it left it."""


async def show(request: web.Request) -> web.Response:
    """The desk as it stands; 204 when `seen` names the version that is on screen already."""
    seen = request.query.get("seen", "")
    if seen and await is_on_screen(site_of(request).storage, user_of(request), seen):
        return web.Response(status=204)
    return await _desk(request)


async def _desk(
    request: web.Request, refused: DialerError | None = None, opened: OpenDesk | None = None
) -> web.Response:
    desk = _redrawn(request, opened) or await _looked_at(request, opened)
    for each in desk.policies:
        showed(request, AuditKind.SCREEN_POP, f"case {each.case.id}")
    if wants_json(request):
        return web.json_response(desk_as_json(desk, request[SESSION].csrf, refused), status=status_of(refused))
    template = "desk/desk.html" if wants_fragment(request) else "desk/page.html"
    return page(
        request,
        template,
        desk=desk,
        refused=refused,
        event_key=event_key,
        reasons=tuple(PauseReason),
        give_back_reasons=tuple(GiveBackReason),
        wrap_up_seconds=site_of(request).settings.engine.wrap_up_seconds,
    )


async def _looked_at(request: web.Request, opened: OpenDesk | None) -> Desk:
    site, user = site_of(request), user_of(request)
    desk, known = await look_at_desk(site.storage, site.scripts, site.rulebook, user, site.now, opened)
    if desk.call is not None:
        _remember(request.app[_KNOWN], desk.call.call.call_id, known)
    return desk


def _redrawn(request: web.Request, opened: OpenDesk | None) -> Desk | None:
    """After a step: what is around the call was read when it came up, and is not read again while an agent waits."""
    known = request.app[_KNOWN].get(opened.call.call.call_id) if opened and opened.call else None
    if opened is None or known is None:
        return None
    desk = draw_desk(opened, known, user_of(request), site_of(request).now)
    seen_before = desk.screen is not None and desk.screen.seen_before
    return None if desk.offers_days or (seen_before and desk.takes_words) else desk


def _remember(calls: dict[CallId, CallFacts], call_id: CallId, known: CallFacts) -> None:
    calls[call_id] = known
    if len(calls) > _CALLS_REMEMBERED:
        del calls[next(iter(calls))]


def remember_calls(app: web.Application) -> None:
    """Give the console its memory of the calls at its desks."""
    app[_KNOWN] = {}


def _action(act: Action) -> Handler:
    """A handler that acts, and shows the desk as it stands then."""

    async def done(request: web.Request) -> web.StreamResponse:
        opened = await act(request, site_of(request), user_of(request))
        in_place = wants_json(request) or wants_fragment(request)
        return await _desk(request, opened=opened) if in_place else see("/desk")

    return acting(done, _desk, tells_programs=True)


async def _sit_down(_request: web.Request, site: Site, user: User) -> None:
    await staff_the_floor.sit_down(site.storage, site.signals, user, site.now)


async def _ready(_request: web.Request, site: Site, user: User) -> None:
    await staff_the_floor.get_ready(site.storage, site.signals, user, site.now)


async def _pause(request: web.Request, site: Site, user: User) -> None:
    reason = code(PauseReason, await field(request, "reason"))
    await staff_the_floor.pause(site.storage, site.signals, user, reason, site.now)


async def _stand_up(_request: web.Request, site: Site, user: User) -> None:
    await staff_the_floor.stand_up(site.storage, site.signals, user, site.now)


async def _dial(_request: web.Request, site: Site, user: User) -> None:
    await dial_previewed(site.storage, site.signals, user, site.now)


async def _give_back(request: web.Request, site: Site, user: User) -> None:
    reason = code(GiveBackReason, await field(request, "reason"))
    await give_back(site.storage, site.signals, user, reason, site.now)


async def _hang_up(request: web.Request, site: Site, user: User) -> None:
    call_id = await field(request, "call")
    if not call_id:
        raise FormInvalid("say which call to hang up: `call`, its id")
    await staff_the_floor.hang_up(site.storage, site.signals, user, CallId(call_id), site.now)


# A step of the interview is told to the agent's other tabs alone: its answer is the new screen. A signal is a write of
# its own, and hundreds of agents step at once.


async def _step(request: web.Request, site: Site, user: User, seen: str, move: Move) -> OpenDesk:
    desk = await press_key(site.storage, site.scripts, user, seen, move)
    if desk.seat is not None and tabs_of(request.app, user) > 1:
        await site.signals.notify(topics.desk(desk.seat.id))
    return desk


async def _answer(request: web.Request, site: Site, user: User) -> OpenDesk:
    sent, now = await fields(request), site.now

    async def move(work: Work, talks: Talks) -> Talks:
        node, option = sent.get("node", ""), sent.get("option", "")
        return await answer_at_desk(work, user, talks, node, option, captures(sent), now)

    return await _step(request, site, user, sent.get("version", ""), move)


async def _event(request: web.Request, site: Site, user: User) -> OpenDesk:
    sent, now = await fields(request), site.now

    async def move(work: Work, talks: Talks) -> Talks:
        return await report_event(work, talks, sent.get("node", ""), sent.get("event", ""), now)

    return await _step(request, site, user, sent.get("version", ""), move)


async def _take_back(request: web.Request, site: Site, user: User) -> OpenDesk:
    sent, now = await fields(request), site.now

    async def move(work: Work, talks: Talks) -> Talks:
        return await take_back_at_desk(work, user, talks, sent.get("node", ""), now)

    return await _step(request, site, user, sent.get("version", ""), move)


async def _mark(request: web.Request, site: Site, user: User) -> None:
    flag, now = await field(request, "flag"), site.now

    async def move(work: Work, talks: Talks) -> Talks:
        return await mark_conversation(work, talks, flag, now)

    await _step(request, site, user, "", move)  # the question stays, and what is being written there


async def keep_typed(request: web.Request) -> web.Response:
    """What is being typed, so that no reload and no crash loses a word; a save that comes too late is none."""
    site, sent = site_of(request), await fields(request)
    node, option = sent.get("node", ""), sent.get("option", "")
    words = {field_of(node, option, name): typed for name, typed in captures(sent).items()}
    words |= {NOTE: sent["note"]} if not node and "note" in sent else {}
    words |= {name: sent.get(name, "") for name in TIMES} if any(name in sent for name in TIMES) else {}
    call_id = CallId(sent.get("call", ""))
    await keep_words(site.storage, site.scripts, user_of(request), call_id, node, words, site.now)
    return web.Response(status=204)


async def _wrap_up(request: web.Request, site: Site, user: User) -> None:
    sent = await fields(request)
    await wrap_up(
        site.storage,
        site.signals,
        site.scripts,
        site.rulebook,
        user.login,
        site.now,
        note=sent.get("note", "").strip(),
        appointment_at=moment(sent.get("appointment_at", "") or sent.get("asked_at", "")),
        customer_asked=bool(sent.get("customer_asked") or (sent.get("asked_at") and not sent.get("appointment_at"))),
    )


ROUTES = (
    Route("GET", "/desk", Permission.TAKE_CALLS, show),
    Route("POST", "/desk/sit-down", Permission.TAKE_CALLS, _action(_sit_down)),
    Route("POST", "/desk/ready", Permission.TAKE_CALLS, _action(_ready)),
    Route("POST", "/desk/pause", Permission.TAKE_CALLS, _action(_pause)),
    Route("POST", "/desk/stand-up", Permission.TAKE_CALLS, _action(_stand_up)),
    Route("POST", "/desk/dial", Permission.TAKE_CALLS, _action(_dial)),
    Route("POST", "/desk/give-back", Permission.TAKE_CALLS, _action(_give_back)),
    Route("POST", "/desk/hang-up", Permission.TAKE_CALLS, _action(_hang_up)),
    Route("POST", "/desk/answer", Permission.TAKE_CALLS, _action(_answer)),
    Route("POST", "/desk/event", Permission.TAKE_CALLS, _action(_event)),
    Route("POST", "/desk/take-back", Permission.TAKE_CALLS, _action(_take_back)),
    Route("POST", "/desk/mark", Permission.TAKE_CALLS, _action(_mark)),
    Route("POST", "/desk/typed", Permission.TAKE_CALLS, keep_typed),
    Route("POST", "/desk/wrap-up", Permission.TAKE_CALLS, _action(_wrap_up)),
)
