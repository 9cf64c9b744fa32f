"""xlsx and csv files as rows of text, one at a time; what can't be read as a whole is refused before the first row.

A csv is read in flat memory. An xlsx is read by calamine, which holds the whole sheet (about 2 bytes for each byte of
its XML); sheets above `_SHEET_IN_MEMORY` are streamed by openpyxl instead: ten times slower, and flat.
"""

from __future__ import annotations

import csv
import hashlib
import math
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import openpyxl
from python_calamine import CalamineError, CalamineWorkbook

from dialer.domain.errors import DialerError
from dialer.importing.encoding import csv_encoding

MAX_UNPACKED = 2 << 30
"""Bytes an xlsx may unpack to; Excel's million rows of our columns are about 1.6 GB."""

MAX_RATIO = 200
"""How much smaller than its content an xlsx may be; honest sheets are 5 to 40 times smaller."""

MAX_SHARED_TEXTS = 256 << 20
"""Bytes of the texts that a workbook keeps apart from its rows: they have to be held in memory."""

_SHEET_IN_MEMORY = 32 << 20
_CHUNK = 1 << 20
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")


class FileUnusable(DialerError):
    """The file can't be read, or not beyond the row it names; the message says what it is and what to do."""

    code = "FILE_UNUSABLE"


@dataclass(frozen=True, slots=True)
class Row:
    """One row's cells as text; `number` counts as the spreadsheet does, from 1."""

    number: int
    cells: list[str]


def sha256_of(path: Path) -> str:
    """The file's sha256, read in pieces.

    Raises:
        FileUnusable: there is no such file, or it may not be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise FileUnusable(f"{path}: 无法打开 · can't be opened: {error.strerror}") from error


def read_rows(path: Path) -> Iterator[Row]:
    """The rows of a file that are not empty; an xlsx's first sheet. Its content says what it is, not its name.

    Raises:
        FileUnusable: it is empty, neither xlsx nor csv, protected, damaged, too big when unpacked, or wrongly encoded.
    """
    try:
        with path.open("rb") as file:
            head = file.read(len(_OLE))
    except OSError as error:
        raise FileUnusable(f"{path}: 无法打开 · can't be opened: {error.strerror}") from error
    if not head:
        raise FileUnusable(f"{path}: 文件是空的 · the file is empty")
    if head == _OLE:
        raise FileUnusable(
            f"{path}: 有密码保护或为旧版 .xls，请去掉密码并另存为 .xlsx"
            " · protected by a password, or an old .xls: save it as .xlsx without a password"
        )
    rows = _xlsx_rows(path) if head.startswith(b"PK") else _csv_rows(path)
    return (row for row in rows if any(row.cells))


# csv


def _csv_rows(path: Path) -> Iterator[Row]:
    encoding = csv_encoding(path)
    with path.open(encoding=encoding, newline="") as file:
        reader = csv.reader(file)
        number = 0
        try:
            for number, cells in enumerate(reader, start=1):
                yield Row(number, [cell.strip() for cell in cells])
        except csv.Error as error:
            raise FileUnusable(f"{path}: 第 {number + 1} 行不是有效的 csv · row {number + 1}: {error}") from error


# xlsx


def _xlsx_rows(path: Path) -> Iterator[Row]:
    biggest = _check_archive(path)
    rows = _held_rows(path) if biggest <= _SHEET_IN_MEMORY else _streamed_rows(path)
    for number, values in enumerate(rows, start=1):
        yield Row(number, [_text(value) for value in values])


def _check_archive(path: Path) -> int:
    """Refuse what is not an honest xlsx before anything is unpacked into memory; the biggest sheet's bytes."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            _check_sizes(path, members)
            for member in members:
                _unpack(archive, member)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise FileUnusable(f"{path}: 文件损坏，不是有效的 xlsx · damaged, or no xlsx: {error}") from error
    sheets = [member.file_size for member in members if member.filename.startswith("xl/worksheets/")]
    if not sheets:
        raise FileUnusable(f"{path}: 是压缩包，但不是 xlsx · a zip file, but no xlsx")
    return max(sheets)


def _check_sizes(path: Path, members: list[zipfile.ZipInfo]) -> None:
    unpacked, packed = sum(member.file_size for member in members), sum(member.compress_size for member in members)
    shared = sum(member.file_size for member in members if member.filename == "xl/sharedStrings.xml")
    ratio = unpacked / max(packed, 1)
    if unpacked > MAX_UNPACKED or shared > MAX_SHARED_TEXTS or (unpacked > _CHUNK * 10 and ratio > MAX_RATIO):
        raise FileUnusable(
            f"{path}: 解压后 {unpacked >> 20} MB（压缩比 {ratio:.0f}），超限，疑为压缩炸弹；数据确实多时请另存为 csv"
            f" · unpacks to {unpacked >> 20} MB ({ratio:.0f} to 1), beyond the limit: a zip bomb? Save real data as csv"
        )


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    """Unpack into nothing: a directory that lies about a size shows here as a wrong checksum."""
    with archive.open(member) as content:
        while content.read(_CHUNK):
            pass


def _held_rows(path: Path) -> Iterator[Sequence[object]]:
    try:
        with CalamineWorkbook.from_path(path) as workbook:
            yield from workbook.get_sheet_by_index(0).iter_rows()
    except CalamineError as error:
        raise FileUnusable(f"{path}: 不是有效的 xlsx · not a valid xlsx: {error}") from error


def _streamed_rows(path: Path) -> Iterator[Sequence[object]]:
    workbook = openpyxl.load_workbook(path, read_only=True, data_only=True)
    try:
        yield from workbook.worksheets[0].iter_rows(values_only=True)
    finally:
        workbook.close()


def _text(value: object) -> str:
    """A cell as it would be typed. A number too long for Excel stays in its broken form, and is refused later."""
    match value:
        case None:
            return ""
        case bool():
            return "是" if value else "否"
        case datetime():
            return value.date().isoformat()
        case date():
            return value.isoformat()
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case float() if not math.isfinite(value) or abs(value) >= 1e15:
            return f"{value:.14E}"
        case int() if abs(value) >= 10**15:
            return f"{value:.14E}"
    return str(value).strip()
