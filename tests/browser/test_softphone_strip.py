"""What the strip in the desk's head tells an agent whose browser is the phone, when it can't be one yet."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest

from dialer.console.site import PhoneServer
from dialer.domain.user import Role
from dialer.usecases.manage_users import give_phone
from tests.browser.chromium import Page, browser
from tests.browser.conftest import keep, open_page
from tests.console.desk import Console, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow]

REFUSES = "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', '{}'))"


@pytest.fixture
def phone_servers() -> Sequence[PhoneServer]:
    """One that does not answer."""
    return (PhoneServer("pbx", "ws://127.0.0.1:9/ws", lambda: {"agent1": "a secret"}),)


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    """A tab with a microphone that the person has not allowed yet."""
    async with browser("--use-fake-device-for-media-stream") as chromium:
        context = await chromium.new_context(locale="zh-CN")
        page = Page(await context.new_page())
        await page.size(1440, 900)
        yield page
        refusals = [said for said in page.complaints if "ws://127.0.0.1:9" not in said]
        assert refusals == []  # but for the server that does not answer


@pytest.fixture
async def agent(console: Console, log_in) -> Visitor:
    visitor: Visitor = await log_in(Role.CC_AGENT, login="agent1")
    await give_phone(console.site.storage, "agent1", "browser:agent1", "boss", console.site.now)
    return visitor


async def state(page: Page, wanted: str) -> None:
    await page.until(f"document.getElementById('softphone').dataset.state === '{wanted}'")


async def words(page: Page) -> str:
    """What the strip says, its menu too where that is open."""
    said: str = await page.ask("document.getElementById('softphone').innerText")
    return said


async def test_a_blocked_microphone_is_explained_and_an_allowed_one_goes_on_by_itself(
    console: Console, agent: Visitor, page: Page
) -> None:
    await open_page(console, agent, page, "/desk")
    await state(page, "blocked")
    said = await words(page)
    assert "麦克风被禁用" in said
    assert "地址栏左侧" in said  # the menu is open, for nobody is on the line
    await keep(page, "softphone-blocked")
    await page.tab.context.grant_permissions(["microphone"])
    await state(page, "unreachable")
    said = await words(page)
    assert "地址栏左侧" not in said
    assert "话务系统没有响应" in said
    await page.until("document.querySelector('[name=microphone]').options.length > 0")


@pytest.mark.parametrize(
    ("error", "wanted", "told"),
    [("NotFoundError", "missing", "请插好耳麦"), ("NotReadableError", "taken", "被其他程序占用")],
)
async def test_a_microphone_that_is_not_there_or_in_use_is_explained(
    console: Console, agent: Visitor, page: Page, error: str, wanted: str, told: str
) -> None:
    await page.tab.add_init_script(REFUSES.format(error))
    await open_page(console, agent, page, "/desk")
    await state(page, wanted)
    assert told in await words(page)


async def test_a_second_tab_leaves_the_phone_to_the_first_and_takes_it_when_that_is_closed(
    console: Console, agent: Visitor, page: Page
) -> None:
    await page.tab.context.grant_permissions(["microphone"])
    await open_page(console, agent, page, "/desk")
    await state(page, "unreachable")
    second = Page(await page.tab.context.new_page())
    await second.go(page.tab.url)
    await state(second, "elsewhere")
    assert "另一个标签页" in await words(second)
    await page.tab.close()
    await state(second, "unreachable")


async def test_the_headset_is_chosen_by_keyboard_and_remembered(console: Console, agent: Visitor, page: Page) -> None:
    await page.tab.context.grant_permissions(["microphone"])
    await open_page(console, agent, page, "/desk")
    await state(page, "unreachable")
    await page.until("document.querySelector('[name=microphone]').options.length > 1")
    await page.ask("document.querySelector('#softphone [name=microphone]').focus()")
    chosen = await page.ask("document.querySelector('[name=microphone]').options[1].value")
    await page.press("ArrowDown")
    await page.until(f"localStorage.getItem('softphone.audioinput') === '{chosen}'")
    assert await page.ask("document.activeElement === document.body")  # the keys are the desk's again
    await page.tab.reload()
    await page.until(f"document.querySelector('[name=microphone]').value === '{chosen}'")
    await page.until("document.querySelector('#softphone meter').value > 0.3")  # it beeps


async def test_the_echo_test_plays_what_the_microphone_hears(console: Console, agent: Visitor, page: Page) -> None:
    await page.tab.context.grant_permissions(["microphone"])
    played = "HTMLMediaElement.prototype.play"
    await page.tab.add_init_script(
        f"const really = {played}; window.played = []; "
        f"{played} = function () {{ played.push(this.srcObject); return really.call(this); }}"
    )
    await open_page(console, agent, page, "/desk")
    await state(page, "unreachable")
    await page.click("document.querySelector('#softphone button')")
    await page.ask(
        "(window.heard = (() => { const context = new AudioContext(), analyser = context.createAnalyser();"
        " context.createMediaStreamSource(played[0]).connect(analyser); return analyser; })(), 1)"
    )
    loud = (
        "(() => { const a = new Float32Array(2048); heard.getFloatTimeDomainData(a); return Math.max(...a) > 0.05; })()"
    )
    await page.until(loud)
