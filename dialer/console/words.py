"""The console's languages: zh-CN first, English beside it, from the catalogues in `locale/`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from functools import cache
from io import BytesIO
from pathlib import Path

from aiohttp import web
from babel import Locale
from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import Translations

from dialer.domain.calendar import SHANGHAI
from dialer.domain.clocks import OFFICE
from dialer.domain.errors import DialerError
from dialer.domain.reason import Reason, Why

LANGUAGES = ("zh_CN", "en")
LANGUAGE_COOKIE = "dialer_language"
CATALOGUES = Path(__file__).parent / "locale"

_CODE_IN_NOTE = re.compile(r" ?\b([A-Z][A-Z0-9]*_[A-Z0-9_]+)\b ?", re.ASCII)
_KINDS_IN_NOTES = ("Flag", "Outcome")
_HALVES = " · "
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_SAID_BY_THEIR_NAME = frozenset(
    {
        "ATTACHMENT_TYPE", "CALL_GONE", "CHOICE_UNKNOWN", "CODE_REFUSED", "IMPOSSIBLE_MOVE", "LISTENED_TO",
        "LISTENING_ELSEWHERE", "LOGIN_REFUSED", "NOT_A_DAY", "NOT_A_NUMBER", "NOT_A_TIME", "NOT_FOUND",
        "NO_PHONE_ADDRESS", "PHONE_INVALID", "REASON_MISSING", "SCAN_MISSING", "SESSION_OVER", "SIGNATURE_INVALID",
        "STALE_VERSION", "STATEMENT_EMPTY", "UNIT_REFUSED", "WHOLE_COMPANY_ONLY", "WRONG_PASSWORD",
    }
)  # fmt: skip
"""Errors whose English message tells a reader of Chinese nothing that their name does not."""


@dataclass(frozen=True, slots=True)
class Words:
    """One language: texts, names of the rules' codes, dates and numbers."""

    language: str
    translations: Translations

    @property
    def html_language(self) -> str:
        """As HTML writes it."""
        return self.language.replace("_", "-")

    def text(self, message: str) -> str:
        """A text of the console."""
        return self.translations.ugettext(message)

    def label(self, value: object, kind: str = "") -> str:
        """The name of a code: an enum's member, or a text of some kind; the code itself when it has no name."""
        if value is None:
            return "—"
        plain = str(value.value) if isinstance(value, Enum) else str(value)
        key = f"{kind or type(value).__name__}.{plain}"
        found = self.text(key)
        return plain if found == key else found

    def reason(self, value: Reason | Why) -> str:
        """Why not, as the rules themselves say it."""
        return value.zh if self.language == "zh_CN" else value.en

    def half(self, sentence: object) -> str:
        """The reader's half of a sentence in both languages, `zh · en`; of another sentence all there is."""
        halves = _halves(str(sentence))
        return halves[LANGUAGES.index(self.language)] if halves else str(sentence)

    def refusal(self, refused: DialerError) -> tuple[str, str]:
        """Why it was refused, in the reader's language, and what is known in English alone and says more than that."""
        if _halves(str(refused)):
            return self.half(refused), ""
        silent = self.language != "en" and refused.code in _SAID_BY_THEIR_NAME
        return self.label(refused.code, "Error"), "" if silent else str(refused)

    def plainly(self, note: str) -> str:
        """A script's instruction with the names of its codes: “打 LATE_REVISIT 标记” is no sentence for an agent."""

        def named(code: re.Match[str]) -> str:
            names = (words(LANGUAGES[0]).label(code[1], kind) for kind in _KINDS_IN_NOTES)  # the note is Chinese
            name = next((name for name in names if name != code[1]), code[1])
            return "" if f"“{name}”" in note else f"“{name}”"

        return _CODE_IN_NOTE.sub(named, note)

    def day(self, value: date | None) -> str:
        """A date, as its readers write it."""
        pattern = "M月d日 EEE" if self.language == "zh_CN" else "d MMM, EEE"
        return "—" if value is None else format_date(value, pattern, locale=_locale(self.language))

    def whole_day(self, value: date) -> str:
        """A date with its year."""
        pattern = "yyyy年M月d日" if self.language == "zh_CN" else "d MMMM yyyy"
        return format_date(value, pattern, locale=_locale(self.language))

    def moment(self, value: datetime | None, pattern: str = "MM-dd HH:mm") -> str:
        """An instant on Shanghai's clocks."""
        return "—" if value is None else format_datetime(value, pattern, tzinfo=SHANGHAI, locale=_locale(self.language))

    def working(self, time: timedelta) -> str:
        """A length of office time, in working days of an office's hours, hours and minutes."""
        days, rest = divmod(time, OFFICE.day)
        hours, minutes = divmod(int(rest.total_seconds()) // 60, 60)
        parts = {"DAYS": days, "HOURS": hours, "MINUTES": minutes}
        told = [self.text(f"WorkingTime.{unit}") % count for unit, count in parts.items() if count]
        return " ".join(told) or self.text("WorkingTime.MINUTES") % 0

    def money(self, fen: int) -> str:
        """An amount in yuan."""
        return f"¥{format_decimal(fen / 100, locale=_locale(self.language))}"


def _halves(sentence: str) -> tuple[str, str] | None:
    """Chinese and English, where the sentence has both."""
    chinese, _, english = sentence.partition(_HALVES)
    return (chinese, english) if english and _CHINESE.search(chinese) else None


@cache
def _locale(language: str) -> Locale:
    """Parsed once: a screen has a dozen dates, and a name is looked up anew each time."""
    return Locale.parse(language)


@cache
def codes(kind: str) -> tuple[str, ...]:
    """The codes of a kind that have a name, where no type lists them: flags come from scripts."""
    with (CATALOGUES / "en.po").open("rb") as source:
        ids = [str(message.id) for message in read_po(source) if message.id]
    return tuple(sorted(each.removeprefix(f"{kind}.") for each in ids if each.startswith(f"{kind}.")))


@cache
def words(language: str) -> Words:
    """The words of one of LANGUAGES."""
    with (CATALOGUES / f"{language}.po").open("rb") as source:
        catalogue = read_po(source, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Words(language, Translations(compiled))


def words_for(request: web.Request) -> Words:
    """The language the person chose; Chinese for who has not."""
    chosen = request.cookies.get(LANGUAGE_COOKIE, LANGUAGES[0])
    return words(chosen if chosen in LANGUAGES else LANGUAGES[0])


def span(seconds: float) -> str:
    """A length of time: `1:07`, `1:02:09`."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
