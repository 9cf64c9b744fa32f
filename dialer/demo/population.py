"""The demonstration's policies: invented, the same for the same seed, as an extract that the real import reads."""

from __future__ import annotations

import csv
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

from dialer.demo.casting import CLEAN, SPECIAL
from dialer.demo.people import Person, Phonebook, a_person
from dialer.demo.persona import Persona
from dialer.demo.products import REVISITED, SOLD, Sold
from dialer.domain.policy import Channel
from dialer.domain.province import XINJIANG
from dialer.importing.columns import BY_FIELD
from dialer.telephony.behaviours import Script

Row = dict[str, str]

_PROVINCES = ("广东", "江苏", "四川", "新疆", "北京", "河南", "辽宁")
_PLACES = {
    "广东": ("广州", "天河区"), "江苏": ("南京", "玄武区"), "四川": ("成都", "锦江区"),
    "新疆": ("乌鲁木齐", "天山区"), "北京": ("北京", "西城区"), "河南": ("郑州", "金水区"),
    "辽宁": ("沈阳", "和平区"),
}  # fmt: skip
"""City and county: a ticket can be forwarded to its own."""
DEPARTMENT = f"{XINJIANG}/乌鲁木齐/银保部"
"""A department in the city whose ticket comes down first: the one about a salesperson's number."""
_RECEIVED_DAYS_AGO = (1, 2, 4, 1, 7, 3, 11, 5)
_NEAR_THE_END_DAYS_AGO = 13


@dataclass(frozen=True, slots=True)
class Population:
    """Everybody the demonstration calls.

    Attributes:
        rows: the extract, by the import's field names.
        personas: who is behind each policy.
        directory: what each number does, by national digits; the carrier simulator reads it.
        new_numbers: the number the branch finds for a policy whose numbers fail, with what it does.
    """

    rows: Sequence[Row]
    personas: Mapping[str, Persona]
    directory: Mapping[str, Script]
    new_numbers: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Population({len(self.rows)} policies)"

    def write(self, path: Path) -> None:
        """The extract as a csv with the headings people know."""
        fields = list(dict.fromkeys(name for row in self.rows for name in row))
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(BY_FIELD[name].zh[0] for name in fields)
            writer.writerows([row.get(name, "") for name in fields] for row in self.rows)


def make_population(count: int, seed: int, start_day: date) -> Population:
    """`count` policies as they stand on the morning of `start_day`; the same arguments give the same ones.

    Every second customer is without a problem; the others go through all kinds of problem in turn. Some policies have
    something of their own: no receipt, a couple with one number, a holder with two policies, a salesperson's number.
    """
    made = _Making(random.Random(seed), start_day)  # invented people, not secrets
    for number in range(count):
        made.add_policy(number)
    return Population(made.rows, made.personas, made.directory, made.new_numbers)


@dataclass(slots=True)
class _Making:
    """A population being made."""

    draw: random.Random
    start_day: date
    rows: list[Row] = field(default_factory=list)
    personas: dict[str, Persona] = field(default_factory=dict)
    directory: dict[str, Script] = field(default_factory=dict)
    new_numbers: dict[str, str] = field(default_factory=dict)
    phones: Phonebook = field(default_factory=Phonebook)

    def add_policy(self, number: int) -> None:
        pair, odd = divmod(number, 2)
        persona = SPECIAL[pair % len(SPECIAL)] if odd else CLEAN
        sold = REVISITED[pair % len(REVISITED)] if odd else SOLD[pair % len(SOLD)]
        policy_no = f"P{self.start_day:%Y}{number + 1:010d}"
        row = self._contract(policy_no, sold, number) | self._holder(a_person(self.draw, self.start_day), persona)
        self.rows.append(row)
        self.personas[policy_no] = persona
        if persona.new_number is not None:
            self.new_numbers[policy_no] = self._number_that(persona.new_number)
        if peculiar := _PECULIAR.get(number):
            peculiar(self, row)

    def _contract(self, policy_no: str, sold: Sold, number: int) -> Row:
        province = _PROVINCES[number % len(_PROVINCES)]
        city, county = _PLACES[province]
        received = self.start_day - timedelta(days=_RECEIVED_DAYS_AGO[number % len(_RECEIVED_DAYS_AGO)])
        issued = received - timedelta(days=self.draw.randint(2, 5))
        contract = {
            "policy_no": policy_no,
            "channel": sold.channel.value,
            "design": sold.design.value,
            "insurance_class": sold.insurance_class.value,
            "term": sold.term,
            "product_code": sold.product_code,
            "product_name": sold.product_name,
            "pay_mode": sold.pay_mode.value,
            "pay_term": sold.pay_term,
            "premium": f"{self.draw.randint(10, 400) * 100}.00",
            "issue_date": issued.isoformat(),
            "effective_date": (issued + timedelta(days=1)).isoformat(),
            "province": province,
            "city": city,
            "county": county,
            "receipt_date": received.isoformat(),
            "receipt_entered_on": received.isoformat(),
            "receipt_form": "电子" if number % 3 else "纸质",
            "group": "是" if sold.channel is Channel.GROUP else "",
        }
        return contract | dict(sold.more)

    def _holder(self, person: Person, persona: Persona) -> Row:
        holder = {
            "holder_name": person.name,
            "id_type": "身份证",
            "id_no": person.id_no,
            "address": "示例区示例路1号",
            "mobile": self._number_that(persona.numbers),
        }
        if persona.home is not None:
            holder["home_phone"] = self._number_that(persona.home, at_home=True)
        return holder

    def _number_that(self, does: Script, *, at_home: bool = False) -> str:
        number = self.phones.a_landline() if at_home else self.phones.a_mobile()
        self.directory[number] = does
        return number

    # what only some policies have

    def without_receipt(self, row: Row) -> None:
        for name in ("receipt_date", "receipt_entered_on", "receipt_form"):
            row[name] = ""

    def near_the_last_day(self, row: Row) -> None:
        received = self.start_day - timedelta(days=_NEAR_THE_END_DAYS_AGO)
        row |= {
            "issue_date": (received - timedelta(days=3)).isoformat(),
            "effective_date": (received - timedelta(days=2)).isoformat(),
            "receipt_date": received.isoformat(),
            "receipt_entered_on": received.isoformat(),
        }

    def with_the_spouses_number(self, row: Row) -> None:
        row["mobile"] = self.rows[-3]["mobile"]

    def of_the_same_holder(self, row: Row) -> None:
        for name in ("holder_name", "id_no", "address", "mobile"):
            row[name] = self.rows[-3][name]

    def with_a_salespersons_number(self, row: Row) -> None:
        row["salesperson_phone"] = row["mobile"]
        persona = replace(self.personas[row["policy_no"]], name="salesperson's number", new_number=CLEAN.numbers)
        self.personas[row["policy_no"]] = persona
        self.new_numbers[row["policy_no"]] = self._number_that(CLEAN.numbers)

    def for_a_child(self, row: Row) -> None:
        born = self.start_day - timedelta(days=365 * 8)
        row |= {"insured": "示小宝", "insured_is_holder": "否", "insured_birthday": born.isoformat()}

    def cancelled(self, row: Row) -> None:
        row["cancelled_on"] = (self.start_day - timedelta(days=1)).isoformat()


_PECULIAR = {
    4: _Making.near_the_last_day,
    8: _Making.without_receipt,
    10: _Making.for_a_child,
    16: _Making.with_the_spouses_number,
    22: _Making.of_the_same_holder,
    24: _Making.with_a_salespersons_number,
    32: _Making.without_receipt,
    34: _Making.near_the_last_day,
    36: _Making.for_a_child,
    40: _Making.cancelled,
}
"""By place in the extract; all of them fall on customers who otherwise have no problem."""
