"""Which HTTP status says the same as an error."""

from __future__ import annotations

from dialer.console.forms import FormInvalid
from dialer.domain.errors import DialerError, NotAllowed, NotFound, StaleVersion
from dialer.ports import StoreFailed
from dialer.ports.storage import StorageUnavailable
from dialer.usecases.log_in import LockedOut, LoginRefused, SessionOver, StepMissing
from dialer.usecases.second_factor import CodeRefused

_STATUS: tuple[tuple[type[DialerError], int], ...] = (
    (FormInvalid, 400),
    (SessionOver, 401),
    (LoginRefused, 401),
    (CodeRefused, 401),
    (StepMissing, 403),
    (NotAllowed, 403),
    (NotFound, 404),
    (StaleVersion, 409),
    (LockedOut, 429),
    (StorageUnavailable, 503),
    (StoreFailed, 503),
)
_DONE, _BY_THE_RULES = 200, 422


def status_of(error: DialerError | None) -> int:
    """The HTTP status that says the same: 200 when nothing was refused, 422 for whatever the rules refuse."""
    if error is None:
        return _DONE
    return next((status for kind, status in _STATUS if isinstance(error, kind)), _BY_THE_RULES)
