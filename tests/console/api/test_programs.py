"""Who may call the API: bearer tokens only, each with its scopes, deny by default (rules §2.4)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient
from structlog.testing import capture_logs

from dialer.console.api import ENDPOINTS
from dialer.console.api.bearer import RateLimited, RateLimiter
from dialer.console.api.endpoint import PREFIX, Endpoint
from dialer.console.routes import ACCESS, Door
from dialer.domain.api_token import Scope
from dialer.domain.audit import AuditKind, AuditQuestion
from dialer.domain.user import Role
from dialer.usecases.api_tokens import TokenInvalid, create_token, revoke_token
from tests.console.desk import Console
from trials.extracts import a_row

FOR_PROGRAMS = [endpoint for endpoint in ENDPOINTS if not isinstance(endpoint.needs, Door)]


def _concrete(endpoint: Endpoint) -> str:
    return re.sub(r"\{\w+\}", "1234", endpoint.path)


def _named(endpoint: Endpoint) -> str:
    return f"{endpoint.method} {endpoint.path}"


def test_every_endpoint_names_a_scope_but_those_that_tell_nothing_of_anybody() -> None:
    assert {endpoint.path for endpoint in ENDPOINTS if isinstance(endpoint.needs, Door)} == {
        "/health", "/ready", "/openapi.json",
    }  # fmt: skip
    assert {endpoint.needs for endpoint in FOR_PROGRAMS} == set(Scope)


async def test_the_router_has_every_endpoint_with_its_scope(console: Console) -> None:
    access = console.server.app[ACCESS]
    below = {(method, path): needs for (method, path), needs in access.items() if path.startswith(PREFIX)}
    assert below == {(each.method, PREFIX + each.path): each.needs for each in ENDPOINTS}


@pytest.mark.parametrize("endpoint", FOR_PROGRAMS, ids=_named)
@pytest.mark.parametrize("sent", [{}, {"Authorization": "Bearer guess"}, {"Authorization": "Basic YTpi"}])
async def test_without_a_token_that_holds_nobody_passes(console: Console, endpoint: Endpoint, sent) -> None:
    async with TestClient(console.server) as client:
        response = await client.request(endpoint.method, PREFIX + _concrete(endpoint), headers=sent, json={})
        assert (response.status, response.content_type) == (401, "application/problem+json")
        assert response.headers["WWW-Authenticate"].startswith("Bearer")
        assert (await response.json())["code"] == "TOKEN_REFUSED"


@pytest.mark.parametrize("endpoint", FOR_PROGRAMS, ids=_named)
async def test_a_token_passes_only_where_its_scopes_reach(hire, endpoint: Endpoint) -> None:
    others = [scope for scope in Scope if scope is not endpoint.needs]
    status, told = await (await hire(*others)).ask(endpoint.method, _concrete(endpoint), {})
    assert (status, told["code"]) == (403, "SCOPE_MISSING")
    assert isinstance(endpoint.needs, Scope)
    status, _ = await (await hire(endpoint.needs, name="other")).ask(endpoint.method, _concrete(endpoint), {})
    assert status not in {401, 403}


@pytest.mark.parametrize("role", [Role.ADMIN, Role.HQ_ADMIN, Role.CC_MANAGER])
async def test_a_persons_session_is_no_token(log_in, role: Role) -> None:
    person = await log_in(role)
    assert (await person.get("/api/v1/cases")).status == 401
    assert (await person.post("/api/v1/policies")).status == 401


async def test_a_token_opens_no_page_of_a_person(core) -> None:
    headers = {"Authorization": f"Bearer {core.token}"}
    response = await core.client.get("/cases", headers=headers, allow_redirects=False)
    assert response.status == 303


async def test_an_expired_and_a_revoked_token_open_nothing(console: Console, hire) -> None:
    expired, revoked = await hire(name="old", days=1), await hire(name="lost")
    assert (await expired.ask("GET", "/cases"))[0] == 200
    await revoke_token(console.site.storage, "lost", console.site.now)
    assert (await revoked.ask("GET", "/cases"))[0] == 401
    console.site.later(days=1)
    assert (await expired.ask("GET", "/cases"))[0] == 401


async def test_the_database_knows_no_tokens_text(console: Console, core) -> None:
    await core.ask("GET", "/cases")
    async with console.site.storage.read() as work:
        [token] = await work.tokens.all()
    assert token.last_used_at == console.site.now
    assert core.token not in repr([getattr(token, name) for name in token.__slots__])


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"name": "Core System"}, "small letters"),
        ({"scopes": []}, "at least one scope"),
        ({"org": "44/"}, "place of the organisation"),
        ({"org": "44/4401"}, "recordings are for the province and above"),
    ],
)
async def test_a_token_that_may_not_be_is_not_made(console: Console, changes, told: str) -> None:
    wanted = {"name": "core", "scopes": list(Scope), "org": "", "days": 1, "by": "test"} | changes
    with pytest.raises(TokenInvalid, match=told):
        await create_token(console.site.storage, console.site.now, **wanted)


async def test_a_name_is_given_once(console: Console, core) -> None:
    with pytest.raises(TokenInvalid, match="called core already"):
        await create_token(
            console.site.storage, console.site.now, name="core", scopes=list(Scope), org="", days=1, by="test"
        )


def test_a_bucket_fills_evenly_and_says_how_long_to_wait() -> None:
    now = 0.0
    limiter = RateLimiter(60, lambda: now)
    for _ in range(60):
        limiter.take(1)
    with pytest.raises(RateLimited) as refused:
        limiter.take(1)
    assert refused.value.wait_seconds == pytest.approx(1.0)
    limiter.take(2)  # another's is its own
    now = 1.0
    limiter.take(1)
    with pytest.raises(RateLimited):
        limiter.take(1)


async def test_who_asks_too_often_is_told_when_to_come_back(console: Console, core, monkeypatch) -> None:
    from dialer.console.api import API  # noqa: PLC0415 - beside its one use

    parts = console.server.app[API]
    monkeypatch.setattr(parts.limiter, "_per_minute", 1)
    await core.ask("GET", "/cases")
    response = await core.send("GET", "/cases")
    assert (response.status, (await response.json())["code"]) == (429, "RATE_LIMITED")
    assert 1 <= int(response.headers["Retry-After"]) <= 60


async def test_every_use_is_logged_with_who_and_about_whom_and_nothing_personal(core) -> None:
    with capture_logs() as lines:
        await core.ask("POST", "/policies", a_row())
        await core.ask("GET", "/cases/P000000001")
    used = [(line["token"], line["method"], line["about"]) for line in lines if line["event"] == "api.used"]
    assert used == [("core", "POST", {}), ("core", "GET", {"policy_no": "P000000001"})]
    assert "13800000001" not in str(lines)
    assert "王建国" not in str(lines)


async def test_what_a_program_saw_and_sent_is_in_the_audit_log(console: Console, hire) -> None:
    core = await hire(org="35")
    await core.ask("POST", "/policies", a_row())
    await core.ask("PUT", "/policies/P000000001/cancellation", {"cancelled_on": "2026-09-18"})
    await core.ask("GET", "/cases/P000000001")
    await core.ask("GET", "/cases/P000000009")
    await core.ask("GET", "/cases")
    async with console.site.storage.read() as work:
        case = await work.cases.of_policy("P000000001")
        rows = await work.audit.find(AuditQuestion(login="api:core"), "", 10)
    assert case is not None
    assert [(row.kind, row.record, row.org) for row in reversed(rows)] == [
        (AuditKind.POLICIES_SENT, "policy P000000001", "35"),
        (AuditKind.POLICIES_SENT, f"case {case.id}", "35"),
        (AuditKind.CASE_SEEN, f"case {case.id}", "35"),
        (AuditKind.SEARCHED, "", "35"),
    ]


async def test_what_is_not_there_and_what_is_not_done_are_problems_too(core) -> None:
    assert (await core.ask("GET", "/nowhere"))[1]["code"] == "HTTP_404"
    response = await core.send("DELETE", "/policies")
    assert (response.status, response.headers["Allow"], response.content_type) == (
        405, "POST", "application/problem+json",
    )  # fmt: skip


async def test_anybody_may_ask_whether_it_works(console: Console) -> None:
    async with TestClient(console.server) as client:
        assert (await (await client.get("/api/v1/health")).json()) == {"status": "ok"}
        assert (await (await client.get("/api/v1/ready")).json()) == {"status": "ready"}
        document = await (await client.get("/api/v1/openapi.json")).json()
    assert document["openapi"] == "3.1.0"


async def test_a_process_is_alive_without_its_database(console: Console) -> None:
    await console.site.storage.close()
    async with TestClient(console.server) as client:
        response = await client.get("/api/v1/health")
        assert response.status == 200


@contextmanager
def _gone(database: Path) -> Iterator[None]:
    """The file is elsewhere, and where it was is nothing that SQLite could make a database of."""
    elsewhere = database.with_suffix(".elsewhere")
    database.rename(elsewhere)
    database.mkdir()
    yield
    database.rmdir()
    elsewhere.rename(database)


async def test_a_process_whose_database_is_gone_is_not_ready_until_it_is_back(console: Console) -> None:
    database = str(console.site.storage.url.database)
    await console.site.storage.close()
    async with TestClient(console.server) as client:
        with _gone(Path(database)):
            response = await client.get("/api/v1/ready")
            told = await response.json(content_type=None)
            assert (response.status, response.content_type) == (503, "application/problem+json")
            assert (told["status"], told["code"]) == (503, "STORAGE_UNAVAILABLE")
            assert database not in told["detail"]
            assert (await client.get("/api/v1/health")).status == 200
        assert (await client.get("/api/v1/ready")).status == 200
