"""Policy extracts as the policy system writes them: rows by field, files with Chinese or English headings."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import openpyxl

from dialer.domain.resident_id import check_character
from dialer.importing.columns import BY_FIELD

Values = Mapping[str, object]


def an_id(serial: int = 1, birthday: str = "19800101", area: str = "350102") -> str:
    """A resident ID number that passes its check; an odd serial is a man's."""
    start = f"{area}{birthday}{serial:03d}"
    return start + check_character(start + "0")


def a_row(number: int = 1, **changes: object) -> dict[str, object]:
    """A participating policy of the agency channel with a receipt; each number another person with another phone."""
    row: dict[str, object] = {
        "policy_no": f"P{number:09d}",
        "channel": "个险",
        "design": "分红",
        "insurance_class": "寿险",
        "term": "20年",
        "product_code": "DEMO-PAR",
        "product_name": "示例两全保险（分红型）",
        "pay_mode": "年交",
        "pay_term": "10年",
        "premium": "12000.00",
        "issue_date": "2026-09-16",
        "effective_date": "2026-09-17",
        "province": "35",
        "city": "3501",
        "receipt_date": "2026-09-18",
        "receipt_entered_on": "2026-09-18",
        "holder_name": "王建国",
        "id_no": an_id(number % 1000, birthday=f"{1960 + number // 1000 % 40}0101"),
        "mobile": f"138{number % 10**8:08d}",
    }
    return row | changes


def a_short_row(number: int = 1, **changes: object) -> dict[str, object]:
    """A bank's one-year accident policy, of which half must be revisited (rules §4.1)."""
    short = {
        "channel": "银保",
        "design": "传统",
        "insurance_class": "意外",
        "term": "1年",
        "product_code": "DEMO-ACC",
        "pay_mode": "趸交",
        "pay_term": "",
    }
    return a_row(number, **(short | changes))


def due_rows(numbers: Iterable[str]) -> list[dict[str, object]]:
    """A policy for each number, of another person each, that may be dialled on Friday."""
    entered: dict[str, object] = {
        "issue_date": "2026-09-14",
        "effective_date": "2026-09-15",
        "receipt_date": "2026-09-17",
        "receipt_entered_on": "2026-09-17",
        "address": "广东省广州市越秀区",
        "salesperson_code": "S001",
        "salesperson": "李业务",
    }
    return [a_row(count, **entered, mobile=number) for count, number in enumerate(numbers, start=1)]


def fields_of(rows: Sequence[Values]) -> list[str]:
    """Every field that one of the rows has, in order."""
    return list(dict.fromkeys(field for row in rows for field in row))


def write_csv(path: Path, rows: Sequence[Values], encoding: str = "utf-8-sig", *, english: bool = False) -> Path:
    """Write a csv."""
    fields = fields_of(rows)
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file)
        writer.writerow(headings(fields, english=english))
        writer.writerows([row.get(field, "") for field in fields] for row in rows)
    return path


def write_xlsx(path: Path, rows: Sequence[Values], *, english: bool = False) -> Path:
    """Write an xlsx with one sheet."""
    fields = fields_of(rows)
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(headings(fields, english=english))
    for row in rows:
        sheet.append([row.get(field) for field in fields])
    book.save(path)
    return path


def headings(fields: Iterable[str], *, english: bool = False) -> list[str]:
    """The first heading of each field."""
    return [field if english or field not in BY_FIELD else BY_FIELD[field].zh[0] for field in fields]
