"""The command line: `dialer COMMAND --help`. Each noun has a module; this page says which commands there are.

Exit codes: 0 well; 1 refused or found wrong, the message says what; 2 wrong usage or settings; 3 an import kept the
good rows and left bad ones in the error file; 4 a fault of the program itself.
"""

from __future__ import annotations

import typer

from dialer.cli import accounts, calendars, policies, proofs, scripts, serving, spool, tickets, tokens, webhooks
from dialer.cli.faults import tell

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="新契约电话回访 · new-policy telephone revisits",
)
app.command("import")(policies.import_)
app.command("serve")(serving.serve)
app.command("demo")(serving.demo)
app.command("verify")(proofs.verify_)
app.command("why")(policies.why)
app.command("check")(proofs.check)
app.add_typer(scripts.app, name="scripts")
app.add_typer(calendars.app, name="calendar")
app.add_typer(spool.app, name="spool")
app.add_typer(accounts.app, name="admin")
accounts.app.add_typer(tokens.app, name="token")
app.add_typer(webhooks.app, name="webhooks")
app.add_typer(tickets.app, name="ticket")


def main() -> None:
    """Run a command; a refusal is one clear message and exit code 1, never a traceback."""
    try:
        app()
    except Exception as error:  # noqa: BLE001 - the last stop: whatever it is, it is told without anybody's data
        raise SystemExit(tell(error)) from None
