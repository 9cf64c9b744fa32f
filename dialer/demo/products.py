"""What the demonstration sells: every channel, design, class, term and way to pay, with the example products' codes."""

from __future__ import annotations

from dataclasses import dataclass

from dialer.domain.policy import Channel, Design, InsuranceClass, PayMode

_C, _D, _I, _P = Channel, Design, InsuranceClass, PayMode
_LIFE = ("DEMO-LIFE", "示例终身寿险")
_ACC_LONG = ("DEMO-LIFE", "示例长期意外伤害保险")
_PAR = ("DEMO-PAR", "示例两全保险（分红型）")
_PENSION = ("DEMO-PAR", "示例年金保险（分红型）")
_UL = ("DEMO-UL", "示例终身寿险（万能型）")
_ILP = ("DEMO-ILP", "示例终身寿险（投资连结型）")
_HEALTH = ("DEMO-HEALTH", "示例长期医疗保险")
_ACC = ("DEMO-ACC", "示例一年期意外伤害保险")
_INVESTS = (("risk_level_text", "稳健型"), ("account_text", "成长账户 60%、平衡账户 40%"))
SALESPERSON_CODE = "A00017"
_AT_THE_BANK = (("bank_name", "示例银行"), ("outlet", "示例银行中山路支行"), ("salesperson", "刘示例"))
_BY_AN_AGENT = (("salesperson_code", SALESPERSON_CODE), ("salesperson", "李示例"))
_RENEWS = (("guaranteed_renewal", "是"),)


@dataclass(frozen=True, slots=True)
class Sold:
    """One way a policy came about; `term` and `pay_term` as an extract writes them."""

    channel: Channel
    design: Design
    insurance_class: InsuranceClass
    product: tuple[str, str]
    term: str
    pay_mode: PayMode
    pay_term: str = ""
    more: tuple[tuple[str, str], ...] = ()

    @property
    def product_code(self) -> str:
        """Of an example product (config/products)."""
        return self.product[0]

    @property
    def product_name(self) -> str:
        """As the customer knows it."""
        return self.product[1]


SOLD = (
    Sold(_C.AGENCY, _D.PARTICIPATING, _I.LIFE, _PAR, "20年", _P.YEARLY, "10年", _BY_AN_AGENT),
    Sold(_C.BANK, _D.PARTICIPATING, _I.ANNUITY, _PENSION, "10年", _P.SINGLE, more=_AT_THE_BANK),
    Sold(_C.AGENCY, _D.ORDINARY, _I.LIFE, _LIFE, "终身", _P.MONTHLY, "20年", _BY_AN_AGENT),
    Sold(_C.BROKER, _D.UNIVERSAL, _I.LIFE, _UL, "终身", _P.IRREGULAR),
    Sold(_C.DIRECT, _D.UNIT_LINKED, _I.LIFE, _ILP, "终身", _P.SINGLE, more=_INVESTS),
    Sold(_C.ONLINE, _D.ORDINARY, _I.HEALTH, _HEALTH, "一年", _P.YEARLY, "1年", _RENEWS),
    Sold(_C.POST, _D.PARTICIPATING, _I.LIFE, _PAR, "六年", _P.QUARTERLY, "3年", _AT_THE_BANK),
    Sold(_C.TELESALES, _D.ORDINARY, _I.ACCIDENT_LONG, _ACC_LONG, "30年", _P.HALF_YEARLY, "10年"),
    Sold(_C.AGENCY, _D.ORDINARY, _I.HEALTH, _HEALTH, "至70岁", _P.YEARLY, "20年", _BY_AN_AGENT),
    Sold(_C.BANK, _D.ORDINARY, _I.ACCIDENT, _ACC, "一年", _P.SINGLE, more=_AT_THE_BANK),
    Sold(_C.OTHER_PART_TIME_AGENCY, _D.UNIVERSAL, _I.LIFE, _UL, "终身", _P.SINGLE, more=_AT_THE_BANK),
    Sold(_C.BANK, _D.UNIT_LINKED, _I.LIFE, _ILP, "终身", _P.SINGLE, more=(*_AT_THE_BANK, *_INVESTS)),
    Sold(_C.AGENCY, _D.PARTICIPATING, _I.ANNUITY, _PENSION, "至60岁", _P.YEARLY, "5年", _BY_AN_AGENT),
    Sold(_C.AGENCY, _D.ORDINARY, _I.ACCIDENT, _ACC, "一年", _P.SINGLE, more=_BY_AN_AGENT),
    Sold(_C.GROUP, _D.ORDINARY, _I.ACCIDENT, _ACC, "一年", _P.SINGLE),
)
"""In turn; their number shares no divisor with the provinces', so that they mix."""

REVISITED = tuple(sold for sold in SOLD if sold.product is not _ACC)
"""Those of which every policy is revisited: neither group business nor drawn by lot (rules §4.1)."""
