"""Wrong files, wrong settings, a machine that lets us down: every time a clear word, and nothing half done."""

from __future__ import annotations

import csv
import re
import shutil
import socket
import sqlite3
import zipfile
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from tests.builders import at
from tests.journeys.premises import ROOT, Desk, Premises, until
from tests.journeys.sites import NUMBER, POLICY_NO, a_floor
from trials.clock import FRIDAY
from trials.extracts import due_rows, write_csv

pytestmark = pytest.mark.slow

NOW = at(9, 30, day=FRIDAY)


@pytest.fixture
def premises(tmp_path: Path) -> Premises:
    """A site without a telephone network."""
    return Premises.at(tmp_path)


def is_plain(printed: str) -> bool:
    """No traceback, and nothing of the customer's."""
    return "Traceback" not in printed and NUMBER not in printed and "王建国" not in printed


# files


async def test_a_zip_bomb_is_refused_by_its_size(premises: Premises):
    bomb = premises.folder / "bomb.xlsx"
    with (
        zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w") as sheet,
    ):
        for _ in range(64):
            sheet.write(bytes(1 << 20))
    code, printed = await premises.run(NOW, "import", str(bomb))
    assert code == 1
    assert "FILE_UNUSABLE" in printed
    assert "zip bomb" in printed
    assert is_plain(printed)


async def test_a_csv_in_the_wrong_encoding_stores_no_garbled_name(premises: Premises):
    traditional = [row | {"holder_name": "王建國", "salesperson": "李業務"} for row in due_rows([NUMBER])]
    file = write_csv(premises.folder / "policies.csv", traditional)
    as_written_in_shanghai = file.read_text(encoding="utf-8-sig").encode("gb18030")
    file.write_bytes(as_written_in_shanghai + b"\x81\x20\r\n")
    code, printed = await premises.run(NOW, "import", str(file))
    assert code == 1
    assert "ENCODING_WRONG" in printed
    assert is_plain(printed)


async def test_ten_thousand_bad_rows_are_all_told(premises: Premises):
    rows = [row | {"issue_date": "昨天"} for row in due_rows([NUMBER] * 10_000)]
    file = write_csv(premises.folder / "policies.csv", rows)
    code, printed = await premises.run(NOW, "import", str(file))
    assert code == 3, printed
    assert is_plain(printed)
    with (premises.folder / "policies.csv.errors.csv").open(encoding="utf-8-sig", newline="") as errors:
        told = [*csv.DictReader(errors)]
    assert {int(line["行号"]) for line in told} == set(range(2, 10_002))
    assert premises.rows("SELECT count(*) AS cases FROM cases") == [{"cases": 0}]


# settings, scripts, calendars


async def test_a_misspelt_setting_names_the_nearest(premises: Premises):
    text = premises.config.read_text(encoding="utf-8")
    premises.config.write_text(text.replace("min_free_mb", "min_fre_mb"), encoding="utf-8")
    code, printed = await premises.run(NOW, "serve")
    assert code == 2
    assert "recording.min_fre_mb" in printed
    assert "did you mean min_free_mb?" in printed


async def test_a_script_without_a_mandatory_item_is_neither_passed_nor_served(tmp_path: Path):
    scripts = tmp_path / "scripts"
    shutil.copytree(ROOT / "scripts", scripts)
    broken = scripts / "participating.yaml"
    whole = broken.read_text(encoding="utf-8")
    broken.write_text(whole.replace("  - M130_DIVIDEND\n", ""), encoding="utf-8")
    premises = Premises.at(tmp_path, scripts=str(scripts))
    for command in (("scripts", "check", str(scripts)), ("check",), ("serve",)):
        code, printed = await premises.run(NOW, *command)
        assert code == 1, command
        assert "BENEFIT_UNCERTAIN" in printed
        assert is_plain(printed)


NEW_YEARS_EVE = date(2026, 12, 31)


async def test_scenario_07_a_case_whose_dates_reach_a_missing_year_is_held_and_says_so(tmp_path: Path):
    calendars = tmp_path / "calendars"
    shutil.copytree(ROOT / "config" / "calendars", calendars)
    premises = Premises.at(tmp_path, calendars=str(calendars))
    reaches_2027 = {"receipt_date": "2026-12-28", "receipt_entered_on": "2026-12-28"}
    file = write_csv(tmp_path / "policies.csv", [row | reaches_2027 for row in due_rows([NUMBER])])
    today = at(9, day=date(2026, 12, 29))

    code, printed = await premises.run(today, "import", str(file))
    assert code == 3, printed
    assert "CALENDAR_MISSING" in (tmp_path / "policies.csv.errors.csv").read_text(encoding="utf-8-sig")

    next_year = calendars / "2027.yaml"
    next_year.write_text("year: 2027\noff: [2027-01-01]\nadjusted_working: []\n", encoding="utf-8")
    code, printed = await premises.run(today, "import", str(file))
    assert code == 0, printed
    next_year.unlink()
    code, printed = await premises.run(today, "why", POLICY_NO)
    assert code == 0
    assert "CALENDAR_MISSING" in printed


@pytest.mark.sip
async def test_scenario_07_a_ticket_whose_due_time_needs_a_missing_year_stays_and_is_an_alarm(tmp_path: Path):
    async with a_floor(tmp_path) as floor:
        async with floor.premises.started(NOW) as serving, Desk.of(serving.url, "agent1") as desk:
            await desk.take_calls()
            await desk.interview(M060_SIGN_HOLDER="NO")
            await until(lambda: floor.premises.rows("SELECT state FROM cases") == [{"state": "L1_OPEN"}])
            await desk.do("/desk/stand-up")
        async with floor.premises.started(at(16, 0, 5, day=NEW_YEARS_EVE)) as serving:
            alarm = await serving.says("sweep.failed")
            assert (alarm["sweep"], alarm["code"]) == ("extraction", "CALENDAR_MISSING")
        assert floor.premises.rows("SELECT state, due_at FROM tickets") == [{"state": "CREATED", "due_at": None}]


# the machine


@pytest.mark.parametrize("setting", ["url", "data_key", "spool", "sealed"])
async def test_a_path_that_cannot_be_written_is_named(premises: Premises, setting: str):
    (premises.folder / "file").write_text("not a folder")
    text = premises.config.read_text(encoding="utf-8")
    (line,) = [line for line in text.splitlines() if line.startswith(setting)]
    name = line.rsplit("/", 1)[1].rstrip('"')
    broken = line.replace(f"{premises.folder}/{name}", f"{premises.folder}/file/{name}")
    premises.config.write_text(text.replace(line, broken), encoding="utf-8")
    code, printed = await premises.run(NOW, "serve")
    assert code == 1
    assert f"{premises.folder}/file/{name}" in printed
    assert is_plain(printed)


async def test_a_database_that_is_gone_is_not_found_in_order(premises: Premises):
    code, printed = await premises.run(NOW, "verify")
    assert code == 1
    assert "SCHEMA_DIFFERS" in printed
    assert is_plain(printed)


async def test_a_port_in_use_is_one_clear_line(premises: Premises):
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        text = premises.config.read_text(encoding="utf-8")
        premises.config.write_text(text.replace("port = 0", f"port = {port}"), encoding="utf-8")
        code, printed = await premises.run(NOW, "serve")
    assert code == 1
    assert "PORT_TAKEN" in printed
    assert str(port) in printed
    assert is_plain(printed)


@pytest.mark.sip
async def test_a_phone_that_cannot_be_called_is_told_to_its_agent(premises: Premises):
    await premises.create(NOW, "agent1", "CC_AGENT", "--phone", "sip:agent1@192.0.2.7")
    premises.alter(
        "UPDATE users SET phone_address = ? WHERE login = 'agent1'", "extension 12"
    )  # before its form was asked
    async with premises.started(NOW) as serving, Desk.of(serving.url, "agent1") as desk:
        await desk.do("/desk/sit-down")
        seat = (await desk.until("AWAY"))["seat"]
        assert "phone" in seat["why"]


@pytest.mark.sip
async def test_a_full_spool_stops_calls_and_says_so_on_the_floor(tmp_path: Path):
    async with a_floor(tmp_path) as floor:
        free_mb = shutil.disk_usage(tmp_path).free >> 20
        premises = Premises.at(tmp_path, floor.carrier, min_free_mb=str(free_mb * 2))
        await premises.create(NOW, "leader", "CC_LEADER")
        async with (
            premises.started(NOW) as serving,
            Desk.of(serving.url, "agent1") as desk,
            Desk.of(serving.url, "leader") as leader,
        ):
            await desk.take_calls()
            halted = await serving.says("dispatch.halted")
            assert "MB needed" in halted["why"]
            assert _but_for_the_figure(await leader.notices()) == _but_for_the_figure([halted["why"]])
            assert b"MB needed" in await leader.fetch("/floor")
            assert (await desk.see())["seat"]["state"] == "READY"
        assert not floor.carrier.log


@pytest.mark.sip
async def test_a_spool_that_is_not_mounted_is_refused_until_somebody_takes_it(tmp_path: Path):
    async with a_floor(tmp_path) as floor:
        premises, spool = floor.premises, tmp_path / "spool"
        async with premises.started(NOW) as serving, Desk.of(serving.url, "agent1") as desk:
            await desk.take_calls()
            spool.rename(tmp_path / "unmounted")
            spool.mkdir()
            halted = await serving.says("dispatch.halted")
            assert "is not the recording spool of this database" in halted["why"]
        code, printed = await premises.run(NOW, "serve")
        assert (code, "SPOOL_FOREIGN" in printed) == (1, True), printed
        assert is_plain(printed)
        code, printed = await premises.run(NOW, "spool", "take")
        assert code == 0, printed
        async with premises.started(NOW):
            pass


def _but_for_the_figure(notices: list[str]) -> list[str]:
    """Others use the disk too: what is free changes from look to look."""
    return [re.sub(r"\d+ MB free", "some MB free", notice) for notice in notices]


@pytest.mark.sip
async def test_a_database_locked_for_long_is_an_alarm_and_then_work_goes_on(tmp_path: Path):
    async with a_floor(tmp_path) as floor, floor.premises.started(NOW) as serving:
        async with Desk.of(serving.url, "agent1") as desk:
            await desk.do("/desk/sit-down")
            await desk.until("SEATED")
            with closing(sqlite3.connect(tmp_path / "dialer.db", isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                alarm = await serving.says("engine.storage_unavailable")
                assert re.search("locked|busy", alarm["error"])  # who waits behind a writer is told the second
                other.execute("ROLLBACK")
            await desk.do("/desk/ready")
            await desk.interview()
            await until(lambda: floor.premises.rows("SELECT state FROM cases")[0]["state"] == "CLOSED_SUCCESS")
        assert is_plain(serving.printed)
        assert floor.calls_to() == 1
