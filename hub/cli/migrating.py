"""`hub migrate …`: years of history, moved with proof."""

import typer

from hub.cli.migrating_cutover import back, cutover, delta, future
from hub.cli.migrating_fetch import fetch
from hub.cli.migrating_plan import init, plan
from hub.cli.migrating_profile import profile
from hub.cli.migrating_proof import report, sign, verify
from hub.cli.migrating_rehearse import rehearse
from hub.cli.migrating_rollback import forget, rollback
from hub.cli.migrating_run import dispositions, run
from hub.cli.migrating_tell import tell_
from hub.cli.migrating_work import work

app = typer.Typer(help="Migrations.", no_args_is_help=True)
app.command()(init)
app.command()(fetch)
app.command()(profile)
app.command()(plan)
app.command()(rehearse)
app.command()(run)
app.command()(verify)
app.command()(report)
app.command()(sign)
app.command()(dispositions)
app.command()(future)
app.command()(delta)
app.command()(cutover)
app.command()(back)
app.command(name="tell")(tell_)
app.command()(rollback)
app.command()(forget)
app.command()(work)


@app.callback()
def _group() -> None:
    """Years of history from an old system, moved with proof."""
