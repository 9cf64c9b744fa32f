"""What a newer extract changed of a policy, in a form that may stand in the history: personal values masked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import date
from typing import Any

from dialer.domain.holder import PersonName
from dialer.domain.phone import PhoneNumber, mask
from dialer.domain.policy import Policy, Term, TermKind
from dialer.domain.policy_entry import PolicyEntry
from dialer.ports.storage import HolderPhone, StoredPolicy

_PERSONAL = frozenset({"id_no", "address", "special_clause"})
_HIDDEN = frozenset({"birthday", "insured_birthday"})

Changes = Mapping[str, Mapping[str, Any]]


def changes(before: StoredPolicy, phones: Sequence[HolderPhone], policy: Policy, entry: PolicyEntry) -> Changes:
    """Field by field, `{"from": …, "to": …}`; `policy` is the entry's as it will be stored."""
    found = {**_differences(before.policy, policy), **_differences(before.holder, entry.holder)}
    found.pop("id", None)
    had = {phone.number for phone in phones}
    if added := [number for _, number in entry.phones if number not in had]:
        found["phones"] = {"from": "", "to": ", ".join(number.masked for number in added)}
    if entry.cancelled_on is not None and before.cancelled_at is None:
        found["cancelled_on"] = {"from": "", "to": entry.cancelled_on.isoformat()}
    return found


def _differences(before: Any, after: Any) -> dict[str, Mapping[str, Any]]:  # noqa: ANN401  (any dataclass)
    pairs = {field.name: (getattr(before, field.name), getattr(after, field.name)) for field in fields(before)}
    return {
        name: {"from": _shown(name, old), "to": _shown(name, new)} for name, (old, new) in pairs.items() if old != new
    }


def _shown(name: str, value: object) -> str | int | bool:
    if value is None:
        return ""
    if name in _HIDDEN:
        return "**"
    match value:
        case PersonName() | PhoneNumber():
            return value.masked
        case Term():
            return value.kind.value if value.kind is TermKind.WHOLE_LIFE else f"{value.kind} {value.count}"
        case date():
            return value.isoformat()
        case bool() | int():
            return value
    return mask(str(value)) if name in _PERSONAL else str(value)
