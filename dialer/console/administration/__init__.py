"""The administrator's desks: people, and what the site works by."""

from dialer.console.administration import users

ROUTES = (*users.ROUTES,)
