"""A draft walked as on the desk, by keyboard, with sample facts. The moves travel with the page; nothing is stored."""

from __future__ import annotations

import json
from collections.abc import Mapping

from aiohttp import web

from dialer.console.acting import acting
from dialer.console.administration.script_desk import version_id
from dialer.console.desk_keys import event_key
from dialer.console.forms import FormInvalid, captures, code, fields
from dialer.console.pages import page
from dialer.console.routes import Route
from dialer.console.site import site_of
from dialer.domain.errors import DialerError
from dialer.domain.policy import Design, PayMode
from dialer.domain.user import Permission
from dialer.usecases.govern_scripts import script_version
from dialer.usecases.try_script import MoveKind, Trial, TrialMove, sample_facts, try_out

_MOST_MOVES = 300
_CHOSEN = "fact."


async def try_script(request: web.Request, refused: DialerError | None = None) -> web.Response:
    """The first screen, or the one after another key; a key that the script refuses leaves the screen as it was."""
    site = site_of(request)
    sent = await fields(request) if request.method == "POST" else {}
    version = await script_version(site.storage, version_id(request))
    script = site.in_force.script(version.text)
    moves = _walked(sent.get("walk", "[]")) + (() if refused else _wanted(sent))
    trial = try_out(site.scripts, script, sample_facts(script, _chosen(sent)), moves)
    return page(
        request, "administration/try.html", refused=refused, version=version, script=script, trial=trial,
        screen=trial.screen, walk=_as_text(trial), back=_as_text(trial, drop=1), event_key=event_key,
        designs=tuple(Design), pay_modes=tuple(PayMode), chosen=_chosen(sent),
    )  # fmt: skip


def _chosen(sent: Mapping[str, str]) -> dict[str, str]:
    return {name.removeprefix(_CHOSEN): value for name, value in sent.items() if name.startswith(_CHOSEN)}


def _wanted(sent: Mapping[str, str]) -> tuple[TrialMove, ...]:
    if not sent.get("kind"):
        return ()
    return (TrialMove(code(MoveKind, sent["kind"]), sent.get("name", ""), captures(sent)),)


def _walked(text: str) -> tuple[TrialMove, ...]:
    try:
        moves = tuple(TrialMove(MoveKind(kind), str(name), dict(written)) for kind, name, written in json.loads(text))
    except (ValueError, TypeError) as error:
        raise FormInvalid(f"the page's moves can't be read: {error}") from error
    if len(moves) > _MOST_MOVES:
        raise FormInvalid(f"no talk has {len(moves)} moves: begin again")
    return moves


def _as_text(trial: Trial, drop: int = 0) -> str:
    kept = trial.moves[: len(trial.moves) - drop]
    return json.dumps([[move.kind, move.name, dict(move.captures)] for move in kept], ensure_ascii=False)


ROUTES = (
    Route("GET", "/scripts/{version_id}/try", Permission.SEE_SCRIPTS, try_script),
    Route("POST", "/scripts/{version_id}/try", Permission.SEE_SCRIPTS, acting(try_script, try_script)),
)
