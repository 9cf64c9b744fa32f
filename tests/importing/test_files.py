"""The extract as the import wants it, and the error file beside it."""

from __future__ import annotations

import csv
import resource
from itertools import islice
from pathlib import Path

import pytest

from dialer.domain.policy_entry import BadRow, PolicyEntry, RowFault
from dialer.importing import ErrorFile, FileUnusable, PolicyFile
from trials.extracts import a_row, write_csv, write_xlsx


def _fault(**changes: object) -> RowFault:
    facts: dict[str, object] = {"row": 2, "column": "保费", "value": "free", "code": "C", "zh": "错", "en": "wrong"}
    return RowFault(**(facts | changes))  # type: ignore[arg-type]


def test_the_same_policies_are_read_from_every_kind_of_file(tmp_path: Path):
    rows = [a_row(number, insured="王小雨") for number in range(5)]
    files = [
        write_csv(tmp_path / "a.csv", rows),
        write_csv(tmp_path / "b.csv", rows, "gb18030", english=True),
        write_xlsx(tmp_path / "a.xlsx", rows),
        write_xlsx(tmp_path / "b.XLS", rows, english=True),
    ]

    read = [
        [entry.digest for entry in PolicyFile.open(file).entries() if isinstance(entry, PolicyEntry)] for file in files
    ]

    assert read[0] == read[1] == read[2] == read[3]
    assert len(set(read[0])) == 5


def test_rows_are_numbered_as_the_spreadsheet_shows_them(tmp_path: Path):
    file = write_csv(tmp_path / "a.csv", [a_row(1), a_row(2, address="一行\n两行"), a_row(3, premium="?")])

    bad = [entry for entry in PolicyFile.open(file).entries() if isinstance(entry, BadRow)]

    assert [entry.row for entry in bad] == [4]


def test_a_file_with_headings_alone_has_no_entries(tmp_path: Path):
    file = tmp_path / "a.csv"
    file.write_text(write_csv(tmp_path / "b.csv", [a_row()]).read_text("utf-8-sig").splitlines()[0])

    assert list(PolicyFile.open(file).entries()) == []


def test_a_file_of_empty_lines_is_refused(tmp_path: Path):
    (tmp_path / "a.csv").write_text("\n\n,,\n")

    with pytest.raises(FileUnusable, match="没有任何内容"):
        PolicyFile.open(tmp_path / "a.csv")


def test_the_salespeoples_numbers_are_known_before_the_first_row(tmp_path: Path):
    rows = [a_row(1, salesperson_phone="13900000001"), a_row(2, salesperson_phone="x"), a_row(3, salesperson_phone="")]

    numbers = PolicyFile.open(write_csv(tmp_path / "a.csv", rows)).staff_numbers()

    assert {number.national for number in numbers} == {"13900000001"}


def test_the_error_file_opens_in_excel_and_calculates_nothing(tmp_path: Path):
    with ErrorFile(tmp_path / "a.csv") as errors:
        errors.put(_fault(value="=cmd()"))
        errors.put(_fault(refused=False))

    assert errors.path == tmp_path / "a.csv.errors.csv"
    assert errors.path.read_bytes().startswith(b"\xef\xbb\xbf")
    heading, first, second = csv.reader(errors.path.read_text("utf-8-sig").splitlines())
    assert heading[:3] == ["行号", "列", "取值（已脱敏）"]
    assert (first[2], first[-1]) == ("'=cmd()", "整行未导入")
    assert second[-1] == "已导入，未采用此值"


def test_without_faults_there_is_no_error_file_and_an_old_one_is_gone(tmp_path: Path):
    (tmp_path / "a.csv.errors.csv").write_text("of yesterday")

    with ErrorFile(tmp_path / "a.csv") as errors:
        pass

    assert not errors.path.exists()


def test_an_error_file_that_cannot_be_written_is_said(tmp_path: Path):
    (tmp_path / "a.csv.errors.csv").mkdir()

    with pytest.raises(FileUnusable, match="无法写入"), ErrorFile(tmp_path / "a.csv"):
        pass


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / (1 << 20)


@pytest.mark.slow
def test_fifty_thousand_rows_are_read_in_flat_memory(tmp_path: Path):
    with (tmp_path / "a.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(a_row())
        writer.writerows(a_row(number).values() for number in range(50_000))
    entries = PolicyFile.open(tmp_path / "a.csv").entries()
    good = sum(isinstance(entry, PolicyEntry) for entry in islice(entries, 5_000))
    before = _resident_mb()
    good += sum(isinstance(entry, PolicyEntry) for entry in entries)

    assert good == 50_000
    assert _resident_mb() - before < 20
