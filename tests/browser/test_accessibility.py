"""Every page that a role can open, in both languages, light and dark, holds to WCAG 2.1 AA.

Pages are found as people find them: from the head's links on, by every link of every page; one that only stands in
the router is opened, too. So a new page is looked at without being named here.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from dialer.console.words import LANGUAGE_COOKIE, LANGUAGES
from dialer.domain.user import Role
from tests.browser.axe import stumbling_blocks
from tests.browser.chromium import Page
from tests.browser.conftest import open_page
from tests.console.desk import Console, Visitor
from tests.console.stories import an_issued_l1

pytestmark = [pytest.mark.browser, pytest.mark.slow]

_LINKS = "[...document.querySelectorAll('a[href]')].map(a => a.href)"
_NO_PAGES = ("/static/", "/api/")


def _pattern(app: web.Application, path: str) -> str | None:
    """The route behind a path: /cases/1 and /cases/2 are one page."""
    for resource in app.router.resources():
        shape = re.sub(r"\{\w+\}", "[^/]+", resource.canonical)
        if re.fullmatch(shape, path) and any(route.method == "GET" for route in resource):
            return resource.canonical
    return None


def _plain_paths(app: web.Application) -> list[str]:
    paths = {each.resource.canonical for each in app.router.routes() if each.method == "GET" and each.resource}
    return sorted(path for path in paths if "{" not in path and not path.startswith(_NO_PAGES))


async def _is_a_page(person: Visitor, path: str) -> bool:
    """Open to this person, and no stream, download or sound."""
    answer = await person.get(path)
    answer.close()
    return answer.status == 200 and answer.content_type == "text/html"


async def _pages(console: Console, person: Visitor, page: Page) -> AsyncIterator[str]:
    """Every page this person reaches; the page is open when its path is given."""
    app = console.server.app
    todo, seen = _plain_paths(app), set[str]()
    while todo:
        path = todo.pop(0)
        pattern = _pattern(app, path.split("?")[0])
        if pattern is None or pattern in seen or path.startswith(_NO_PAGES):
            continue
        seen.add(pattern)
        if not await _is_a_page(person, path):
            continue
        await page.go(str(console.server.make_url(path)))
        yield path
        links = [urlsplit(link) for link in await page.ask(_LINKS)]
        todo += [link.path for link in links if link.netloc == urlsplit(page.tab.url).netloc]


@pytest.fixture
async def in_use(console: Console) -> Console:
    """A site on which something has happened: a talk with an L1 and its ticket."""
    await an_issued_l1(console)
    return console


async def test_every_page_of_every_role_can_be_read_by_everybody(in_use: Console, log_in, page: Page) -> None:
    looked_at, found = set[str](), dict[str, list[str]]()
    for role in Role:
        person: Visitor = await log_in(role, login=f"axe-{role.value.lower().replace('_', '-')}")
        await open_page(in_use, person, page, "/")
        async for path in _pages(in_use, person, page):
            shown = await page.ask("document.querySelector('main')?.innerHTML.replace(/\\d+/g, '') ?? ''")
            if shown not in looked_at:  # no other role sees the very same
                looked_at.add(shown)
                found |= {f"{role} {path} {seen}": blocks async for seen, blocks in _stumbling_blocks(in_use, page)}
    assert not found


async def _stumbling_blocks(console: Console, page: Page) -> AsyncIterator[tuple[str, list[str]]]:
    """What is wrong with the page that is open, in each language, light and dark."""
    for language in LANGUAGES:
        await page.cookie(str(console.server.make_url("/")), LANGUAGE_COOKIE, language)
        await page.tab.reload()
        for dark in (False, True):
            await page.size(1440, 900, dark=dark)
            if blocks := await stumbling_blocks(page):
                yield f"{language} {'dark' if dark else 'light'}", blocks
