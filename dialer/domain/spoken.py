"""Dates, numbers and money the way an agent says them in Chinese; script variables are filled with these."""

from __future__ import annotations

from datetime import date

_DIGITS = "零一二三四五六七八九"
_PLACES = ("", "十", "百", "千")
_GROUPS = ("", "万", "亿", "万亿")


def spoken_number(number: int) -> str:
    """`15` → 十五, `12000` → 一万二千, `105` → 一百零五. Raises ValueError below zero."""
    if number < 0:
        raise ValueError(f"only counts are spoken, not {number}")
    if number == 0:
        return _DIGITS[0]
    groups: list[int] = []
    while number:
        number, group = divmod(number, 10_000)
        groups.append(group)
    text = ""
    for index in range(len(groups) - 1, -1, -1):
        text += _join(text, groups, index)
    return text[1:] if text.startswith("一十") else text


def _join(before: str, groups: list[int], index: int) -> str:
    group = groups[index]
    if group == 0:
        return ""
    follows_gap = bool(before) and (group < 1000 or groups[index + 1] == 0)
    return ("零" if follows_gap else "") + _below_ten_thousand(group) + _GROUPS[index]


def _below_ten_thousand(number: int) -> str:
    text = ""
    gap = False
    for place in range(3, -1, -1):
        digit = number // 10**place % 10
        if digit:
            text += ("零" if gap and text else "") + _DIGITS[digit] + _PLACES[place]
        gap = digit == 0
    return text


def spoken_money(fen: int) -> str:
    """An amount in fen: `1200000` → 一万二千元, `100050` → 一千元五角."""
    yuan, rest = divmod(fen, 100)
    jiao, cents = divmod(rest, 10)
    text = f"{spoken_number(yuan)}元"
    if jiao:
        text += f"{_DIGITS[jiao]}角"
    if cents:
        text += f"{_DIGITS[cents]}分" if jiao else f"零{_DIGITS[cents]}分"
    return text


def spoken_date(day: date) -> str:
    """`2026-09-18` → 九月十八日; the year goes without saying inside a free-look."""
    return f"{spoken_number(day.month)}月{spoken_number(day.day)}日"
