"""Invented people: names nobody is registered under, document numbers that add up, numbers that can be dialled."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta

from dialer.domain.holder import Gender
from dialer.domain.resident_id import check_character

_FAMILY = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦许何吕张孔曹严华金魏陶姜"
_GIVEN = {Gender.MALE: "明伟强军洋勇杰刚国建志斌", Gender.FEMALE: "芳静敏丽艳娟霞英玉兰红燕"}
_DISTRICT = "440106"


@dataclass(frozen=True, slots=True)
class Person:
    """A policyholder to be."""

    name: str = field(repr=False)
    id_no: str = field(repr=False)


def a_person(draw: random.Random, today: date) -> Person:
    """Somebody between 25 and 72 years old, by a name that goes with the gender of the document number."""
    born = today - timedelta(days=draw.randint(25 * 365, 72 * 365))
    order = draw.randint(1, 999)
    digits = f"{_DISTRICT}{born:%Y%m%d}{order:03d}"
    names = _GIVEN[Gender.MALE if order % 2 else Gender.FEMALE]
    given = "".join(draw.sample(names, draw.choice((1, 2))))
    return Person(draw.choice(_FAMILY) + given, digits + check_character(digits))


@dataclass(slots=True)
class Phonebook:
    """Numbers in order, each given out once."""

    _mobiles: int = 0
    _landlines: int = 0

    def a_mobile(self) -> str:
        """A mobile number nobody has yet."""
        self._mobiles += 1
        return f"1380013{self._mobiles:04d}"

    def a_landline(self) -> str:
        """A landline number in Beijing that nobody has yet."""
        self._landlines += 1
        return f"0106555{self._landlines:04d}"
