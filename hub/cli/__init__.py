"""The command line. Heavy modules load inside the command that needs them: `hub --help` is quick."""

import sys

import typer

from hub.cli import (
    absences,
    agreements,
    audit,
    booking,
    config,
    connecting,
    consents,
    database,
    day,
    deciding,
    demo,
    doctor,
    drift,
    idle,
    mapping,
    migrating,
    notes,
    people,
    policy,
    reconciling,
    repairing,
    replaying,
    scenario,
    series,
    serving,
    settling,
    starting,
    stock,
    syncing,
    tending,
    visits,
    waitlist,
    waiving,
)
from hub.program import one_clear_message

app = typer.Typer(
    help="The integration hub of a medical spa.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # a traceback with values in it could hold personal data
)
app.command()(demo.demo)
app.command()(starting.init)
app.command()(doctor.doctor)
app.command()(serving.up)
app.command()(serving.serve)
app.command()(syncing.sync)
app.command()(syncing.pull)
app.command(name="import")(syncing.import_)
app.command()(syncing.push)
app.command()(deciding.issues)
app.command()(deciding.decide)
app.command()(deciding.explain)
app.command()(booking.find)
app.command()(idle.gaps)
app.command()(booking.hold)
app.command()(booking.book)
app.command()(series.series)
app.command()(visits.move)
app.command()(visits.cancel)
app.command(name="no-show")(visits.no_show)
app.command()(waiving.waive)
app.command()(visits.complete)
app.command()(day.late)
app.command()(day.over)
app.command()(day.finish)
app.command(name="check-in")(day.check_in)
app.command()(day.missing)
app.command()(notes.notes)
app.command()(absences.away)
app.command()(absences.block)
app.command()(waitlist.offers)
app.command()(reconciling.reconcile)
app.command()(settling.settle)
app.command()(tending.tend)
app.command()(agreements.agreements)
app.add_typer(waitlist.app, name="waitlist")
app.add_typer(drift.app, name="drift")
app.add_typer(replaying.app, name="replay")
app.add_typer(repairing.app, name="repair")
app.add_typer(scenario.app, name="scenario")
app.add_typer(config.app, name="config")
app.add_typer(connecting.app, name="connect")
app.add_typer(people.app, name="people")
app.add_typer(stock.app, name="stock")
app.add_typer(policy.app, name="policy")
app.add_typer(audit.app, name="audit")
app.add_typer(consents.app, name="consent")
app.add_typer(mapping.app, name="map")
app.add_typer(migrating.app, name="migrate")
app.add_typer(database.app, name="database")


def main() -> None:
    """Run a command."""
    with one_clear_message(as_json="--json" in sys.argv):
        app()
