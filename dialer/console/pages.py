"""Turning what a use case shows into a page, a fragment of one, or data for a program."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context, select_autoescape
from jinja2.runtime import Context

from dialer.console.navigation import links
from dialer.console.site import SESSION, site_of
from dialer.console.statuses import status_of
from dialer.console.words import LANGUAGES, Words, span, words, words_for
from dialer.domain.errors import DialerError

_TEMPLATES = Path(__file__).parent / "templates"


def wants_json(request: web.Request) -> bool:
    """A program asks for data and not for a page."""
    return "application/json" in request.headers.get("Accept", "")


def wants_fragment(request: web.Request) -> bool:
    """The page is there already and asks for a part of itself."""
    return "HX-Request" in request.headers


def page(
    request: web.Request, template: str, status: int = 200, *, refused: DialerError | None = None, **view: object
) -> web.Response:
    """Render a template for whoever is asking; what was refused is said on it (`refused.html`), and is the status."""
    session = request.get(SESSION)
    text = _environment(words_for(request).language).get_template(template)
    rendered = text.render(
        **view,
        refused=refused,
        user=session.user if session else None,
        csrf=session.csrf if session else "",
        links=links(session.user) if session and session.step is None else (),
        path=request.path,
        here=request.path_qs if request.method == "GET" else request.path,
        place=site_of(request).in_force.place,
    )
    return web.Response(text=rendered, status=status_of(refused) if refused else status, content_type="text/html")


def see(path: str) -> web.Response:
    """After a plain form: show this page."""
    return web.Response(status=303, headers={"Location": path})


@cache
def _environment(language: str) -> Environment:
    spoken: Words = words(language)
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        auto_reload=False,  # or every screen asks the disk about each of its templates
    )
    environment.install_gettext_translations(spoken.translations, newstyle=True)  # type: ignore[attr-defined]  # the extension adds it
    environment.globals.update(words=spoken, languages=LANGUAGES)
    environment.filters.update(
        label=spoken.label,
        plainly=spoken.plainly,
        half=spoken.half,
        refusal=spoken.refusal,
        reason=spoken.reason,
        day=spoken.day,
        whole_day=spoken.whole_day,
        moment=spoken.moment,
        money=spoken.money,
        span=span,
        working=spoken.working,
        org=_places(spoken),
    )
    return environment


def _places(spoken: Words) -> Callable[[Context, str], str]:
    """Shows a place of the organisation by its name; the company for the place above all."""

    @pass_context
    def org(context: Context, place: str) -> str:
        name: str = context["place"](place) if place else spoken.label("ALL", "Place")
        return name

    return org
