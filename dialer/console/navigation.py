"""Which pages a person finds in the head of every page."""

from __future__ import annotations

from dataclasses import dataclass

from dialer.domain.user import Permission, User


@dataclass(frozen=True, slots=True)
class Link:
    """A page in the head; `title` is a key of the catalogues."""

    path: str
    title: str
    needs: Permission


LINKS = (  # a person starts on the first of theirs
    Link("/desk", "Desk", Permission.TAKE_CALLS),
    Link("/floor", "Floor", Permission.SEE_FLOOR),
    Link("/tickets", "Tickets", Permission.SEE_TICKETS),
    Link("/cases", "Cases", Permission.SEE_CASES),
    Link("/recordings", "Recordings", Permission.HEAR_RECORDINGS),
    Link("/campaigns", "Dialling control", Permission.SEE_FLOOR),
    Link("/figures", "Figures", Permission.SEE_FLOOR),
    Link("/users", "Users", Permission.MANAGE_USERS),
    Link("/units", "Organisation", Permission.MANAGE_USERS),
    Link("/calendars", "Calendars", Permission.KEEP_CALENDARS),
    Link("/scripts", "Scripts", Permission.SEE_SCRIPTS),
    Link("/settings", "Settings", Permission.SEE_SETTINGS),
    Link("/audit", "Audit log", Permission.SEE_AUDIT),
)


def links(user: User) -> tuple[Link, ...]:
    """What the user may open."""
    return tuple(link for link in LINKS if user.may(link.needs))
