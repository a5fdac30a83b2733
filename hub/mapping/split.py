"""One record of a vendor that is several of the hub's: an appointment with several services.

Each part is a record of its own: its id is the whole's with `#` and its key, its payload the whole as it came. A table
reads the part's view of it, the whole with this one element in the list (`[*]`). What is written into a part is put
back into the whole, whose others stay.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from hub.canonical.source import SourceRecord, SourceRef
from hub.mapping.paths import Place, Step

Json = Any
Each = tuple[Place, Place | None]
Indexes = tuple[int, ...]


def split(each: Each, source: SourceRecord) -> tuple[SourceRecord, ...]:
    """A record an element. A record without any is one part, whose fields are missing."""
    keys = [key for key, _, _ in _keyed(each, source.payload)] or ["0"]
    return tuple(source._replace(ref=part_ref(source.ref, key)) for key in keys)


def part_ref(whole: SourceRef, key: str) -> SourceRef:
    """The part of a record that has this key."""
    return whole._replace(id=f"{whole.id}#{key}")


def whole_ref(part: SourceRef) -> SourceRef:
    """The record that a part is of."""
    return part._replace(id=whole_id(part.id))


def whole_id(part_id: str) -> str:
    """The id of the record that a part is of."""
    return part_id.rpartition("#")[0]


def key_of(part_id: str) -> str:
    """What tells a part from the others of its whole."""
    return part_id.rpartition("#")[2]


def holds(each: Each, whole: dict[str, Json], part_id: str) -> bool:
    """Whether the part stands in the whole."""
    wanted = key_of(part_id)
    return any(key == wanted for key, _, _ in _keyed(each, whole))


def view_of(each: Each, whole: dict[str, Json], part_id: str) -> dict[str, Json] | None:
    """The part as it stands in the whole; None where it is not there."""
    wanted = key_of(part_id)
    return next((view for key, _, view in _keyed(each, whole) if key == wanted), None)


def around(each: Each, whole: dict[str, Json]) -> dict[str, Json]:
    """The whole without its elements, for a part that is not there yet."""
    view: dict[str, Json] = _emptied(whole, each[0].steps)
    return view


def put_back(each: Each, whole: dict[str, Json], part_id: str, view: dict[str, Json]) -> dict[str, Json]:
    """The whole with what was written into one part; a part that is not there yet is added at the end."""
    wanted = key_of(part_id)
    indexes = next((indexes for key, indexes, _ in _keyed(each, whole) if key == wanted), None)
    grafted: dict[str, Json] = _graft(whole, view, each[0].steps, indexes)
    return grafted


def _keyed(each: Each, payload: dict[str, Json]) -> Iterator[tuple[str, Indexes, dict[str, Json]]]:
    """Key, place and view of each element. Of equal keys the later ones say which they are."""
    place, id_place = each
    seen: dict[str, int] = {}
    for number, (indexes, view) in enumerate(_views(payload, place.steps)):
        said = id_place.read(view) if id_place is not None else number
        is_key = isinstance(said, (str, int)) and not isinstance(said, bool) and str(said).strip()
        key = (str(said).strip() if is_key else str(number)).replace("#", "%23")
        seen[key] = seen.get(key, 0) + 1
        yield key if seen[key] == 1 else f"{key}~{seen[key]}", indexes, view


def _views(node: Json, steps: Sequence[Step]) -> Iterator[tuple[Indexes, Any]]:
    """Each element's place, and the node as if it were the only one."""
    if not steps:
        yield (), node
        return
    if not isinstance(node, dict):
        return
    step, rest = steps[0], steps[1:]
    inner = node.get(step.key)
    if not step.each:
        for indexes, view in _views(inner, rest):
            yield indexes, {**node, step.key: view}
        return
    for index, element in enumerate(inner if isinstance(inner, list) else []):
        for indexes, view in _views(element, rest):
            yield (index, *indexes), {**node, step.key: [view]}


def _emptied(node: Json, steps: Sequence[Step]) -> Json:
    if not isinstance(node, dict):
        return node
    step, rest = steps[0], steps[1:]
    if step.each:
        return {key: value for key, value in node.items() if key != step.key}
    return {**node, step.key: _emptied(node[step.key], rest)} if step.key in node else node


def _graft(whole: Json, view: Json, steps: Sequence[Step], indexes: Indexes | None) -> Json:
    if not steps or not isinstance(view, dict) or not isinstance(whole, dict):
        return view
    step, rest = steps[0], steps[1:]
    theirs, ours = whole.get(step.key), view.get(step.key)
    if not step.each:
        grafted = _graft(theirs, ours, rest, indexes)
        return view if grafted is None else {**view, step.key: grafted}
    elements = list(theirs) if isinstance(theirs, list) else []
    if indexes is None:
        return {**view, step.key: [*elements, *(ours if isinstance(ours, list) else [])]}
    index, deeper = indexes[0], indexes[1:]
    if isinstance(ours, list) and ours:
        elements[index] = _graft(elements[index], ours[0], rest, deeper)
    else:
        del elements[index]
    return {**view, step.key: elements}
