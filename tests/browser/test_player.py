"""A supervisor finds any second of sound in three clicks, sees both sides, and works the player with either hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dialer.domain.user import Role
from tests.browser.chromium import Page
from tests.browser.conftest import keep, open_page
from tests.browser.test_pages import talked_through
from tests.console.desk import Console

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AUDIO = "document.querySelector('audio')"
PLAYER = "document.querySelector('sound-player')"
PLAYING = f"!{AUDIO}.paused && {AUDIO}.readyState > 2 && !{AUDIO}.seeking"
DRAWN = f"{PLAYER} !== null && 'drawn' in {PLAYER}.dataset"


def _answer(number: int) -> str:
    return f"document.querySelectorAll('button.seek')[{number - 1}]"


async def _begins(page: Page, number: int) -> float:
    return float(await page.ask(f"Number({_answer(number)}.dataset.from)"))


async def _heard_at(page: Page, seconds: float) -> None:
    """It plays, and played first what was asked for."""
    await page.until(PLAYING)
    first = await page.ask("window.firstHeard")
    assert first == pytest.approx(seconds, abs=0.3)


async def _note_where_it_begins(page: Page) -> None:
    """Where the next sound begins: Chromium says `playing` when it comes out of the loudspeaker."""
    await page.ask(f"""{AUDIO}.addEventListener('seeked', () => {{ window.firstHeard = {AUDIO}.currentTime }}), true""")


@pytest.fixture
async def case_page(console: Console, log_in, page: Page, tmp_path: Path) -> Page:
    """A case whose talk is sealed, seen by a supervisor."""
    case_id, _ = await talked_through(console, tmp_path)
    leader = await log_in(Role.CC_LEADER, login="zhangwei")
    await open_page(console, leader, page, f"/cases/{case_id}")
    await page.until(DRAWN)
    return page


async def test_a_supervisor_searches_clicks_and_hears_the_answer(
    console: Console, log_in, page: Page, tmp_path: Path
) -> None:
    await talked_through(console, tmp_path)
    leader = await log_in(Role.CC_LEADER, login="zhangwei")
    await open_page(console, leader, page, "/recordings")
    await page.ask("document.querySelector('[name=name]').focus()")
    await page.write("欧阳慧敏")
    await page.click("document.querySelector('form.search button.primary')")
    await page.until("location.search.startsWith('?holder=')")
    await keep(page, "recordings-found")
    await page.click("document.querySelector('.found a.button')")
    await page.until(DRAWN)
    await page.until(PLAYING)  # the click on the result was for its sound
    assert await page.ask("document.querySelectorAll('tr.playing').length") == 1
    await _note_where_it_begins(page)
    begins = await _begins(page, 9)
    await page.click(_answer(9))
    await _heard_at(page, begins)
    await page.until(f"{_answer(9)}.ariaCurrent === 'true'")
    assert await page.ask("document.querySelectorAll('[aria-current=true]').length") == 1
    await keep(page, "recordings-heard")


async def test_a_recording_that_is_chosen_again_while_it_plays_has_its_marks_once(
    console: Console, log_in, page: Page, tmp_path: Path
) -> None:
    await talked_through(console, tmp_path)
    leader = await log_in(Role.CC_LEADER, login="zhangwei")
    await open_page(console, leader, page, "/recordings")
    marks = "document.querySelectorAll('.markers button').length"
    for _ in range(3):
        await page.click("document.querySelector('.found a.button')")
        await page.until(f"{DRAWN} && {marks} > 0")
        await page.until(PLAYING)
        assert await page.ask(marks) == await page.ask("document.querySelectorAll('button.seek').length")
        await page.ask(f"delete {PLAYER}.dataset.drawn")


async def test_a_click_on_an_answer_or_its_marker_plays_from_there(case_page: Page) -> None:
    await keep(case_page, "case")
    await _note_where_it_begins(case_page)
    for element in (_answer(9), "document.querySelectorAll('.markers button')[3]"):
        number = 9 if "seek" in element else 4
        await case_page.click(element)
        begins = await _begins(case_page, number)
        assert begins > 15
        await case_page.until(f"{_answer(number)}.ariaCurrent === 'true'")
        await _heard_at(case_page, begins)
    await keep(case_page, "case-heard")


async def test_after_the_mouse_the_space_key_is_the_players(case_page: Page) -> None:
    await case_page.click(_answer(9))
    await case_page.until(PLAYING)
    await case_page.until(f"{AUDIO}.currentTime > {await _begins(case_page, 9) + 0.5}")
    await case_page.press("Space")
    await case_page.until(f"{AUDIO}.paused")
    stood = await case_page.ask(f"{AUDIO}.currentTime")
    await case_page.press("Space")
    await case_page.until(PLAYING)
    assert await case_page.ask(f"{AUDIO}.currentTime") >= stood


async def test_a_click_on_the_waveform_goes_there(case_page: Page) -> None:
    box: dict[str, Any] = await case_page.ask("document.querySelector('.picture').getBoundingClientRect().toJSON()")
    await case_page.tab.mouse.click(box["x"] + box["width"] * 0.75, box["y"] + 15)
    assert await case_page.ask(f"{PLAYER}.at") == pytest.approx(90, abs=1)
    shown = await case_page.ask("document.querySelector('[data-show=elapsed]').textContent")
    assert shown in {"1:29", "1:30"}


async def test_speed_and_silence_are_the_supervisors_choice_and_stay(case_page: Page) -> None:
    await case_page.ask(f"{PLAYER}.hear(88)")
    await case_page.tab.select_option("select[data-do=speed]", "2")
    await case_page.until(PLAYING)
    assert await case_page.ask(f"{AUDIO}.playbackRate") == 2
    began = await case_page.ask(f"performance.now() - 1000 * {AUDIO}.currentTime / 2")
    await case_page.until(f"{AUDIO}.currentTime > 89.5")
    passed = await case_page.ask(f"(performance.now() - 1000 * {AUDIO}.currentTime / 2) - {began}")
    assert abs(passed) < 500  # twice as fast as the clock
    await case_page.click("document.querySelector('[data-do=skip]')")
    await case_page.until(f"{AUDIO}.currentTime > 104")  # fifteen seconds of silence, in no time
    assert await case_page.ask(f"{AUDIO}.currentTime") < 108
    await case_page.tab.reload()
    assert await case_page.ask("document.querySelector('[data-do=skip]').checked") is True
    assert await case_page.ask("document.querySelector('select[data-do=speed]').value") == "2"


async def test_each_side_is_heard_alone_or_not_at_all(case_page: Page) -> None:
    await case_page.click("document.querySelector('[data-do=play]')")
    await case_page.until(PLAYING)

    async def levels() -> tuple[float, float]:
        told = await case_page.ask(f"[{PLAYER}.sides.level('customer'), {PLAYER}.sides.level('agent')]")
        return told[0], told[1]

    assert await levels() == (1, 1)
    for click, heard in (
        ("customer] [data-do=solo]", (1, 0)),
        ("agent] [data-do=solo]", (0, 1)),
        ("agent] [data-do=solo]", (1, 1)),
        ("customer] [data-do=mute]", (0, 1)),
    ):
        await case_page.click(f"document.querySelector('[data-side={click}')")
        assert await levels() == heard
    assert await case_page.ask("document.querySelector('[data-side=customer] [data-do=mute]').ariaPressed") == "true"


async def test_the_player_works_by_keyboard_alone(case_page: Page) -> None:
    await case_page.press("Space")
    await case_page.until(PLAYING)
    await case_page.press("k")
    await case_page.until(f"{AUDIO}.paused")
    at = await case_page.ask(f"{PLAYER}.at")
    await case_page.press("ArrowRight")
    assert await case_page.ask(f"{PLAYER}.at") == pytest.approx(at + 5, abs=0.2)
    await case_page.press("9")
    await case_page.until(f"{_answer(9)}.ariaCurrent === 'true'")
    await case_page.press("l")
    await case_page.until(f"{_answer(10)}.ariaCurrent === 'true'")
    await case_page.press("j")
    await case_page.press("j")
    await case_page.until(f"{AUDIO}.currentTime < {await _begins(case_page, 9)}")
    await case_page.press("+")
    assert await case_page.ask(f"{AUDIO}.playbackRate") == 1.25
    await case_page.press("-")
    await case_page.press("s")
    assert await case_page.ask("document.querySelector('[data-do=skip]').checked") is True
    await case_page.press("?")
    await case_page.until("document.querySelector('.controls details').open")
    await keep(case_page, "player-keys")


async def test_who_cannot_see_the_waveform_is_told_and_can_move(case_page: Page) -> None:
    image = await case_page.ask("document.querySelector('.picture canvas').ariaLabel")
    assert "客户有声 0:40" in image
    await case_page.ask("document.querySelector('.picture input').focus()")
    await case_page.press("ArrowRight")
    told = await case_page.ask("document.querySelector('.picture input').getAttribute('aria-valuetext')")
    assert told == "0:05 / 2:00"
    nameless = "[...document.querySelectorAll('sound-player :is(button, select, summary)')].filter((each) => {}).length"
    assert await case_page.ask(nameless.format("!each.ariaLabel && !each.title && !each.textContent.trim()")) == 0
