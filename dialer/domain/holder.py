"""The policyholder, and people's names: shown in full only where the rules let an agent say them (rules §7.6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

ID_TAIL_CHARS = 4
"""How much of an identity document a customer is asked for (rules §7.6)."""


@dataclass(frozen=True, slots=True)
class PersonName:
    """A person's name. Its text forms are masked (`王**`); `full` is the only way to all of it."""

    full: str

    @property
    def masked(self) -> str:
        """The family name and stars, as lists show it."""
        return self.full[:1] + "**" if self.full else ""

    def __repr__(self) -> str:
        return f"PersonName({self.masked})"

    __str__ = __repr__


class Gender(StrEnum):
    """As on the identity document; it chooses 先生 or 女士."""

    MALE = "MALE"
    FEMALE = "FEMALE"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Policyholder:
    """投保人. One person whatever the number of policies: the identity document makes the person."""

    name: PersonName
    id_type: str
    id_no: str
    birthday: date | None = None
    gender: Gender = Gender.UNKNOWN
    address: str = ""
    id: int = 0

    def __repr__(self) -> str:
        return f"Policyholder(id={self.id}, {self.name.masked})"

    def id_ends_with(self, said: str) -> bool:
        """Whether these are the last four of the identity document; what is not on file is never the same."""
        tail = self.id_no[-ID_TAIL_CHARS:].upper()
        return len(tail) == ID_TAIL_CHARS and said.strip().upper() == tail

    def age_on(self, day: date) -> int | None:
        """Full years of age; None when the birthday is not known."""
        if self.birthday is None:
            return None
        had_birthday = (day.month, day.day) >= (self.birthday.month, self.birthday.day)
        return day.year - self.birthday.year - (0 if had_birthday else 1)
