"""Chapter: imported. Policies that the core system sends: the very import of a file, told row by row (rules §5.1)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field

from dialer.domain.api_token import ApiToken
from dialer.domain.phone import PhoneNumber
from dialer.domain.policy_entry import BadRow, PolicyEntry, RowFault
from dialer.ports import Clock, Signals
from dialer.ports.storage import Storage
from dialer.usecases.access import sees
from dialer.usecases.enter_policy import org_of
from dialer.usecases.import_policies import PolicySource, import_policies
from dialer.usecases.rulebook import Rulebook
from dialer.usecases.tell_import import Fate


@dataclass(slots=True)
class Taken:
    """What became of each row, and what was wrong with it; a row without a fate was refused. Rows count from 1."""

    fates: dict[int, Fate] = field(default_factory=dict)
    faults: dict[int, list[RowFault]] = field(default_factory=dict)

    def put(self, fault: RowFault) -> None:
        """Keep one fault."""
        self.faults.setdefault(fault.row, []).append(fault)


async def take_policies(
    storage: Storage,
    signals: Signals,
    source: PolicySource,
    token: ApiToken,
    clock: Clock,
    rulebook: Rulebook,
    *,
    seed: str,
    give_way: Callable[[], Awaitable[None]],
) -> Taken:
    """Take sent policies in. A row outside the token's part of the organisation is refused like any bad row.

    `seed` and `give_way` are as `import_policies` wants them.

    Raises:
        StorageUnavailable: some rows may be kept; send it again.
    """
    rows, taken = _Within(source, token, await _places(storage, source, token)), Taken()
    await import_policies(
        storage,
        signals,
        rows,
        taken,
        clock,
        rulebook,
        by=token.actor,
        seed=seed,
        give_way=give_way,
        taken=taken.fates.__setitem__,
    )
    return taken


async def _places(storage: Storage, source: PolicySource, token: ApiToken) -> Mapping[str, str]:
    """Where the policies that are there already belong; asked for a token that may not reach everywhere."""
    if not token.org:
        return {}
    numbers = [entry.policy.policy_no for entry in source.entries() if isinstance(entry, PolicyEntry)]
    async with storage.read() as work:
        cases = [await work.cases.of_policy(number) for number in numbers]
    return {case.policy_no: case.org for case in cases if case is not None}


@dataclass(frozen=True, slots=True)
class _Within:
    """A source cut to a token's part of the organisation: neither into another's place nor out of it."""

    source: PolicySource
    token: ApiToken
    places: Mapping[str, str]

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def sha256(self) -> str:
        return self.source.sha256

    @property
    def unknown_columns(self) -> tuple[str, ...]:
        return self.source.unknown_columns

    def staff_numbers(self) -> frozenset[PhoneNumber]:
        return self.source.staff_numbers()

    def entries(self) -> Iterator[PolicyEntry | BadRow]:
        for entry in self.source.entries():
            yield entry if isinstance(entry, BadRow) or self._reaches(entry) else _elsewhere(entry)

    def _reaches(self, entry: PolicyEntry) -> bool:
        place = org_of(entry.policy)
        return sees(self.token, place) and sees(self.token, self.places.get(entry.policy.policy_no, place))


def _elsewhere(entry: PolicyEntry) -> BadRow:
    zh, en = "保单不属于此令牌的机构范围", "the policy is outside this token's part of the organisation"
    place = org_of(entry.policy)
    return BadRow(entry.row, (RowFault(entry.row, "省份", place, "OUT_OF_SCOPE", zh, en, field="province"),))
