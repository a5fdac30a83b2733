"""After the visits are loaded: lead them with their merges, list what could not both have been; claim the future."""

from datetime import UTC, datetime, time

from hub.canonical.ids import Kind
from hub.operations.migration.decide_rows import reference_columns
from hub.operations.migration.history import History
from hub.operations.place_facts import place_facts
from hub.ports import UnitOfWork
from hub.ports.migrations import MigrationHead
from hub.sync.conflicts import find_overlaps


def replay_history(work: UnitOfWork, history: History) -> dict[str, int]:
    """Nobody is in two places at once: every inherited conflict is listed, none is dropped."""
    migrations, system = work.migrations, history.system
    for column, kind in reference_columns(history.mappings[Kind.VISIT]):
        if kind is Kind.PATIENT:
            migrations.note_led_visits(system, column)
    return {"history_conflicts": migrations.save_conflicts(system, find_overlaps(migrations.read_history(system)))}


def claim_future(work: UnitOfWork, history: History, head: MigrationHead) -> dict[str, int]:
    """What is to come, and what nobody said is over, is placed as any fact is.

    What was over before the migration began claims no time: nobody can book the past.
    """
    since = datetime.combine(head.today, time(), history.zone).astimezone(UTC)
    placed = place_facts(work, work.migrations.find_unplaced(history.system, since))
    return {"contested": placed.contested}
