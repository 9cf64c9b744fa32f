"""Every page in a real browser, with pictures: nothing is refused by the content security policy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dialer.domain.call import CallId, RecordingKind, SoundFiles
from dialer.domain.holder import PersonName
from dialer.domain.recording import RecordingState
from dialer.domain.user import Role
from dialer.recording.encode import OpusEncoder
from dialer.usecases.issue_tickets import issue_tickets
from tests.browser.chromium import Page
from tests.browser.conftest import keep, open_page
from tests.builders import a_holder, a_policy, a_seal, at
from tests.console.desk import Console, Visitor
from tests.recording.sounds import RATE, speech, write_wav

pytestmark = [pytest.mark.browser, pytest.mark.slow]


async def talked_through(console: Console, tmp_path: Path) -> tuple[int, int]:
    """A case with an L1, its recording sealed with real sound and its ticket issued; case and ticket."""
    site = console.site
    await site.seat_is_ready()
    policy = a_policy(product_code="DEMO-PAR")
    case = await site.a_case_is_due(policy, a_holder(name=PersonName("欧阳慧敏")))
    call = await site.connected()
    node = (await site.conversation(call)).script.node("M060_SIGN_HOLDER")
    not_mine = next(option.code for option in node.options if option.raises_problem)
    await site.answer_everything(call, M060_SIGN_HOLDER=not_mine)
    await site.hung_up(call)
    await site.wrapped_up(note="客户称签名不是本人所签，由业务员代签")
    await seal_with_sound(console, call, tmp_path)
    site.now = at(16)
    await issue_tickets(site.storage, site.rulebook, site.now)
    async with site.storage.read() as work:
        ticket = (await work.tickets.of_case(case.id))[0]
    return case.id, ticket.id


async def seal_with_sound(console: Console, call: CallId, folder: Path) -> None:
    """Two minutes that a browser can play; nobody speaks from 1:30 to 1:45."""
    files = SoundFiles(RecordingKind.TALK, folder / "customer.wav", folder / "agent.wav")
    for seed, side in enumerate((files.customer, folder / "agent.wav")):
        said = speech(120.0, seed=seed)
        said[90 * RATE : 105 * RATE] = 0
        write_wav(side, said)
    sound = await OpusEncoder().encode(files, folder / "talk.ogg")
    await console.store.put("talk.ogg", folder / "talk.ogg")
    async with console.site.storage.begin() as work:
        recording = (await work.recordings.of_call(call))[0]
        seal = a_seal(call, key="talk.ogg", size_bytes=sound.size_bytes, duration_ms=sound.duration_ms)
        await work.recordings.save(replace(recording, state=RecordingState.SEALED, seal=seal))


async def test_a_handler_answers_a_ticket_and_is_told_what_is_missing(
    console: Console, log_in, page: Page, tmp_path: Path
) -> None:
    _, ticket_id = await talked_through(console, tmp_path)
    handler = await log_in(Role.L3_HANDLER, org="44/4401", login="liqiang")
    await open_page(console, handler, page, "/tickets")
    await keep(page, "tickets")
    await page.go(str(console.server.make_url(f"/tickets/{ticket_id}")))
    await page.ask("document.querySelector('textarea[name=account]').focus()")
    await page.write("已处理")
    await page.ask("document.querySelector('form[action$=reply]').requestSubmit()")
    await page.until("document.querySelector('.notice') !== null")
    assert "套话" in await page.ask("document.querySelector('.notice').innerText")
    await keep(page, "ticket")
    page.complaints.clear()  # the browser reports the 422 that was asked for


async def test_the_other_pages_show_themselves(console: Console, log_in, page: Page, tmp_path: Path) -> None:
    await page.go(str(console.server.make_url("/login")))
    await keep(page, "login")
    await talked_through(console, tmp_path)
    leader = await log_in(Role.CC_LEADER, login="zhangwei")
    await log_in(Role.CC_AGENT, login="agent1")
    for path in ("/cases", "/recordings", "/floor"):
        await open_page(console, leader, page, path)
        await keep(page, path.strip("/"))


async def test_the_desk_in_english_keeps_the_customers_chinese(console: Console, agent: Visitor, page: Page) -> None:
    await console.site.a_case_is_due(a_policy(product_code="DEMO-PAR"))
    await open_page(console, agent, page, "/desk")
    await page.cookie(str(console.server.make_url("/")), "dialer_language", "en")
    await console.site.dialled()
    await page.go(str(console.server.make_url("/desk")))
    assert "Mandatory items" in await page.ask("document.body.innerText")
    assert "您好" in await page.ask("document.querySelector('.say').innerText")
    await keep(page, "dialling-en")
