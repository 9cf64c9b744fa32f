"""Files as rows: what is read, and what is refused before anything is imported."""

from __future__ import annotations

import struct
import zipfile
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest

from dialer.importing import EncodingWrong, FileUnusable, tables
from dialer.importing.tables import read_rows
from trials.extracts import a_row, write_csv, write_xlsx

_EVENING = datetime(2026, 9, 18, 23, 5)  # noqa: DTZ001  (Excel knows no zones)


def _cells(path: Path) -> list[list[str]]:
    return [row.cells for row in read_rows(path)]


def _bytes(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_csv_is_read_in_each_encoding_that_excel_writes(tmp_path: Path, encoding: str):
    path = write_csv(tmp_path / "a.csv", [a_row(holder_name="王喆㛃𠮷")], encoding)

    header, row = _cells(path)

    assert header[0] == "保单号"
    assert "王喆㛃𠮷" in row


@pytest.mark.parametrize("encoding", ["big5", "shift_jis"])
def test_a_csv_in_another_encoding_is_refused_and_never_read_as_gibberish(tmp_path: Path, encoding: str):
    text = {"big5": "要保人姓名,地址\n陳麗華,臺北市\n", "shift_jis": "氏名,住所\nさくら,とうきょう\n"}
    path = _bytes(tmp_path / "a.csv", (text[encoding] * 20).encode(encoding))

    with pytest.raises(EncodingWrong, match="UTF-8"):
        _cells(path)


def test_a_broken_byte_deep_in_a_utf8_file_is_named_by_line_and_byte(tmp_path: Path):
    lines = "".join(f"P{number:06d},王建国\n" for number in range(100_000)).encode()
    broken = lines.replace("P090000,王".encode(), b"P090000,\xff\xfe\xfd")
    offset = broken.index(b"\xff")
    path = _bytes(tmp_path / "a.csv", broken)

    with pytest.raises(EncodingWrong, match=rf"第 90001 行（第 {offset} 字节）"):
        _cells(path)


def test_a_character_across_two_pieces_of_the_file_is_whole(tmp_path: Path):
    for shift in range(3):
        text = "x" * 1023 + "\n"
        text = text * 1023 + "x" * (1024 - shift) + "王\n王\n"
        assert len(text[:-3].encode()) - 3 == (1 << 20) - shift
        assert _cells(_bytes(tmp_path / f"{shift}.csv", text.encode()))[-2:] == [["x" * (1024 - shift) + "王"], ["王"]]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "空的"),
        ("保单号\n".encode("utf-16"), "UTF-16"),
        ("保单号,渠道\nP1,\0\n".encode(), "第 2 行有空字节"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600), "密码"),
        (b"PK\x03\x04 but no zip", "损坏"),
        (b'a,"' + b"x" * 200_000 + b'"\n', "第 1 行"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(tmp_path: Path, content: bytes, why: str):
    path = _bytes(tmp_path / "a.csv", content)

    with pytest.raises((FileUnusable, EncodingWrong), match=why):
        _cells(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(FileUnusable, match="无法打开"):
        _cells(tmp_path / "nowhere.csv")


def test_an_xlsx_gives_its_cells_as_they_would_be_typed(tmp_path: Path):
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["B2"], sheet["C2"], sheet["D2"] = "生效日期", "手机", "保费"
    sheet["B4"], sheet["C4"], sheet["D4"] = date(2026, 9, 18), 13812345678, 1200.5
    sheet["B5"], sheet["C5"], sheet["D5"] = _EVENING, True, 350102198001010012
    book.save(tmp_path / "a.xlsx")

    rows = list(read_rows(tmp_path / "a.xlsx"))

    assert [row.number for row in rows] == [2, 4, 5]
    assert rows[1].cells == ["2026-09-18", "13812345678", "1200.5"]
    assert rows[2].cells == ["2026-09-18", "是", "3.50102198001010E+17"]


def test_a_sheet_too_big_for_memory_is_streamed_with_the_same_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    rows = [a_row(number, issue_date=date(2026, 9, 16), premium=1200.5, city=3501) for number in range(20)]
    path = write_xlsx(tmp_path / "a.xlsx", rows)
    held = list(read_rows(path))

    monkeypatch.setattr(tables, "_SHEET_IN_MEMORY", 0)

    assert list(read_rows(path)) == held
    assert len(held) == 21


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path):
    path = tmp_path / "bomb.xlsx"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w") as sheet,
    ):
        for _ in range(64):
            sheet.write(bytes(1 << 20))
    assert path.stat().st_size < 1 << 20

    with pytest.raises(FileUnusable, match="压缩炸弹"):
        _cells(path)


def test_a_zip_that_lies_about_its_size_is_refused(tmp_path: Path):
    path = write_xlsx(tmp_path / "a.xlsx", [a_row(number) for number in range(50)])
    content = bytearray(path.read_bytes())
    name = b"xl/worksheets/sheet1.xml"
    entry = content.rindex(name) - 46
    assert content[entry : entry + 4] == b"PK\x01\x02"
    content[entry + 24 : entry + 28] = struct.pack("<I", 100)
    path.write_bytes(content)

    with pytest.raises(FileUnusable, match="损坏"):
        _cells(path)


def test_a_zip_without_sheets_is_no_xlsx(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("readme.txt", "hello")

    with pytest.raises(FileUnusable, match="不是 xlsx"):
        _cells(tmp_path / "a.xlsx")


def test_a_sheet_that_is_no_xml_is_refused(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("xl/worksheets/sheet1.xml", "no xml")

    with pytest.raises(FileUnusable, match="不是有效的 xlsx"):
        _cells(tmp_path / "a.xlsx")
