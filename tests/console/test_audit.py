"""What people see leaves its trace, and those who check find it (rules §2.4, §7.6)."""

from __future__ import annotations

from dialer.domain.audit import AuditEntry, AuditKind, AuditQuestion
from dialer.domain.user import Role
from tests.builders import a_policy
from tests.console.desk import JSON, Console, Visitor
from tests.console.stories import a_refusal, a_sealed_talk, an_issued_l1


async def _log(console: Console, *kinds: AuditKind) -> list[AuditEntry]:
    """Rows of these kinds, the first first."""
    async with console.site.storage.read() as work:
        rows = await work.audit.find(AuditQuestion(), "", 1000)
    return [row for row in reversed(rows) if row.kind in kinds]


async def test_a_case_that_was_looked_at_is_noted_with_person_and_address(console: Console, log_in) -> None:
    case = await console.site.a_case_is_due()
    quality = await log_in(Role.QA, login="sunli", org="44")
    assert (await quality.get(f"/cases/{case.id}")).status == 200
    (row,) = await _log(console, AuditKind.CASE_SEEN)
    assert (row.login, row.org, row.record, row.address, row.at) == (
        "sunli", "44", f"case {case.id}", "127.0.0.1", console.site.now)  # fmt: skip


async def test_looking_again_soon_is_one_view_and_later_another(console: Console, log_in) -> None:
    case = await console.site.a_case_is_due()
    quality = await log_in(Role.QA)
    for minutes in (0, 3, 6, 5):
        console.site.later(minutes=minutes)
        await quality.get(f"/cases/{case.id}")
    assert len(await _log(console, AuditKind.CASE_SEEN)) == 2


async def test_what_was_not_shown_is_not_noted_as_seen(console: Console, log_in) -> None:
    case = await console.site.a_case_is_due()
    stranger = await log_in(Role.QA, org="31")
    assert (await stranger.get(f"/cases/{case.id}")).status == 404
    assert await _log(console, AuditKind.CASE_SEEN) == []


async def test_a_search_is_noted_with_what_was_asked(console: Console, log_in) -> None:
    quality = await log_in(Role.QA)
    await quality.get("/cases?policy_no=P2026000001")
    (row,) = await _log(console, AuditKind.SEARCHED)
    assert row.detail == "/cases?policy_no=P2026000001"


async def test_a_recording_that_was_heard_in_parts_is_noted_once(console: Console, log_in, tmp_path) -> None:
    recording = await a_sealed_talk(console, tmp_path)
    quality = await log_in(Role.QA)
    for part in ("bytes=100-", "bytes=0-99"):
        assert (await quality.get(f"/recordings/{recording.id}", Range=part)).status == 206
    assert [row.record for row in await _log(console, AuditKind.RECORDING_HEARD)] == [f"recording {recording.id}"]


async def test_an_agents_screen_names_the_case_it_showed(console: Console, agent: Visitor) -> None:
    case = await console.site.a_case_is_due(a_policy(product_code="DEMO-PAR"))
    await agent.desk()
    assert await _log(console, AuditKind.SCREEN_POP) == []
    await console.site.connected()
    await agent.desk()
    await agent.desk()
    (row,) = await _log(console, AuditKind.SCREEN_POP)
    assert (row.login, row.record) == ("agent1", f"case {case.id}")


async def test_whoever_wants_what_they_may_not_is_noted(console: Console, agent: Visitor) -> None:
    await agent.get("/floor")
    await agent.client.post("/desk/pause", data={"reason": "BREAK"}, headers={"X-CSRF-Token": "guessed"})
    rows = await _log(console, AuditKind.PERMISSION_REFUSED)
    assert [(row.login, row.detail) for row in rows] == [("agent1", "GET /floor"), ("agent1", "POST /desk/pause")]


async def test_what_the_rules_refuse_on_a_page_that_is_shown_again_is_noted_too(console: Console, log_in) -> None:
    case, _ = await a_refusal(console)
    quality = await log_in(Role.QA, login="sunli")
    shown = await quality.post(f"/cases/{case.id}/refusal", None, verdict="refused", why="听过")
    assert (shown.status, "录音尚未封存" in await shown.text()) == (403, True)
    (row,) = await _log(console, AuditKind.PERMISSION_REFUSED)
    assert (row.login, row.detail) == ("sunli", f"POST /cases/{case.id}/refusal")


async def test_an_auditor_finds_rows_by_person_record_kind_and_date(console: Console, log_in) -> None:
    ticket = await an_issued_l1(console)
    handler = await log_in(Role.L3_HANDLER, login="lihua", org="44/4401")
    await handler.get(f"/tickets/{ticket.id}")
    auditor = await log_in(Role.AUDIT)
    today, record = f"{console.site.now:%Y-%m-%d}", f"转办单 {ticket.id}"
    for asked in ("login=lihua", f"record=ticket+{ticket.id}", "kind=TICKET_SEEN", f"since={today}&until={today}"):
        text = await (await auditor.get(f"/audit?{asked}")).text()
        assert f'<a href="/tickets/{ticket.id}">{record}</a>' in text, asked
    for asked in ("login=nobody", "record=ticket+999", "kind=EXPORTED", "since=2027-01-01", "until=2025-01-01"):
        assert record not in await (await auditor.get(f"/audit?{asked}")).text(), asked
    assert (await auditor.get("/audit?since=yesterday")).status == 400


async def test_the_log_comes_a_page_at_a_time(console: Console, log_in) -> None:
    entry = AuditEntry(console.site.now, AuditKind.SEARCHED, "lihua")
    async with console.site.storage.begin() as work:
        await work.audit.put(*[entry] * 120)
    auditor = await log_in(Role.AUDIT)
    seen, path = 0, "/audit?login=lihua"
    for rows in (50, 50, 20):
        text = await (await auditor.get(path)).text()
        assert text.count("<td>lihua</td>") == rows
        seen += rows
        path = f"/audit?login=lihua&before={121 - seen}"
        assert (path.replace("&", "&amp;") in text) is (seen < 120)


async def test_an_auditor_of_a_province_sees_what_its_own_people_did(console: Console, log_in) -> None:
    for org, login in (("44/4401", "canton"), ("31", "shanghai")):
        person = await log_in(Role.L3_HANDLER, org=org, login=login)
        await person.get("/floor")
    auditor = await log_in(Role.AUDIT, org="44")
    text = await (await auditor.get("/audit")).text()
    assert "canton" in text
    assert "shanghai" not in text


async def test_reading_the_log_is_in_the_log(console: Console, log_in) -> None:
    auditor = await log_in(Role.AUDIT)
    await auditor.get("/audit?login=lihua", **JSON)
    (row,) = await _log(console, AuditKind.AUDIT_SEEN)
    assert (row.login, row.detail) == ("audit", "/audit?login=lihua")
