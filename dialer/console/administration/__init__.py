"""The administrator's desks: people, and what the site works by."""

from dialer.console.administration import units, users

ROUTES = (*users.ROUTES, *units.ROUTES)
