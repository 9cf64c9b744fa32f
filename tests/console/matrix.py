"""The permission matrix of rules §2.4, written down a second time: who may use which route.

A new route gets its place here, beside its like; `test_access` holds every role and every route to it.
"""

from __future__ import annotations

from dataclasses import dataclass

from dialer.domain.user import Role

_R = Role
SUPERVISORS = {_R.CC_MANAGER, _R.CC_LEADER}
BRANCH_DESKS = {_R.L3_HANDLER, _R.L4_CLERK, _R.DEPT_CLERK, _R.SALES, _R.INDEP_HANDLER}
WHO_SEE_CASES = {_R.HQ_ADMIN, *SUPERVISORS, _R.CC_DISPATCH, _R.QA, _R.COMPLIANCE, _R.AUDIT}
WHO_HEAR = WHO_SEE_CASES - {_R.CC_DISPATCH}
WHO_SEE_TICKETS = {_R.HQ_ADMIN, *SUPERVISORS, _R.CC_DISPATCH, *BRANCH_DESKS, _R.COMPLIANCE, _R.AUDIT}
EVERYBODY = set(Role)


@dataclass(frozen=True, slots=True)
class Row:
    """One action: who may, and by which routes."""

    action: str
    who: frozenset[Role]
    routes: tuple[str, ...]


def _row(action: str, who: set[Role], *routes: str) -> Row:
    return Row(action, frozenset(who), routes)


MATRIX = (
    _row("log in and out, choose a language", EVERYBODY,
         "GET /", "GET /login", "POST /login", "POST /logout", "POST /language", "GET /login/next", "GET /login/code",
         "POST /login/code", "GET /login/enrol", "POST /login/enrol", "GET /login/password", "POST /login/password"),
    _row("keep one's own account", EVERYBODY,
         "GET /account", "POST /account/password", "POST /account/log-out-everywhere"),
    _row("place calls, choose answers", {_R.CC_AGENT},
         "GET /desk", "GET /desk/events", "POST /desk/sit-down", "POST /desk/ready", "POST /desk/pause",
         "POST /desk/stand-up", "POST /desk/hang-up", "POST /desk/answer", "POST /desk/event", "POST /desk/mark",
         "POST /desk/take-back", "POST /desk/dial", "POST /desk/give-back", "POST /desk/typed",
         "POST /desk/wrap-up", "GET /desk/phone", "POST /desk/phone/call-again"),
    _row("see cases", WHO_SEE_CASES, "GET /cases", "POST /cases", "GET /cases/{case_id}"),
    _row("say whether a refusal was one", {_R.QA, _R.CC_MANAGER}, "POST /cases/{case_id}/refusal"),
    _row("listen to recordings", WHO_HEAR,
         "GET /recordings", "POST /recordings", "GET /recordings/{recording_id}",
         "GET /recordings/{recording_id}/waveform", "GET /recordings/{recording_id}/listen",
         "GET /cases/{case_id}/sound"),
    _row("see tickets", WHO_SEE_TICKETS,
         "GET /tickets", "GET /tickets/ledger", "GET /tickets/{ticket_id}", "GET /tickets/{ticket_id}/paper",
         "GET /tickets/{ticket_id}/attachments/{attachment_id}"),
    _row("write a handling result", {*BRANCH_DESKS, _R.CC_DISPATCH},
         "POST /tickets/{ticket_id}/take", "POST /tickets/{ticket_id}/reply", "POST /tickets/{ticket_id}/reply/preview",
         "POST /tickets/{ticket_id}/statement", "POST /tickets/{ticket_id}/attachments",
         "POST /tickets/{ticket_id}/attachments/{attachment_id}/take-back"),
    _row("forward", {_R.L3_HANDLER}, "POST /tickets/{ticket_id}/forward"),
    _row("hand to salesperson, record signature", {_R.L4_CLERK, _R.DEPT_CLERK}, "POST /tickets/{ticket_id}/hand-over"),
    _row("return reply to branch", {_R.L3_HANDLER},
         "POST /tickets/{ticket_id}/return", "POST /tickets/{ticket_id}/send-back"),
    _row("accept a reply", {_R.CC_DISPATCH}, "POST /tickets/{ticket_id}/accept", "POST /tickets/{ticket_id}/reject"),
    _row("see the floor", {_R.HQ_ADMIN, *SUPERVISORS, _R.AUDIT},
         "GET /floor", "GET /floor/events", "GET /campaigns", "GET /figures", "GET /figures/main"),
    _row("see the cases behind a figure", WHO_SEE_CASES, "GET /figures/cases"),
    _row("start/pause campaign", {_R.CC_MANAGER},
         "POST /campaigns", "GET /campaigns/effect", "GET /campaigns/{steering_id}/end",
         "POST /campaigns/{steering_id}/end"),
    _row("listen to, whisper into or barge into a live call", SUPERVISORS,
         "POST /floor/listen", "POST /floor/stop-listening", "GET /floor/phone"),
    _row("see a full phone, with reason", {_R.CC_MANAGER},
         "GET /cases/{case_id}/phones/{phone_id}", "POST /cases/{case_id}/phones/{phone_id}"),
    _row("see a full phone, with reason, for own tickets", {_R.CC_MANAGER, _R.L3_HANDLER},
         "GET /tickets/{ticket_id}/phones/{phone_id}", "POST /tickets/{ticket_id}/phones/{phone_id}"),
    _row("keep accounts", {_R.ADMIN},
         "GET /users", "POST /users", "GET /users/{login}", "POST /users/{login}", "POST /users/{login}/disable",
         "POST /users/{login}/enable", "POST /users/{login}/unlock", "POST /users/{login}/reset-password"),
    _row("keep the organisation", {_R.ADMIN},
         "GET /units", "POST /units", "POST /units/import", "POST /units/change"),
    _row("put a calendar year in force", {_R.ADMIN, _R.HQ_ADMIN},
         "GET /calendars", "POST /calendars/preview", "POST /calendars"),
    _row("see scripts", {_R.HQ_ADMIN, _R.COMPLIANCE, _R.CC_MANAGER, _R.AUDIT},
         "GET /scripts", "GET /scripts/{version_id}", "GET /scripts/{version_id}/try",
         "POST /scripts/{version_id}/try"),
    _row("write, publish, retire a script", {_R.HQ_ADMIN},
         "POST /scripts", "POST /scripts/{version_id}/text", "POST /scripts/{version_id}/wording",
         "POST /scripts/{version_id}/submit", "POST /scripts/{version_id}/publish",
         "POST /scripts/{version_id}/retire"),
    _row("approve a script", {_R.COMPLIANCE},
         "POST /scripts/{version_id}/approve", "POST /scripts/{version_id}/send-back"),
    _row("see the settings", {_R.ADMIN, _R.HQ_ADMIN, _R.AUDIT}, "GET /settings"),
    _row("read all logs", {_R.AUDIT}, "GET /audit"),
)  # fmt: skip

WHO: dict[str, frozenset[Role]] = {route: row.who for row in MATRIX for route in row.routes}
