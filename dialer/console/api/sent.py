"""What programs send, as the requests' bodies and queries are parsed and as the OpenAPI document shows them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from dialer.domain.policy import ReceiptForm

MAX_ROWS = 500
_FIRST, _LAST = date(1900, 1, 1), date(2199, 12, 31)

Text = Annotated[str, Field(max_length=1000, pattern=r"^[^\x00]*$")]
Day = Annotated[
    date,
    Field(ge=_FIRST, le=_LAST),
    WithJsonSchema(
        {
            "type": "string",
            "format": "date",
            "pattern": r"^(19|20|21)\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$",
            "examples": ["2026-09-18"],
        }
    ),
]


class Sent(BaseModel):
    """A field that is not known is refused: a misspelt one must not be passed over."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _needed(description: str, example: str) -> Any:  # noqa: ANN401 - pydantic's way of declaring a field
    return Field(description=description, examples=[example])


def _if_known(description: str) -> Any:  # noqa: ANN401 - as above
    return Field(None, description=description)


class PolicyRow(Sent):
    """一张保单 · One policy, by the field names and values of a policy file (docs/import.md)."""

    policy_no: Text = _needed("保单号 · 4 to 40 letters and digits", "P2026000001")
    channel: Text = _needed("渠道 · AGENCY, BANK, POST, OTHER_PART_TIME_AGENCY, BROKER, DIRECT …", "AGENCY")
    design: Text = _needed("设计类型 · ORDINARY, PARTICIPATING, UNIVERSAL, UNIT_LINKED", "PARTICIPATING")
    insurance_class: Text = _needed("险类 · LIFE, ANNUITY, HEALTH, ACCIDENT, ACCIDENT_LONG", "LIFE")
    term: Text = _needed("保险期间 · WHOLE_LIFE, 20Y, 6M, 30D, 至60岁", "20Y")
    product_code: Text = _needed("险种代码", "DEMO-PAR")
    product_name: Text = _needed("险种名称", "示例两全保险（分红型）")
    pay_mode: Text = _needed("交费方式 · SINGLE, YEARLY, HALF_YEARLY, QUARTERLY, MONTHLY, IRREGULAR", "YEARLY")
    premium: Text = _needed("保费（元）· yuan, as text", "12000.00")
    issue_date: Text = _needed("承保日期", "2026-09-16")
    effective_date: Text = _needed("生效日期", "2026-09-17")
    province: Text = _needed("省份 · GB/T 2260", "35")
    city: Text = _needed("城市", "3501")
    holder_name: Text = _needed("投保人", "王建国")
    id_no: Text = _needed("投保人证件号码", "350102198001010011")
    pay_term: Text | None = _if_known("交费期间；期交必填 · regular payment needs it")
    sum_insured: Text | None = _if_known("保额（元）")
    apply_date: Text | None = _if_known("投保日期")
    county: Text | None = _if_known("区县")
    outlet: Text | None = _if_known("网点")
    bank_name: Text | None = _if_known("银行名称")
    guaranteed_renewal: bool | None = _if_known("保证续保")
    group: bool | None = _if_known("团险")
    holder_is_natural_person: bool | None = _if_known("投保人为自然人；缺省是 · default true")
    freelook_days: int | None = _if_known("犹豫期天数；缺省 15")
    count_rule: Text | None = _if_known("犹豫期起算 · EXCLUDE_RECEIPT_DAY, INCLUDE_RECEIPT_DAY")
    roll_surrender: bool | None = _if_known("犹豫期顺延；缺省是 · default true")
    receipt_date: Text | None = _if_known("回执日期；为空则待回执 · without it nobody is dialled")
    receipt_form: Text | None = _if_known("回执形式 · PAPER, ELECTRONIC")
    receipt_entered_on: Text | None = _if_known("回执录入日期")
    cancelled_on: Text | None = _if_known("退保、撤单日期")
    id_type: Text | None = _if_known("投保人证件类型；缺省 RESIDENT_ID")
    birthday: Text | None = _if_known("投保人生日")
    gender: Text | None = _if_known("投保人性别 · MALE, FEMALE, UNKNOWN")
    address: Text | None = _if_known("联系地址")
    mobile: Text | None = _if_known("手机")
    home_phone: Text | None = _if_known("家庭电话")
    office_phone: Text | None = _if_known("单位电话")
    insured: Text | None = _if_known("被保险人")
    insured_is_holder: bool | None = _if_known("投被保险人同一人")
    insured_birthday: Text | None = _if_known("被保险人生日")
    salesperson_code: Text | None = _if_known("业务员代码")
    salesperson: Text | None = _if_known("业务员")
    salesperson_phone: Text | None = _if_known("业务员电话；客户电话不得与之相同 · must not be a customer's")
    salesperson_left: bool | None = _if_known("孤儿单")
    special_clause: Text | None = _if_known("特别约定")
    risk_level_text: Text | None = _if_known("风险测评等级")
    account_text: Text | None = _if_known("投资账户")

    def cells(self) -> dict[str, str]:
        """The row as a file's cells would hold it."""
        return {name: _cell(value) for name, value in self if value is not None}


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    return str(value)


class PolicyBatch(Sent):
    """保单批次 · Policies, 500 at most."""

    policies: Annotated[list[PolicyRow], Field(min_length=1, max_length=MAX_ROWS)]


class ReceiptSent(Sent):
    """回执 · The customer has signed for the contract."""

    receipt_date: Day = Field(description="签收日期，不晚于今天 · not after today")
    receipt_form: ReceiptForm | None = None
    receipt_entered_on: Day | None = Field(None, description="录入日期，缺省今天 · default today")


class CancellationSent(Sent):
    """退保、撤单 · The contract is surrendered or rescinded."""

    cancelled_on: Day


class ContactSent(Sent):
    """联系方式变更（保全）· Numbers are added to those on file, the address is replaced."""

    mobile: Text | None = None
    home_phone: Text | None = None
    office_phone: Text | None = None
    address: Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")] | None = None


class ChangesAsked(BaseModel):
    """Which part of the sequence of changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    after: int = Field(0, ge=0, le=2**53, description="上次的 next · `next` of the last answer; 0 from the beginning")
    limit: int = Field(100, ge=1, le=500, description="至多多少次变动 · moves at most")
