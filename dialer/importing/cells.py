"""One cell's text as a value of the rules: dates, money, yes and no, the field's words (rules §5.1)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import TypeVar

from dialer.domain.errors import DialerError
from dialer.domain.free_look import CountRule
from dialer.domain.holder import Gender, PersonName
from dialer.domain.phone import PhoneInvalid, PhoneNumber
from dialer.domain.policy import Channel, Design, InsuranceClass, PayMode, ReceiptForm, Term, TermKind
from dialer.domain.province import province_code
from dialer.domain.spoken import spoken_number


class CellInvalid(DialerError):
    """A cell does not hold what its column needs."""

    code = "VALUE_INVALID"

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{zh} · {en}")
        self.zh, self.en = zh, en


class IdType(StrEnum):
    """The kinds of identity document we know by name."""

    RESIDENT_ID = "RESIDENT_ID"
    PASSPORT = "PASSPORT"
    MILITARY = "MILITARY"
    TRAVEL_PERMIT = "TRAVEL_PERMIT"
    FOREIGN_RESIDENCE = "FOREIGN_RESIDENCE"
    HOUSEHOLD_REGISTER = "HOUSEHOLD_REGISTER"
    BUSINESS_LICENCE = "BUSINESS_LICENCE"
    OTHER = "OTHER"


Member = TypeVar("Member", bound=StrEnum)

CHANNELS = {
    Channel.AGENCY: "个险 个人代理 个人业务 个人营销 营销",
    Channel.BANK: "银保 银行 银行代理 银邮",
    Channel.POST: "邮政 邮储 邮政代理",
    Channel.OTHER_PART_TIME_AGENCY: "其他兼业代理 兼业代理",
    Channel.BROKER: "经纪 经代 中介",
    Channel.DIRECT: "直销",
    Channel.TELESALES: "电销 电话销售",
    Channel.ONLINE: "互联网 网销 网络销售",
    Channel.GROUP: "团险 团体",
}
DESIGNS = {
    Design.ORDINARY: "传统 普通 传统型 普通型",
    Design.PARTICIPATING: "分红 分红型 par",
    Design.UNIVERSAL: "万能 万能型 ul",
    Design.UNIT_LINKED: "投连 投连型 投资连结 投资连结型 ilp",
}
CLASSES = {
    InsuranceClass.LIFE: "寿险 人寿 人寿保险",
    InsuranceClass.ANNUITY: "年金 年金险 年金保险",
    InsuranceClass.HEALTH: "健康 健康险 健康保险 医疗险 重疾险",
    InsuranceClass.ACCIDENT: "意外 意外险 意外伤害保险",
    InsuranceClass.ACCIDENT_LONG: "长期意外 长期意外险",
}
PAY_MODES = {
    PayMode.SINGLE: "趸交 趸缴 一次交清 一次性交清",
    PayMode.YEARLY: "年交 年缴 按年 期交 期缴",
    PayMode.HALF_YEARLY: "半年交 半年缴",
    PayMode.QUARTERLY: "季交 季缴",
    PayMode.MONTHLY: "月交 月缴",
    PayMode.IRREGULAR: "不定期 不定期交 不定期缴",
}
RECEIPT_FORMS = {ReceiptForm.PAPER: "纸质 书面", ReceiptForm.ELECTRONIC: "电子 电子签收"}
COUNT_RULES = {
    CountRule.EXCLUDE_RECEIPT_DAY: "次日 签收次日 不含当日",
    CountRule.INCLUDE_RECEIPT_DAY: "当日 签收当日 含当日",
}
GENDERS = {Gender.MALE: "男 男性 m", Gender.FEMALE: "女 女性 f", Gender.UNKNOWN: "未知 未说明"}
ID_TYPES = {
    IdType.RESIDENT_ID: "身份证 居民身份证",
    IdType.PASSPORT: "护照",
    IdType.MILITARY: "军官证 士兵证 军人证",
    IdType.TRAVEL_PERMIT: "港澳通行证 港澳居民来往内地通行证 台胞证 台湾居民来往大陆通行证",
    IdType.FOREIGN_RESIDENCE: "外国人永久居留证 外国人永久居留身份证",
    IdType.HOUSEHOLD_REGISTER: "户口本 户口簿",
    IdType.BUSINESS_LICENCE: "营业执照 统一社会信用代码",
    IdType.OTHER: "其他",
}
_YES = frozenset(["是", "有", "y", "yes", "true", "1"])
_NO = frozenset(["否", "无", "n", "no", "false", "0"])
_COUNTS = {spoken_number(count): count for count in range(1, 121)}
_DATE = re.compile(r"(\d{4})(?:([-/.年])(\d{1,2})(?:\2|月)(\d{1,2})日?|(\d{2})(\d{2}))(?:[T ][\d:.]+)?")
_MONEY = re.compile(r"(?:¥|人民币|rmb|cny)?(\d[\d,]*(?:\.\d+)?)(万)?元?")
_TERM = re.compile(r"(\d{1,5})(周?岁|年|y|个?月|m|天|日|d)")
_TERM_KINDS = {"年": TermKind.YEARS, "y": TermKind.YEARS, "月": TermKind.MONTHS, "m": TermKind.MONTHS}
_POLICY_NO = re.compile(r"[A-Za-z0-9][A-Za-z0-9/-]{3,39}")


def one_of(words: Mapping[Member, str]) -> Callable[[str], Member]:
    """A reader of an enumeration by its code or any of its words."""
    table = {_plain(word): member for member, known in words.items() for word in (*known.split(), member.value)}

    def read(text: str) -> Member:
        if (member := table.get(_plain(text))) is not None:
            return member
        known = "、".join(alternatives.split()[0] for alternatives in words.values())
        raise CellInvalid(f"不认识的取值，可用：{known}", f"unknown word; known are {', '.join(words)}")

    return read


def _plain(text: str) -> str:
    return half_width(text).casefold()


def half_width(text: str) -> str:
    """Full-width letters and digits as plain ones."""
    return unicodedata.normalize("NFKC", text).strip()


def yes_no(text: str) -> bool:
    """是 or 否, and the other ways to say so."""
    plain = _plain(text)
    if plain not in _YES | _NO:
        raise CellInvalid("应为“是”或“否”", "neither yes nor no")
    return plain in _YES


def day(text: str) -> date:
    """`2026-09-18`, `2026/9/18`, `2026.9.18`, `20260918`, `2026年9月18日`; a time after it is dropped."""
    found = _DATE.fullmatch(half_width(text))
    if found is None:
        raise CellInvalid("不是日期，如 2026-09-18", "not a date such as 2026-09-18")
    year, _, month, dom, month2, dom2 = found.groups()
    try:
        value = date(int(year), int(month or month2), int(dom or dom2))
    except ValueError:
        raise CellInvalid("没有这一天", "there is no such day") from None
    if not 1900 <= value.year < 2200:
        raise CellInvalid("年份不合理", "an impossible year")
    return value


def money(text: str) -> int:
    """An amount above zero, in fen: `12,000.00`, `¥12000`, `12000元`, `1.2万`."""
    found = _MONEY.fullmatch(_plain(text).replace(" ", ""))
    if found is None:
        raise CellInvalid("不是金额，如 12000.00", "not an amount such as 12000.00")
    amount, ten_thousands = found.groups()
    try:
        fen = Decimal(amount.replace(",", "")) * (1_000_000 if ten_thousands else 100)
    except InvalidOperation:  # pragma: no cover - the pattern lets only numbers through
        raise CellInvalid("不是金额", "not an amount") from None
    if fen != fen.to_integral_value() or not 0 < fen < 10**15:
        raise CellInvalid("金额应大于零且精确到分", "an amount is above zero and whole fen")
    return int(fen)


def term(text: str) -> Term:
    """`终身`, `至60周岁`, `20年`, `一年`, `12个月`, `30天`, and `20Y`, `6M`, `30D`, `WHOLE_LIFE`."""
    plain = _plain(text).replace(" ", "").removeprefix("保").removeprefix("交")
    if plain in ("终身", "至终身", "wholelife", "whole_life", "life"):
        return Term(TermKind.WHOLE_LIFE)
    counted = plain.removeprefix("至").rstrip("个月周岁年天")
    if counted in _COUNTS:
        plain = plain.replace(counted, str(_COUNTS[counted]), 1)
    found = _TERM.fullmatch(plain.removeprefix("至"))
    if found is None or int(found[1]) == 0:
        raise CellInvalid("不是期间，如 终身、至60岁、20年、30天", "not a term such as WHOLE_LIFE, 至60岁, 20Y, 30D")
    if found[2].endswith("岁"):
        return Term(TermKind.TO_AGE, int(found[1]))
    return Term(_TERM_KINDS.get(found[2].removeprefix("个"), TermKind.DAYS), int(found[1]))


def freelook_days(text: str) -> int:
    """A free-look's length in natural days, 1 to 60 (rules §7.3)."""
    plain = _plain(text).removesuffix("天").removesuffix("日")
    if not (plain.isascii() and plain.isdigit() and 1 <= int(plain) <= 60):
        raise CellInvalid("应为 1 到 60 的天数", "a number of days from 1 to 60")
    return int(plain)


def policy_no(text: str) -> str:
    """A policy number: 4 to 40 letters, digits, `-` and `/`."""
    plain = half_width(text)
    if not _POLICY_NO.fullmatch(plain):
        raise CellInvalid(
            "保单号应为 4 到 40 位字母数字；超过 15 位时请把单元格设为文本",
            "a policy number has 4 to 40 letters and digits; beyond 15 the cell must be text",
        )
    return plain


def province(text: str) -> str:
    """A province's two digits, from a GB/T 2260 code or a name."""
    code = province_code(unicodedata.normalize("NFKC", text))
    if code is None:
        raise CellInvalid("不认识的省份", "there is no such province")
    return code


def phone(text: str) -> PhoneNumber:
    """A number as people write it, full-width digits included."""
    try:
        return PhoneNumber.parse(unicodedata.normalize("NFKC", text))
    except PhoneInvalid:
        raise CellInvalid("不是有效的电话号码", "not a valid telephone number") from None


def words(longest: int) -> Callable[[str], str]:
    """A reader of plain text up to a length."""

    def read(text: str) -> str:
        stripped = " ".join(text.split())
        if len(stripped) > longest:
            raise CellInvalid(f"超过 {longest} 个字", f"longer than {longest} characters")
        return stripped

    return read


def name(text: str) -> PersonName:
    """A person's name."""
    return PersonName(words(80)(text))


def place(text: str) -> str:
    """A city, county or its code, as it stands in the organisation's path."""
    found = words(16)(text)
    if "/" in found:
        raise CellInvalid("不应含有“/”", "must not contain a slash")
    return found
