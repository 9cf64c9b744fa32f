"""Who may go where: deny by default, one's own organisation only, and never at another site's bidding (rules §2.4)."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import ClientResponse, web

from dialer.console import app
from dialer.console.app import ROUTES
from dialer.console.routes import ACCESS, Door, Route, add_routes, admits
from dialer.domain.user import Permission, Role
from dialer.usecases.log_in import IDLE_TIMEOUT
from tests.console.desk import JSON, PASSWORD, Console, Visitor
from tests.console.matrix import MATRIX, WHO

TEMPLATES = Path(app.__file__).parent / "templates"
LOGGING_OUT = ("/logout", "/account/log-out-everywhere")


def _concrete(path: str) -> str:
    return re.sub(r"\{\w+\}", "1", path)


async def test_every_route_names_what_it_needs(console: Console) -> None:
    app = console.server.app
    declared = app[ACCESS]
    for route in app.router.routes():
        assert route.resource is not None
        assert (route.method, route.resource.canonical) in declared, f"{route.method} {route.resource.canonical}"


async def test_a_route_that_was_never_declared_is_denied_to_everybody(console: Console, visit) -> None:
    async def secret(_request: web.Request) -> web.Response:
        return web.Response(text="secret")

    console.server.app.router._frozen = False
    console.server.app.router.add_get("/forgotten", secret)
    response = await visit().get("/forgotten")
    assert response.status == 403
    assert "secret" not in await response.text()


def test_every_route_has_its_place_in_the_matrix() -> None:
    declared = {f"{route.method} {route.path}" for route in ROUTES}
    assert declared == WHO.keys(), "tests/console/matrix.py says who may use a route: add it there, or take it out"
    assert len(WHO) == sum(len(row.routes) for row in MATRIX), "a route stands in two rows"


@pytest.mark.parametrize("role", list(Role))
async def test_each_role_passes_only_the_doors_the_matrix_opens(console: Console, log_in, role: Role) -> None:
    person = await log_in(role)
    for route in ROUTES:
        if route.path in LOGGING_OUT or route.path.endswith("/events"):  # streams have no end
            continue
        path = _concrete(route.path)
        response = await (person.get(path) if route.method == "GET" else person.post(path))
        allowed = role in WHO[f"{route.method} {route.path}"]
        assert (response.status == 403) is not allowed, f"{role} {route.method} {path}: {response.status}"
        _keeps_scripts_and_frames_out(response)


def _keeps_scripts_and_frames_out(response: ClientResponse) -> None:
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "same-origin"
    if not response.url.path.startswith("/static/"):
        assert "no-store" in response.headers["Cache-Control"]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
async def test_a_stranger_gets_no_further_than_the_login(console: Console, visit, route: Route) -> None:
    stranger: Visitor = visit()
    path = _concrete(route.path)
    response = await (stranger.get(path) if route.method == "GET" else stranger.post(path))
    if route.needs is Door.PUBLIC:
        assert response.status in (200, 303, 401)
    else:
        assert (response.status, response.headers["Location"]) == (303, "/login")


async def test_programs_and_fragments_are_told_to_log_in_without_a_page(visit) -> None:
    stranger = visit()
    told = await stranger.get("/desk", **JSON)
    assert (told.status, (await told.json())["error"]) == (401, "SESSION_OVER")
    told = await stranger.get("/desk", **{"HX-Request": "true"})
    assert (told.status, told.headers["HX-Redirect"]) == (401, "/login")


def test_a_role_without_the_permission_is_not_admitted(a_user) -> None:
    assert admits(Permission.TAKE_CALLS, a_user(Role.CC_AGENT))
    assert not admits(Permission.HEAR_RECORDINGS, a_user(Role.CC_AGENT))


@pytest.mark.parametrize("role", [Role.L3_HANDLER, Role.L4_CLERK, Role.DEPT_CLERK, Role.SALES, Role.INDEP_HANDLER])
def test_nobody_below_the_province_hears_recordings(a_user, role: Role) -> None:
    assert not admits(Permission.HEAR_RECORDINGS, a_user(role))


@pytest.mark.parametrize("headers", [{}, {"X-CSRF-Token": "guessed"}, {"X-CSRF-Token": ""}])
async def test_a_change_without_the_sessions_token_is_refused(agent: Visitor, headers: dict[str, str]) -> None:
    response = await agent.client.post("/desk/pause", data={"reason": "BREAK"}, headers=headers)
    assert response.status == 403
    assert (await agent.desk())["seat"]["state"] == "READY"


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}]
)
@pytest.mark.parametrize("path", ["/login", "/desk/pause"])
async def test_another_sites_page_changes_nothing_even_with_the_token(agent: Visitor, path, headers) -> None:
    response = await agent.post(path, headers, reason="BREAK", login="agent1", password=PASSWORD)
    assert response.status == 403


async def test_pages_carry_the_headers_that_keep_scripts_and_frames_out(agent: Visitor) -> None:
    for path in ("/desk", "/desk/events", "/nowhere", "/login", "/static/console.css"):
        response = await agent.get(path)
        _keeps_scripts_and_frames_out(response)
        response.close()


@pytest.mark.parametrize("template", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.name)
def test_no_template_has_script_or_style_inside(template: Path) -> None:
    text = template.read_text()
    markup = re.sub(r"{%.*?%}|{{.*?}}|{#.*?#}", "", text, flags=re.DOTALL)
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\son[a-z]+\s*=|\sstyle\s*=|javascript:", markup)
    assert not re.search(r"\|\s*safe\b", text), "what is shown is text, never markup"


async def test_the_session_cookie_is_for_the_server_alone(console: Console, log_in, visit) -> None:
    await log_in(Role.QA, login="qa1")
    response = await visit().log_in("qa1")
    cookie = response.cookies["dialer_session"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"


async def test_an_idle_session_ends_and_a_used_one_lives(console: Console, agent: Visitor) -> None:
    console.site.now += timedelta(hours=3)
    assert (await agent.get("/desk", Accept="text/html")).status == 200
    console.site.now += IDLE_TIMEOUT
    assert (await agent.get("/desk", Accept="text/html")).status == 200
    console.site.now += IDLE_TIMEOUT + timedelta(seconds=1)
    assert (await agent.get("/desk", Accept="text/html")).status == 303


async def test_logging_out_ends_the_session_and_leaves_the_call(console: Console, agent: Visitor, visit) -> None:
    await console.site.a_case_is_due()
    call = await console.site.connected()
    token = agent.client.session.cookie_jar.filter_cookies(agent.client.make_url("/"))["dialer_session"].value
    assert (await agent.post("/logout")).status == 303
    thief = visit()
    assert (await thief.get("/desk", Cookie=f"dialer_session={token}")).status == 303
    again = visit()
    await again.log_in("agent1")
    assert (await again.desk())["call"]["id"] == call


def test_two_routes_of_one_path_keep_their_own_needs() -> None:
    async def nothing(_request: web.Request) -> web.Response:
        return web.Response()

    app = web.Application()
    app[ACCESS] = {}
    add_routes(app, [Route("GET", "/x", Door.PUBLIC, nothing), Route("POST", "/x", Permission.MANAGE_USERS, nothing)])
    assert app[ACCESS] == {("GET", "/x"): Door.PUBLIC, ("POST", "/x"): Permission.MANAGE_USERS}
