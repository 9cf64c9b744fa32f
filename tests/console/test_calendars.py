"""The official year on its page: seen, foreseen, corrected."""

from __future__ import annotations

from datetime import date

import pytest

from dialer.domain.user import Role
from tests.builders import a_policy
from tests.conftest import ROOT
from tests.console.desk import Console, Visitor

A_2026 = (ROOT / "config" / "calendars" / "2026.yaml").read_text()
OFF_ON_OCTOBER_8 = A_2026.replace("  - 2026-10-07\n", "  - 2026-10-07\n  - 2026-10-08\n")
A_2027 = "year: 2027\noff: [2027-01-01, 2027-01-02, 2027-01-03]\nadjusted_working: [2026-12-26]\n"


@pytest.fixture
async def hq(log_in) -> Visitor:
    visitor: Visitor = await log_in(Role.HQ_ADMIN, login="hq")
    return visitor


async def test_the_year_is_shown_with_its_holidays_and_worked_sundays(hq: Visitor) -> None:
    text = await (await hq.get("/calendars?year=2026")).text()
    assert text.count('class="date off"') == 33 + 1  # and the legend
    assert text.count('class="date worked"') == 6 + 1
    assert 'title="除夕">16</span>' in text
    assert "未载入" in await (await hq.get("/calendars?year=2031")).text()


async def test_next_year_is_foreseen_and_put_in_force(console: Console, hq: Visitor) -> None:
    foreseen = await (await hq.post("/calendars/preview", text=A_2027)).text()
    assert "2027 年日历将带来的变化" in foreseen
    assert 2027 not in console.site.rulebook.calendar.years
    put = await hq.post("/calendars", text=A_2027, reason="国办发明电〔2026〕1号")
    assert put.headers["Location"] == "/calendars?year=2027"
    assert console.site.rulebook.calendar.is_working_day(date(2026, 12, 26))
    assert "国办发明电" in await (await hq.get("/calendars?year=2027")).text()


async def test_a_correction_is_confirmed_with_its_reason_and_told_on_the_case(console: Console, hq: Visitor) -> None:
    await console.site.seat_is_ready()
    case = await console.site.a_case_is_due(a_policy(receipt_date=date(2026, 9, 18), freelook_days=15))
    foreseen = await (await hq.post("/calendars/preview", text=OFF_ON_OCTOBER_8)).text()
    assert f'<a href="/cases/{case.id}">{case.policy_no}</a>' in foreseen
    assert "本次属于更正" in foreseen
    refused = await hq.post("/calendars", text=OFF_ON_OCTOBER_8, reason="更正")
    assert (refused.status, "该年日历已在使用" in await refused.text()) == (422, True)
    assert (await hq.post("/calendars", text=OFF_ON_OCTOBER_8, reason="", correction="1")).status == 422
    assert (await hq.post("/calendars", text=OFF_ON_OCTOBER_8, reason="国办更正", correction="1")).status == 303
    assert (await console.site.case(case)).surrender_last_day == date(2026, 10, 9)
    told = await (await hq.get(f"/cases/{case.id}")).text()
    assert "2026-10-08 → 2026-10-09 · 国办更正" in told


async def test_an_administrator_is_told_how_many_and_not_whose(console: Console, log_in) -> None:
    boss = await log_in(Role.ADMIN, login="boss")
    await console.site.seat_is_ready()
    case = await console.site.a_case_is_due(a_policy(receipt_date=date(2026, 9, 18), freelook_days=15))
    foreseen = await (await boss.post("/calendars/preview", text=OFF_ON_OCTOBER_8)).text()
    assert "10月9日" in foreseen
    assert case.policy_no not in foreseen


@pytest.mark.parametrize(
    ("text", "status"), [("", 400), ("year: [", 422), ("year: 2027\noff: []\nadjusted_working: []", 422)]
)
async def test_what_is_no_schedule_is_refused_and_stays_to_be_mended(hq: Visitor, text: str, status: int) -> None:
    response = await hq.post("/calendars/preview", text=text)
    assert response.status == status
    assert text in await response.text()
