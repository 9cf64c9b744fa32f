"""The columns of a policy extract: what each may be called, and which can't be missing (rules §5.1; docs/import.md)."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dialer.domain.errors import DialerError


class HeadingsUnusable(DialerError):
    """The file's first row does not name the columns that every policy needs; nothing was read."""

    code = "HEADINGS_UNUSABLE"


@dataclass(frozen=True, slots=True)
class Column:
    """One column. Its `field` is also its English heading; personal values are masked in the error file."""

    field: str
    zh: tuple[str, ...]
    required: bool = False
    personal: bool = False


def _needed(field: str, *zh: str, personal: bool = False) -> Column:
    return Column(field, zh, required=True, personal=personal)


def _personal(field: str, *zh: str) -> Column:
    return Column(field, zh, personal=True)


COLUMNS = (
    _needed("policy_no", "保单号", "保单号码", "合同号", "保险合同号"),
    _needed("channel", "渠道", "销售渠道"),
    _needed("design", "设计类型", "产品设计类型", "险种设计类型"),
    _needed("insurance_class", "险类", "险种类别", "保险类别"),
    _needed("term", "保险期间", "保障期间"),
    _needed("product_code", "险种代码", "产品代码"),
    _needed("product_name", "险种名称", "产品名称"),
    _needed("pay_mode", "交费方式", "缴费方式"),
    Column("pay_term", ("交费期间", "缴费期间", "交费年期", "缴费年期")),
    _needed("premium", "保费", "保险费", "首期保费"),
    Column("sum_insured", ("保额", "保险金额", "基本保险金额")),
    Column("apply_date", ("投保日期",)),
    _needed("issue_date", "承保日期", "签单日期"),
    _needed("effective_date", "生效日期", "保单生效日"),
    _needed("province", "省份", "省"),
    _needed("city", "城市", "市", "地市", "中支"),
    Column("county", ("区县", "县", "四级机构")),
    Column("outlet", ("网点", "代理网点")),
    Column("bank_name", ("银行名称", "代理银行")),
    Column("guaranteed_renewal", ("保证续保",)),
    Column("group", ("团险", "团体业务")),
    Column("holder_is_natural_person", ("投保人为自然人",)),
    Column("freelook_days", ("犹豫期天数", "犹豫期")),
    Column("count_rule", ("犹豫期起算", "起算规则")),
    Column("roll_surrender", ("犹豫期顺延",)),
    Column("receipt_date", ("回执日期", "签收日期", "回执签收日期")),
    Column("receipt_form", ("回执形式", "签收方式")),
    Column("receipt_entered_on", ("回执录入日期",)),
    Column("cancelled_on", ("退保日期", "撤单日期", "终止日期")),
    _needed("holder_name", "投保人", "投保人姓名", personal=True),
    Column("id_type", ("投保人证件类型", "证件类型")),
    _needed("id_no", "投保人证件号码", "证件号码", "投保人证件号", personal=True),
    _personal("birthday", "投保人生日", "投保人出生日期"),
    Column("gender", ("投保人性别", "性别")),
    _personal("address", "联系地址", "通讯地址"),
    _personal("mobile", "手机", "手机号", "手机号码", "投保人手机"),
    _personal("home_phone", "家庭电话", "住宅电话", "宅电"),
    _personal("office_phone", "单位电话", "办公电话"),
    _personal("insured", "被保险人", "被保险人姓名"),
    Column("insured_is_holder", ("投被保险人同一人", "被保险人为本人")),
    _personal("insured_birthday", "被保险人生日", "被保险人出生日期"),
    Column("salesperson_code", ("业务员代码", "业务员工号")),
    _personal("salesperson", "业务员", "业务员姓名"),
    _personal("salesperson_phone", "业务员电话", "业务员手机"),
    Column("salesperson_left", ("孤儿单", "业务员已离职")),
    _personal("special_clause", "特别约定"),
    Column("risk_level_text", ("风险测评等级", "风险等级")),
    Column("account_text", ("投资账户", "账户名称与比例")),
)
"""Every column that is understood; an extract's others are named in the report and passed over."""

BY_FIELD: Mapping[str, Column] = {column.field: column for column in COLUMNS}


def _plain(heading: str) -> str:
    """A heading without what people vary: case, width, spaces, line breaks, a required field's star."""
    text = unicodedata.normalize("NFKC", heading).casefold().replace("_", "")
    return "".join(character for character in text if character.isalnum())


_FIELD_OF = {_plain(name): column.field for column in COLUMNS for name in (column.field, *column.zh)}


@dataclass(frozen=True, slots=True)
class Headings:
    """A file's first row, understood: where each field stands and what the file calls it."""

    places: Mapping[str, int]
    names: Mapping[str, str]
    unknown: tuple[str, ...]

    @classmethod
    def of(cls, cells: Sequence[str]) -> Headings:
        """Understand a row of headings.

        Raises:
            HeadingsUnusable: required columns are missing, or two columns mean the same.
        """
        found: dict[str, int] = {}
        unknown = []
        for place, cell in enumerate(cells):
            field = _FIELD_OF.get(_plain(cell))
            if field is None:
                unknown += [cell.strip()] if cell.strip() else []
            elif field in found:
                raise HeadingsUnusable(f"两列含义相同 · two columns mean the same: {cells[found[field]]}, {cell}")
            else:
                found[field] = place
        missing = [
            f"{column.zh[0]} ({column.field})" for column in COLUMNS if column.required and column.field not in found
        ]
        if missing:
            raise HeadingsUnusable(f"首行缺少必需的列 · the first row lacks required columns: {', '.join(missing)}")
        return cls(found, {field: cells[place].strip() for field, place in found.items()}, tuple(unknown))
