"""The driver's errors in the product's words: what is broken, and whether trying again helps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from dialer.domain.errors import DialerError, StaleVersion
from dialer.ports.storage import StorageUnavailable

_UNIQUE_VIOLATION = "23505"
_RACES = frozenset({"40001", "40P01"})  # serialization failure, deadlock: one of two writers must begin again
_UNAVAILABLE_CLASSES = ("08", "53", "55", "57", "58", "XX")  # connection, resources, locks, shutdown, system, damage


@contextmanager
def storage_errors() -> Iterator[None]:
    """Around everything the driver does. Raises StorageUnavailable or StaleVersion instead of the driver's errors.

    What is left (a wrong type, a missing column) is our own mistake and stays as it is.
    """
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        told = _translated(error)
        if told is None:
            raise
        raise told from error


def _translated(error: SQLAlchemyError | OSError) -> DialerError | None:
    if isinstance(error, OSError):
        return StorageUnavailable(f"the database can't be reached: {error}")
    if isinstance(error, PoolTimeout):
        return StorageUnavailable("the database is busy: no connection became free in time")
    if not isinstance(error, DBAPIError):
        return None
    if isinstance(error, IntegrityError) and _is_unique_violation(error):
        return StaleVersion(f"somebody else stored the same first: {_cause(error)}")
    state = _sqlstate(error)
    if state in _RACES:
        return StaleVersion(f"two changes ran into each other and this one is undone: {_cause(error)}")
    if error.connection_invalidated or state.startswith(_UNAVAILABLE_CLASSES) or _sqlite_gave_up(error):
        return StorageUnavailable(f"the database can't do this now: {_cause(error)}")
    return None


def _is_unique_violation(error: IntegrityError) -> bool:
    return _sqlstate(error) == _UNIQUE_VIOLATION or "UNIQUE constraint failed" in str(error.orig)


def _sqlstate(error: DBAPIError) -> str:
    return getattr(error.orig, "sqlstate", None) or ""


def _sqlite_gave_up(error: DBAPIError) -> bool:
    """Locked, full, read-only, gone, damaged or closed: SQLite's own result codes below those of our mistakes."""
    name: str = getattr(error.orig, "sqlite_errorname", "")
    return name.startswith(_SQLITE_UNAVAILABLE)


_SQLITE_UNAVAILABLE = tuple(
    f"SQLITE_{word}"
    for word in ("BUSY", "LOCKED", "FULL", "IOERR", "CANTOPEN", "READONLY", "CORRUPT", "NOTADB", "PROTOCOL", "NOMEM")
)


def _cause(error: DBAPIError) -> str:
    """The driver's own words on one line; never the statement's values, which may be personal."""
    return str(error.orig).partition("\n")[0]
