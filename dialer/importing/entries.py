"""A row's texts as a policy with its holder and numbers, or every fault of it at once (rules §5.1)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from dialer.domain.holder import Gender, PersonName, Policyholder
from dialer.domain.phone import PhoneKind, PhoneNumber, mask
from dialer.domain.policy import PayMode, Policy, Term, TermKind
from dialer.domain.policy_entry import BadRow, PolicyEntry, RowFault
from dialer.domain.resident_id import ResidentId, ResidentIdInvalid
from dialer.importing import cells
from dialer.importing.cells import CellInvalid, IdType
from dialer.importing.columns import BY_FIELD, COLUMNS, Headings
from dialer.importing.tables import Row

_REQUIRED = tuple(column.field for column in COLUMNS if column.required)
_PHONES = {"mobile": PhoneKind.MOBILE, "home_phone": PhoneKind.HOME, "office_phone": PhoneKind.OFFICE}
_NAMES = frozenset({"holder_name", "insured", "salesperson"})
_LONG_DIGITS = re.compile(r"\d{9,}")
_ID_TYPE = cells.one_of(cells.ID_TYPES)
_GENDER = cells.one_of(cells.GENDERS)

_POLICY_CELLS: Mapping[str, Callable[[str], object]] = {
    "policy_no": cells.policy_no,
    "channel": cells.one_of(cells.CHANNELS),
    "design": cells.one_of(cells.DESIGNS),
    "insurance_class": cells.one_of(cells.CLASSES),
    "term": cells.term,
    "product_code": cells.words(40),
    "product_name": cells.words(80),
    "pay_mode": cells.one_of(cells.PAY_MODES),
    "premium": cells.money,
    "sum_insured": cells.money,
    "apply_date": cells.day,
    "issue_date": cells.day,
    "effective_date": cells.day,
    "province": cells.province,
    "city": cells.place,
    "county": cells.place,
    "outlet": cells.words(80),
    "bank_name": cells.words(40),
    "guaranteed_renewal": cells.yes_no,
    "group": cells.yes_no,
    "holder_is_natural_person": cells.yes_no,
    "freelook_days": cells.freelook_days,
    "count_rule": cells.one_of(cells.COUNT_RULES),
    "roll_surrender": cells.yes_no,
    "receipt_date": cells.day,
    "receipt_form": cells.one_of(cells.RECEIPT_FORMS),
    "receipt_entered_on": cells.day,
    "insured": cells.name,
    "insured_is_holder": cells.yes_no,
    "insured_birthday": cells.day,
    "salesperson_code": cells.words(40),
    "salesperson": cells.name,
    "salesperson_left": cells.yes_no,
    "special_clause": cells.words(500),
    "risk_level_text": cells.words(40),
    "account_text": cells.words(200),
}
_IN_FEN = {"premium": "premium_fen", "sum_insured": "sum_insured_fen"}


def read_entry(row: Row, headings: Headings) -> PolicyEntry | BadRow:
    """A row as an entry; a row with any fault that matters is bad, and says all of them."""
    return _Reading(row, headings).entry()


class _Reading:
    """One row being read; faults gather while it goes on."""

    def __init__(self, row: Row, headings: Headings) -> None:
        self._row = row
        self._headings = headings
        self._faults: list[RowFault] = []
        self._notices: list[RowFault] = []

    def entry(self) -> PolicyEntry | BadRow:
        for field in _REQUIRED:
            if not self._text(field):
                self._fault(field, "VALUE_MISSING", "必填项为空", "a required value is missing")
        read = {field: self._cell(field, parse) for field, parse in _POLICY_CELLS.items()}
        policy = {_IN_FEN.get(field, field): value for field, value in read.items() if value is not None}
        holder = self._holder()
        policy |= self._insured(read, holder)
        policy["pay_term_years"] = self._pay_term(policy, holder)
        self._check_days(policy)
        phones = self._phones()
        cancelled_on = self._cell("cancelled_on", cells.day)
        salesperson_phone = self._phone("salesperson_phone")
        if self._faults:
            return BadRow(self._row.number, (*self._faults, *(replace(each, refused=True) for each in self._notices)))
        return PolicyEntry(
            row=self._row.number,
            policy=Policy(**policy),
            holder=Policyholder(**holder),
            phones=phones,
            cancelled_on=cancelled_on,
            salesperson_phone=salesperson_phone,
            notices=tuple(self._notices),
        )

    def _holder(self) -> dict[str, Any]:
        id_type = self._cell("id_type", _ID_TYPE) or IdType.RESIDENT_ID
        holder: dict[str, Any] = {
            "name": self._cell("holder_name", cells.name),
            "id_type": id_type.value,
            "id_no": self._text("id_no").replace(" ", "").upper(),
            "birthday": self._cell("birthday", cells.day),
            "gender": self._cell("gender", _GENDER),
            "address": self._cell("address", cells.words(200)),
        }
        if id_type is IdType.RESIDENT_ID and holder["id_no"]:
            self._from_resident_id(holder)
        return {field: value for field, value in holder.items() if value is not None}

    def _from_resident_id(self, holder: dict[str, Any]) -> None:
        """The number's birthday and gender fill what is blank; what contradicts it is a fault (a typing error)."""
        try:
            known = ResidentId.parse(cells.half_width(holder["id_no"]))
        except ResidentIdInvalid:
            self._fault("id_no", "ID_INVALID", "身份证号位数、校验码或生日有误", "not a valid resident ID number")
            return
        holder["id_no"] = known.number
        if holder["birthday"] not in (None, known.birthday):
            self._fault(
                "birthday", "BIRTHDAY_DIFFERS", "与身份证号中的生日不一致", "differs from the one in the ID number"
            )
        if holder["gender"] not in (None, Gender.UNKNOWN, known.gender):
            self._fault("gender", "GENDER_DIFFERS", "与身份证号中的性别不一致", "differs from the one in the ID number")
        holder["birthday"], holder["gender"] = known.birthday, known.gender

    def _insured(self, read: Mapping[str, object], holder: Mapping[str, Any]) -> dict[str, Any]:
        """Without a word on it, the insured is the holder when no other name is given."""
        named = read["insured"]
        if read["insured_is_holder"] is not None or not isinstance(named, PersonName):
            return {}
        return {"insured_is_holder": named == holder.get("name")}

    def _pay_term(self, policy: Mapping[str, Any], holder: Mapping[str, Any]) -> int | None:
        """Years of payment; they are told to the customer, so a regular payer's can't be left out."""
        payment = self._cell("pay_term", _payment)
        if payment is None:
            if policy.get("pay_mode") not in (None, PayMode.SINGLE, PayMode.IRREGULAR) and not self._text("pay_term"):
                self._fault("pay_term", "VALUE_MISSING", "期交保单须有交费期间", "regular payment needs its years")
            return None
        if payment.kind is not TermKind.TO_AGE:
            return payment.count or None
        own = policy.get("insured_is_holder", True)
        born = policy.get("insured_birthday") or (holder.get("birthday") if own else None)
        starts = policy.get("effective_date")
        if born is None or starts is None or payment.count <= starts.year - born.year:
            self._fault("pay_term", "VALUE_INVALID", "缺被保险人生日，无法算出交费年数", "needs the insured's birthday")
            return None
        return int(payment.count - (starts.year - born.year))

    def _check_days(self, policy: Mapping[str, Any]) -> None:
        issued, received, entered = (policy.get(f) for f in ("issue_date", "receipt_date", "receipt_entered_on"))
        if issued and received and received < issued:
            self._fault("receipt_date", "DATES_CONTRADICT", "签收日期早于承保日期", "signed for before it was issued")
        if received and entered and entered < received:
            self._fault(
                "receipt_entered_on", "DATES_CONTRADICT", "录入日期早于签收日期", "entered before it was signed"
            )

    def _phones(self) -> tuple[tuple[PhoneKind, PhoneNumber], ...]:
        found: dict[PhoneNumber, PhoneKind] = {}
        for field, kind in _PHONES.items():
            number = self._phone(field)
            if number is not None:
                found.setdefault(number, kind)
        return tuple((kind, number) for number, kind in found.items())

    def _phone(self, field: str) -> PhoneNumber | None:
        """A number that can't be dialled is no reason to lose the policy: it is left out, and said."""
        try:
            return cells.phone(self._text(field)) if self._text(field) else None
        except CellInvalid as wrong:
            self._notices.append(self._said(field, "PHONE_INVALID", wrong.zh, wrong.en, refused=False))
            return None

    def _cell(self, field: str, parse: Callable[[str], Any]) -> Any:  # noqa: ANN401  (what the cell's reader gives)
        text = self._text(field)
        if not text:
            return None
        try:
            return parse(text)
        except CellInvalid as wrong:
            self._fault(field, wrong.code, wrong.zh, wrong.en)
            return None

    def _text(self, field: str) -> str:
        place = self._headings.places.get(field)
        return self._row.cells[place] if place is not None and place < len(self._row.cells) else ""

    def _fault(self, field: str, code: str, zh: str, en: str) -> None:
        self._faults.append(self._said(field, code, zh, en, refused=True))

    def _said(self, field: str, code: str, zh: str, en: str, *, refused: bool) -> RowFault:
        heading = self._headings.names.get(field, BY_FIELD[field].zh[0])
        return RowFault(self._row.number, heading, shown(field, self._text(field)), code, zh, en, refused, field)


def shown(field: str, value: str) -> str:
    """A cell as the error file may show it (rules §7.6): names by their first character, long digits by their ends."""
    if field in _NAMES:
        return PersonName(value).masked
    if BY_FIELD[field].personal:
        return mask(value)
    return _LONG_DIGITS.sub(lambda digits: mask(digits[0]), value[:60])


def _payment(text: str) -> Term:
    """How long is paid; `趸交` is no years at all."""
    if text.strip() in ("趸交", "趸缴", "一次交清", "0"):
        return Term(TermKind.YEARS, 0)
    read = cells.term(text if not text.strip().isdigit() else f"{text.strip()}年")
    if read.kind is TermKind.MONTHS and read.count % 12 == 0:
        return Term(TermKind.YEARS, read.count // 12)
    if read.kind not in (TermKind.YEARS, TermKind.TO_AGE):
        raise CellInvalid("交费期间应为年数或至某岁", "years, or to an age")
    return read
