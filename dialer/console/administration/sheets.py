"""Small csv files as a form sends them: a first line of headings, in English or Chinese, as Excel saves them."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from io import StringIO

from aiohttp import web
from aiohttp.web_request import FileField

from dialer.console.forms import FormInvalid


async def sent_text(request: web.Request, name: str) -> str:
    """What a form sent as a file or wrote into a field; UTF-8, or a Chinese Excel's GB18030. Raises FormInvalid."""
    sent = (await request.post()).get(name)
    if isinstance(sent, str):
        return sent
    if not isinstance(sent, FileField):
        return ""
    content = sent.file.read()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise FormInvalid(f"{sent.filename}: save it as csv in UTF-8")


def table(text: str, columns: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
    """Rows by field; `columns` says what each field may be called. Raises FormInvalid: a column is missing."""
    lines = [line for line in csv.reader(StringIO(text.strip("\ufeff"))) if any(cell.strip() for cell in line)]
    headings = [cell.strip().casefold() for cell in lines[0]] if lines else []
    places = {}
    for field, names in columns.items():
        places[field] = next((headings.index(name) for name in (field, *names) if name in headings), None)
    if missing := [f"{field} ({columns[field][0]})" for field, place in places.items() if place is None]:
        raise FormInvalid(f"the first line must name the columns {', '.join(missing)}")
    return [{field: _cell(line, place) for field, place in places.items()} for line in lines[1:]]


def _cell(line: Sequence[str], place: int | None) -> str:
    return line[place].strip() if place is not None and place < len(line) else ""
