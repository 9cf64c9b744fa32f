"""The organisation's tree (rules §2.1): company, province, city, county. A place is a path of codes: `44/4401`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum

from dialer.domain.errors import DialerError

PLACE = re.compile(r"[\w-]{1,6}(/[\w-]{1,16}){0,2}")
"""A place below the company, by code or by name as policies are imported with; 40 characters at most."""


class Level(IntEnum):
    """总公司, 省级分公司, 中支, 四级机构: the lower in the organisation, the greater."""

    COMPANY = 1
    PROVINCE = 2
    CITY = 3
    COUNTY = 4


def within(place: str, org: str) -> bool:
    """Whether a place is this part of the organisation or below it; the company is the empty path, and has them all."""
    return not org or place == org or place.startswith(f"{org}/")


def level_of(place: str) -> Level:
    """At which level a place is; what is below a county counts as one."""
    return Level(min(place.count("/") + Level.PROVINCE, Level.COUNTY)) if place else Level.COMPANY


class UnitInvalid(DialerError):
    """A unit of the organisation that can't stand in the tree; the message says why."""

    code = "UNIT_INVALID"


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit. A closed one keeps its name for what refers to it and is offered no more.

    Raises:
        UnitInvalid: the path is none, or the name is empty.
    """

    path: str
    name: str
    closed: bool = False

    def __post_init__(self) -> None:
        if not PLACE.fullmatch(self.path):
            raise UnitInvalid(f"path {self.path!r}: codes from the province down, such as 44/4401/440103")
        if not self.name.strip():
            raise UnitInvalid(f"{self.path} has no name")

    @property
    def code(self) -> str:
        """Its own code, the last of the path."""
        return self.path.rpartition("/")[2]

    @property
    def parent(self) -> str:
        """The path of the unit above; empty under the company."""
        return self.path.rpartition("/")[0]

    @property
    def level(self) -> Level:
        """Province, city or county."""
        return level_of(self.path)
