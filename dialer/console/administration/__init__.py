"""The administrator's desks: people, and what the site works by."""

from dialer.console.administration import calendars, script_desk, settings_page, try_out, units, users

ROUTES = (
    *users.ROUTES,
    *units.ROUTES,
    *calendars.ROUTES,
    *script_desk.ROUTES,
    *try_out.ROUTES,
    *settings_page.ROUTES,
)
