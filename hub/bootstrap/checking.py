"""A look at one connection: its agreement, and what its connector finds."""

from collections.abc import Iterator
from datetime import date

from hub.bootstrap.practice_folder import PracticeFolder
from hub.bootstrap.surroundings import surroundings_of, witness_of
from hub.connectors import registry
from hub.governance.agreements import FILE, Standing, State, judge_agreement
from hub.ports.checks import Check, fail, ok, warn
from hub.settings import Settings

_MOVES = (State.IN_FORCE, State.EXEMPT)


def check_connection(settings: Settings, folder: PracticeFolder, system: str, today: date) -> Iterator[Check]:
    """Its agreement on that day, and what its connector finds. Asks the system; needs no database.

    Raises:
        InvalidInput: the practice has no such connection.
    """
    connection = folder.connection(system)
    yield check_agreement(judge_agreement(folder.agreements, system, today))
    yield from registry.check_connection(connection, surroundings_of(folder, witness_of(settings, folder)))


def check_agreement(standing: Standing) -> Check:
    """Whether personal data may move, and whether a review is due."""
    if standing.state not in _MOVES:
        said = {State.ENDED: "ended", State.NOT_YET: "not in force yet"}.get(standing.state, "none")
        return fail("agreement", f"{said}: nothing personal moves", f"Enter the signed agreement in {FILE}")
    if standing.is_overdue:
        hint = f"Review it with {standing.vendor}, then write reviewed_on into {FILE}"
        return warn("agreement", f"in force; its review was due on {standing.review_due_on}", hint)
    if standing.state is State.EXEMPT:
        return ok("agreement", f"exempt: {standing.why}")
    return ok("agreement", f"in force with {standing.vendor}; review by {standing.review_due_on}")
