"""The desk as data: the shape that robot agents, tests and other programs read (docs in `desk_as_json`)."""

from __future__ import annotations

from dialer.console.desk_keys import event_key
from dialer.domain.errors import DialerError
from dialer.domain.interview import Choice, EventButton, Fact, Screen
from dialer.domain.script.model import Capture, Comparison
from dialer.domain.seat import Seat, SeatState
from dialer.ports.storage import StoredCall
from dialer.usecases.look_at_desk import Desk, DeskAction, PolicyInCall, Preview

Json = dict[str, object]


def desk_as_json(desk: Desk, csrf: str, refused: DialerError | None = None) -> Json:
    """`{version, csrf, seat, actions, elapsed_seconds, call, customer, screen, policies, wrap_up, preview, error?}`.

    `version` changes whenever anything on the desk does; sent back with an answer it guards against answering a
    screen that is gone. `actions` are the routes that can be used now, as in `POST /desk/<action>`. `call`,
    `customer` and `screen` are null when no call is at the desk; `wrap_up` is null outside WRAP_UP,
    `preview` outside PREVIEW.
    """
    shown: Json = {
        "version": desk.version,
        "csrf": csrf,
        "login": desk.user.login,
        "seat": _seat(desk.seat) if desk.seat else None,
        "actions": sorted(desk.actions),
        "elapsed_seconds": desk.elapsed_seconds,
        "call": _call(desk.call) if desk.call else None,
        "customer": _customer(desk, desk.current) if desk.current else None,
        "screen": _screen(desk, desk.screen) if desk.screen else None,
        "policies": [_policy(desk, each) for each in desk.policies],
        "wrap_up": _wrap_up(desk),
        "preview": _preview(desk.preview) if desk.preview else None,
    }
    return {**shown, "error": refused.code, "message": str(refused)} if refused else shown


def _seat(seat: Seat) -> Json:
    return {
        "id": seat.id,
        "state": seat.state,
        "since": seat.since.isoformat(),
        "why": seat.why,
        "leg_up": seat.leg_up,
        "pause_after_call": seat.pause_after_call,
    }


def _call(stored: StoredCall) -> Json:
    call = stored.call
    return {
        "id": call.call_id,
        "phase": call.phase,
        "answered_at": call.answered_at.isoformat() if call.answered_at else None,
        "ended_by": call.ended.by if call.ended else None,
    }


def _customer(desk: Desk, current: PolicyInCall) -> Json:
    """What the page shows, and no more; the policy number is what programs know a case by."""

    def needed(fact: Fact, value: object) -> str | None:
        return str(value) if fact in desk.shows and value is not None else None

    return {
        "name": current.policy.holder.name.full,
        "gender": current.policy.holder.gender,
        "phone": desk.phone_masked,
        "policy_no": current.case.policy_no,
        "product": needed(Fact.POLICY, current.policy.policy.product_name),
        "purpose": current.case.purpose,
        "round": current.case.round,
        "birthday": needed(Fact.BIRTHDAY, current.policy.holder.birthday),
        "surrender_last_day": needed(Fact.SURRENDER_UNTIL, current.case.surrender_last_day),
    }


def _screen(desk: Desk, screen: Screen) -> Json:
    return {
        "script": screen.script,
        "script_version": screen.version,
        "node": screen.node,
        "phase": screen.phase,
        "title": screen.title,
        "text": screen.text,
        "agent_note": screen.agent_note,
        "options": [
            {
                "key": choice.key,
                "code": choice.code,
                "label": choice.label,
                "captures": _captures(desk, choice),
            }
            for choice in screen.choices
        ],
        "events": [_button(button) for button in screen.events],
        "marks": [_button(button) for button in screen.marks],
        "progress": [
            {"item": item.item, "title": item.title, "value": item.value, "final": item.final}
            for item in screen.progress
        ],
        "outcome": screen.outcome,
        "next_action": screen.next_action,
        "takes_back": screen.takes_back if DeskAction.TAKE_BACK in desk.actions else "",
    }


def _captures(desk: Desk, choice: Choice) -> list[Json]:
    """The fields of an answer. What is compared is no words: it is typed once and kept nowhere."""
    told = [{"field": Comparison.ID_TAIL, "is_date": False, "typed": ""}] if choice.compared else []
    return [*(_capture(desk, choice, each) for each in choice.captures), *told]


def _capture(desk: Desk, choice: Choice, capture: Capture) -> Json:
    typed = desk.written(choice.code, capture.field)
    return {"field": capture.field, "is_date": capture.is_date, "typed": typed}


def _button(button: EventButton) -> Json:
    return {"code": button.event, "label": button.label, "key": event_key(button.event)}


def _policy(desk: Desk, each: PolicyInCall) -> Json:
    return {
        "policy_no": each.case.policy_no,
        "product": each.policy.policy.product_name if Fact.POLICY in desk.shows else None,
        "over": each.over,
        "outcome": each.verdict.outcome,
        "level": each.verdict.level,
        "problems": [
            {"level": heard.level, "type": heard.problem.type, "subtype": heard.problem.subtype, "node": heard.node}
            for heard in each.verdict.problems
        ],
        "unconfirmed": list(each.verdict.unconfirmed),
    }


def _preview(preview: Preview) -> Json:
    return {
        "policy_no": preview.case.policy_no,
        "why": preview.why,
        "seconds_left": preview.seconds_left,
        "earlier": [
            {"at": each.attempt.started_at.isoformat(), "agent": each.agent, "outcome": each.attempt.outcome}
            for each in preview.earlier
        ],
    }


def _wrap_up(desk: Desk) -> Json | None:
    if desk.seat is None or desk.seat.state is not SeatState.WRAP_UP:
        return None
    offered = [at.isoformat() for day in desk.days for at in day.times]
    return {"needs_appointment": desk.needs_appointment, "appointments": offered, "note": desk.note}
