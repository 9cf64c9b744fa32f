"""The organisation's tree (rules §2.1): company, province, city, county. A place is a path of codes: `44/4401`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dialer.domain.errors import DialerError

_PATH = re.compile(r"[0-9A-Za-z_-]{1,12}(/[0-9A-Za-z_-]{1,12}){0,2}")


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
        if not _PATH.fullmatch(self.path):
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
    def level(self) -> int:
        """2 province, 3 city, 4 county (rules §2.1)."""
        return self.path.count("/") + 2
