"""Both languages have every word: texts of the pages, and names of the rules' codes."""

from __future__ import annotations

import inspect
import re
import sys
from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from dialer.console.administration.settings_page import lines
from dialer.console.desk_keys import event_key
from dialer.console.navigation import LINKS
from dialer.console.words import CATALOGUES, LANGUAGES, span, words
from dialer.domain.audit import AuditKind
from dialer.domain.call import ListenMode, Phase, RecordingKind
from dialer.domain.case import CaseEvent, CaseState, Purpose
from dialer.domain.errors import NotFound
from dialer.domain.interview import AGENT_MARKS
from dialer.domain.listening import ListeningEnd
from dialer.domain.outcome import Outcome
from dialer.domain.outcome_rules import Also
from dialer.domain.password import PasswordFault
from dialer.domain.phone import PhoneKind, PhoneStatus
from dialer.domain.policy import Channel, Design, PayMode
from dialer.domain.preview import PreviewReason
from dialer.domain.problem import ProblemLevel, ProblemType
from dialer.domain.recording import RecordingState
from dialer.domain.reply import Objection
from dialer.domain.script import AnswerValue, comparison, gate
from dialer.domain.script.comparison import Change
from dialer.domain.script.model import CreatedObject, RaiseFlag, RaiseProblem
from dialer.domain.script.model import Phase as ScriptPhase
from dialer.domain.script.version import ScriptEvent, ScriptState
from dialer.domain.seat import SeatState
from dialer.domain.steering import SteeringKind
from dialer.domain.ticket import TicketEvent, TicketState
from dialer.domain.unit import UnitInvalid
from dialer.domain.user import AccountEvent, Role
from dialer.ports.figures import CaseSet
from dialer.scripts_yaml import ScriptLibrary
from dialer.settings import Settings
from dialer.usecases.enter_policy import CANCELLED_IN_CALL, SHARED_PHONE, STAFF_PHONE
from dialer.usecases.fill_script import SPOKEN_PROBLEM
from dialer.usecases.finish_attempt import AppointmentNeeded
from dialer.usecases.look_at_tickets import Became, TicketView
from dialer.usecases.preview_case import GiveBackReason
from dialer.usecases.report_figures import Rate
from dialer.usecases.reveal_number import RevealReason
from dialer.usecases.staff_the_floor import PauseReason

SHOWN: tuple[type[StrEnum], ...] = (
    AccountEvent, AnswerValue, AuditKind, Became, CaseEvent, CaseSet, CaseState, Change, Channel, Design,
    GiveBackReason, ListeningEnd, ListenMode, Objection, Outcome, PasswordFault, PauseReason, PayMode, Phase, PhoneKind,
    PhoneStatus, PreviewReason, ProblemLevel, ProblemType, Purpose, Rate, RecordingKind, RecordingState, RevealReason,
    Role, ScriptEvent, ScriptState, SeatState, SteeringKind, TicketEvent, TicketState, TicketView,
)  # fmt: skip


def _catalogue(language: str) -> Catalog:
    with (CATALOGUES / f"{language}.po").open("rb") as source:
        return read_po(source, locale=language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_stands_once_in_a_catalogue(language: str):
    ids = re.findall(r'^msgid "(.+)"$', (CATALOGUES / f"{language}.po").read_text(encoding="utf-8"), re.MULTILINE)
    assert [each for each, count in Counter(ids).items() if count > 1] == []


TEMPLATES = Path(CATALOGUES).parent / "templates"
_JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_READ_ALOUD = re.compile(r'\b(?:title|alt|placeholder|aria-label|label)="([^"]*)"')
_WORD = re.compile(r"[^\W\d_]{2,}")
_THE_SAME_IN_EVERY_LANGUAGE = frozenset(
    {"End", "Enter", "Space", "sha256", "KB", "PDF", "English", "中文", "sip:NAME@HOST", "case 12"}
)
"""Keys of the keyboard, formats, the languages' own names, what is typed as it stands."""


def _texts() -> Iterator[str]:
    for *_, message, _comments, _context in extract_from_dir(str(TEMPLATES), [("**.html", "jinja2")]):
        yield str(message)
    yield from (link.title for link in LINKS)


def _written_into(template: Path) -> Iterator[str]:
    """What a reader of the page would see, or hear, that no catalogue has."""
    page = _JINJA.sub(" ", template.read_text(encoding="utf-8"))
    yield from (said.strip() for said in _READ_ALOUD.findall(page))
    yield from (text.strip() for text in re.split(r"<[^>]*>|[\s·]+", re.sub(r"<[^>]*>", " ", page)))


def test_no_page_has_a_word_of_its_own() -> None:
    strays = {
        (template.name, text)
        for template in TEMPLATES.rglob("*.html")
        for text in _written_into(template)
        if _WORD.search(text) and text not in _THE_SAME_IN_EVERY_LANGUAGE
    }
    assert strays == set()


def test_every_text_of_the_pages_has_its_chinese() -> None:
    chinese = _catalogue("zh_CN")
    missing = [text for text in set(_texts()) if text not in chinese or not chinese[text].string]
    assert not missing


def test_the_chinese_catalogue_has_no_text_that_no_page_uses() -> None:
    texts = set(_texts())
    codes = {message.id for message in _catalogue("en") if message.id}
    unused = {str(message.id) for message in _catalogue("zh_CN") if message.id} - texts - codes
    assert not unused


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("codes", SHOWN, ids=lambda codes: codes.__name__)
def test_every_code_has_a_name_in_both_languages(language: str, codes: type[StrEnum]) -> None:
    catalogue = _catalogue(language)
    missing = [code for code in codes if f"{codes.__name__}.{code.value}" not in catalogue]
    assert not missing


def test_a_problem_has_one_name_on_the_screen_and_on_the_phone() -> None:
    catalogue = _catalogue("zh_CN")
    assert {each: catalogue[f"ProblemType.{each}"].string for each in ProblemType} == SPOKEN_PROBLEM


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rule_of_a_reply_and_every_empty_list_has_its_words(language: str) -> None:
    catalogue = _catalogue(language)
    needed = [f"ReplyRule.{rule}" for rule in Objection] + [f"NoTickets.{view}" for view in TicketView]
    needed += [f"Requested.{level}" for level in ProblemLevel]
    assert not [key for key in needed if key not in catalogue]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_part_and_field_of_the_scripts_has_a_name(language: str, scripts: ScriptLibrary) -> None:
    catalogue = _catalogue(language)
    assert not [phase for phase in ScriptPhase if f"ScriptPhase.{phase.value}" not in catalogue]
    options = [option for script in scripts.scripts for node in script.nodes.values() for option in node.options]
    captures = {capture.field for option in options for capture in option.captures}
    assert captures
    assert not [field for field in captures if f"Capture.{field}" not in catalogue]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_flag_problem_and_referral_of_scripts_and_rules_has_a_name(language: str, scripts: ScriptLibrary) -> None:
    nodes = [node for script in scripts.scripts for node in script.nodes.values()]
    effects = [effect for node in nodes for option in node.options for effect in option.effects]
    flags = {each.flag for each in effects if isinstance(each, RaiseFlag)}
    flags |= {STAFF_PHONE, SHARED_PHONE, CANCELLED_IN_CALL}
    subtypes = {each.subtype for each in effects if isinstance(each, RaiseProblem)} - {"", None}
    named = [f"Flag.{flag}" for flag in flags] + [f"Subtype.{each}" for each in subtypes | {STAFF_PHONE}]
    named += [f"CreatedObject.{each}" for each in (*CreatedObject, *Also, "CONDUCT_INVESTIGATION")]
    catalogue = _catalogue(language)
    assert [each for each in named if each not in catalogue] == []


def test_of_a_sentence_in_both_languages_a_page_says_the_readers_half() -> None:
    both = "请填写预约时间 · the time of the appointment is needed"
    assert [words(language).half(both) for language in LANGUAGES] == both.split(" · ")
    assert words("zh_CN").half("P1 · no sentence") == "P1 · no sentence"
    assert words("en").half("等待下发") == "等待下发"


def test_a_refusal_is_said_once_and_in_the_readers_language() -> None:
    needed = AppointmentNeeded("请填写预约时间 · the time of the appointment is needed")
    assert words("zh_CN").refusal(needed) == ("请填写预约时间", "")
    assert words("en").refusal(needed) == ("the time of the appointment is needed", "")
    assert words("zh_CN").refusal(NotFound("there is no case 7")) == ("没有找到，或不在您的机构范围内", "")
    line = UnitInvalid("44 has no name")
    assert words("zh_CN").refusal(line)[1] == "44 has no name", "what the name of the error does not tell is kept"


def test_every_event_and_mark_of_the_scripts_has_a_letter_of_its_own(scripts: ScriptLibrary) -> None:
    events = {event.event for script in scripts.scripts for event in script.global_events} | set(AGENT_MARKS)
    letters = [event_key(event) for event in events]
    assert all(letters)
    assert len(set(letters)) == len(letters)


def test_a_code_without_a_name_is_shown_as_it_is() -> None:
    assert words("zh_CN").label("BRAND_NEW", "Flag") == "BRAND_NEW"
    assert words("zh_CN").label(Outcome.SUCCESS) == "回访成功"


def test_lengths_of_time_read_like_a_clock() -> None:
    assert [span(seconds) for seconds in (-3, 0, 67.9, 3729)] == ["0:00", "0:00", "1:07", "1:02:09"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_setting_has_its_meaning(language: str) -> None:
    catalogue = _catalogue(language)
    sections = lines(Settings.model_validate({"provinces": {"44": {}}}))
    meanings = [f"Setting.{each.meaning}" for found in sections.values() for each in found]
    sections_named = [f"SettingSection.{name}" for name in sections]
    assert not [key for key in meanings + sections_named if key not in catalogue]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_finding_of_the_gate_and_every_part_of_a_script_has_a_name(language: str) -> None:
    catalogue = _catalogue(language)
    codes = set(re.findall(r'yield "([A-Z_]+)",', inspect.getsource(sys.modules[gate.__module__])))
    parts = set(re.findall(r'yield \("([A-Z_]+)",', inspect.getsource(comparison)))
    assert len(codes) > 15
    assert len(parts) > 5
    names = [f"Gate.{code}" for code in codes] + [f"ScriptPart.{part}" for part in parts]
    assert not [name for name in names if name not in catalogue]
