"""A case with everything that happened to it."""

from __future__ import annotations

from enum import StrEnum

from aiohttp import web

from dialer.console.acting import acting
from dialer.console.forms import code, fields, number
from dialer.console.pages import page, see
from dialer.console.routes import Route
from dialer.console.site import site_of, user_of
from dialer.domain.audit import AuditKind
from dialer.domain.case import CaseId, CaseState
from dialer.domain.errors import DialerError
from dialer.domain.user import Permission
from dialer.usecases.case_file import case_file
from dialer.usecases.explain_case import explain_case
from dialer.usecases.judge_refusal import judge_refusal


class Verdict(StrEnum):
    """What QA says of a refusal."""

    REFUSED = "refused"
    NOT_REFUSED = "not_refused"


async def show_case(request: web.Request, refused: DialerError | None = None) -> web.Response:
    """One case."""
    site, user = site_of(request), user_of(request)
    case_id = CaseId(number(request.match_info["case_id"]))
    file = await case_file(site.storage, site.scripts, user, case_id)
    why = await explain_case(site.storage, site.rulebook, file.case.policy_no, site.now)
    return page(
        request,
        "case.html",
        refused=refused,
        file=file,
        why=why,
        may_hear=user.may(Permission.HEAR_RECORDINGS),
        may_see_tickets=user.may(Permission.SEE_TICKETS),
        may_judge=user.may(Permission.JUDGE_REFUSALS) and file.case.state is CaseState.REFUSAL_QA,
    )


async def show_sound(request: web.Request) -> web.Response:
    """What can be heard of one case: for the ticket's page, where somebody works on what was heard."""
    site, case_id = site_of(request), CaseId(number(request.match_info["case_id"]))
    file = await case_file(site.storage, site.scripts, user_of(request), case_id)
    return page(request, "case_sound.html", file=file, may_hear=True)


async def judge(request: web.Request) -> web.StreamResponse:
    """QA has heard the refusal, and says whether it was one."""
    site, user = site_of(request), user_of(request)
    case_id = CaseId(number(request.match_info["case_id"]))
    sent = await fields(request)
    refused = code(Verdict, sent.get("verdict", "")) is Verdict.REFUSED
    why = sent.get("why", "")
    await judge_refusal(site.storage, site.signals, site.rulebook, user, case_id, site.now, refused=refused, why=why)
    return see(f"/cases/{case_id}")


ROUTES = (
    Route("GET", "/cases/{case_id}", Permission.SEE_CASES, show_case, AuditKind.CASE_SEEN),
    Route("GET", "/cases/{case_id}/sound", Permission.HEAR_RECORDINGS, show_sound, AuditKind.CASE_SEEN),
    Route("POST", "/cases/{case_id}/refusal", Permission.JUDGE_REFUSALS, acting(judge, show_case)),
)
