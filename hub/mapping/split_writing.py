"""What of a table cannot be written back, because the record is a part: each place that is of others as well."""

from collections.abc import Iterator

from hub.documents import Path
from hub.mapping.paths import Place
from hub.mapping.spec import Direction, FieldPlan, Table, WriteMode

Unwritable = tuple[Path, str, str]
"""Where in the table, what is wrong, what to do."""
_ONCE = "Say write: if_new or direction: read; or direction: pull of the stream"


def find_unwritable(table: Table, beside: str | None = None) -> Iterator[Unwritable]:
    """Nothing for a table whose records are whole, and for one whose parts can be written singly.

    A part is written by its own element alone. What stands beside the list is of all parts: written for one of them, it
    would be the system's word on the others, which would answer, and so on.

    Args:
        table: that is written by.
        beside: the key under which the connection itself, taking records apart, puts what stands around the list.
    """
    written = [plan for plan in table.fields if _changes_there(plan)]
    if beside is not None:
        around = (plan for plan in written if any(place.steps[0].key == beside for place in _places(plan)))
        yield from _shared(around)
    if table.each is None:
        return
    key = table.each[1]
    if key is None:
        message = "the parts are told apart by their place in the list alone, so none of them can be written back"
        yield ("each",), message, "Give `id`, the path of what tells them apart; or say direction: pull of the stream"
        return
    yield from _shared(plan for plan in written if not all(_is_of_element(place) for place in _places(plan)))
    for plan in (plan for plan in written if any(place.steps == key.steps for place in _places(plan))):
        message = "it is what tells the parts apart; written, the part would be another"
        yield ("fields", plan.name), message, "Say write: if_new or direction: read, or give `each` another `id`"


def _shared(plans: Iterator[FieldPlan]) -> Iterator[Unwritable]:
    message = "it stands once for all parts of the record; written for one, it would change the others"
    yield from ((("fields", plan.name), message, _ONCE) for plan in plans)


def _places(plan: FieldPlan) -> list[Place]:
    return [place for alternatives in plan.places for place in alternatives]


def _changes_there(plan: FieldPlan) -> bool:
    return bool(plan.places) and plan.spec.direction is not Direction.READ and plan.spec.write is not WriteMode.IF_NEW


def _is_of_element(place: Place) -> bool:
    return any(step.each for step in place.steps)
