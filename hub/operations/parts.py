"""Records that are parts of others (a table's `each`): which have gone, and what was confirmed of one that was written.

A part ends with its record, and when its record does not hold it any more. What was written of a part stands in the
whole: its siblings, as they were, are from then on known by that state of the whole, so that what is written of them
next is made onto it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from hub.canonical.ids import Kind
from hub.canonical.source import SourceRecord
from hub.errors import Problem, RetryLater
from hub.mapping.apply import TwoWay, decode, records_of
from hub.mapping.split import holds, key_of, part_ref, split, whole_id, whole_ref
from hub.operations.linked_system import LinkedSystem, SystemLinks
from hub.operations.page_plan import REJECTED
from hub.operations.pages_of_kind import pages_of_kind
from hub.ports import KnownPart, Link, Page, Store, UnitOfWork

Known = Mapping[str, Collection[KnownPart]]
"""By the id of the whole."""


def known_pages(pages: Iterable[Page], system: LinkedSystem, kind: Kind, store: Store) -> Iterator[Page]:
    """The pages as the kind's table sees them; of records that it takes apart, with the ends of parts that are gone."""
    mapping = system.mapping(kind)
    for page in pages_of_kind(pages, mapping):
        yield page if mapping.table.each is None else _with_ends(page, mapping, system, kind, store)


def _with_ends(page: Page, mapping: TwoWay, system: LinkedSystem, kind: Kind, store: Store) -> Page:
    wholes = {one.ref.id if one.is_end else whole_id(one.ref.id): one for one in page.records}
    named = page.roll.names if page.roll is not None else frozenset()
    with store.begin("find_parts") as uow:
        known = _known(system, kind, {*wholes, *named}, uow)
    ends = [end for id_, one in wholes.items() for end in _ends(one, mapping, known.get(id_, ()))]
    records = tuple(_marked(one, known) for one in page.records if not _is_empty(one, mapping, known))
    if page.roll is None:
        return replace(page, records=(*records, *ends))
    parts = {one.id for id_ in named for one in known.get(id_, ())} | {one.ref.id for one in records}
    return replace(page, records=(*records, *ends), roll=replace(page.roll, names=named | parts))


def _known(system: LinkedSystem, kind: Kind, wholes: Collection[str], uow: UnitOfWork) -> Known:
    """What is linked, and what waits for a person: that is over, too, when its part is gone."""
    known = {id_: list(parts) for id_, parts in uow.links.find_parts(system.name, kind, wholes).items()}
    prefix = f"{system.name}/"
    for issue in uow.issues.find_open(REJECTED):
        part = issue.subject_id.removeprefix(prefix)
        if issue.subject_kind == kind and issue.subject_id.startswith(prefix) and whole_id(part) in wholes:
            known.setdefault(whole_id(part), []).append(KnownPart(part, None, is_standing=True))
    return known


def _ends(one: SourceRecord, mapping: TwoWay, known: Collection[KnownPart]) -> Iterator[SourceRecord]:
    """Of the parts that stand here and not there any more."""
    each = mapping.table.each
    assert each is not None
    whole = one.ref if one.is_end else whole_ref(one.ref)
    for id_ in dict.fromkeys(part.id for part in known if part.is_standing):
        if one.is_end or not holds(each, one.payload, id_):
            into = part_ref(whole._replace(id=one.merged_into), key_of(id_)).id if one.merged_into else None
            ref = part_ref(whole, key_of(id_))
            yield one._replace(ref=ref, payload={}, hub_id=None, gone=into is None, merged_into=into)


def _marked(part: SourceRecord, known: Known) -> SourceRecord:
    """The hub's id on a record is of the one part that the hub made it for: the first, until that is known."""
    if part.is_end or part.hub_id is None:
        return part
    of_whole = known.get(whole_id(part.ref.id), ())
    own = next((one.id for one in of_whole if one.canonical_id == part.hub_id), None)
    return part if own in (None, part.ref.id) else part._replace(hub_id=None)


def _is_empty(part: SourceRecord, mapping: TwoWay, known: Known) -> bool:
    """Whether it only stands for a record without parts that had some: they are gone, and that is all."""
    each = mapping.table.each
    assert each is not None
    return not (part.is_end or holds(each, part.payload, part.ref.id)) and bool(known.get(whole_id(part.ref.id)))


# What was written


def part_in(stored: SourceRecord, mapping: TwoWay, part_id: str | None) -> SourceRecord:
    """What a system confirmed, as the part that was written; None: it was made, with its record.

    Raises:
        RetryLater: it is not in the answer.
    """
    each = mapping.table.each
    if each is None:
        return stored
    if part_id is not None:
        return stored._replace(ref=stored.ref._replace(id=part_id))
    first = split(each, stored)[0]
    if not holds(each, stored.payload, first.ref.id):
        hint = "Say with 'record' of the call, or with 'one' of the stream, where the whole record stands"
        raise RetryLater(Problem(f"{stored.ref.system}: made, and not in its answer", code="no_part", hint=hint))
    return first


def move_siblings(own: SourceRecord, system: LinkedSystem, uow: UnitOfWork) -> None:
    """Know the other parts of a record that was written by its state now, where they still say what they said."""
    mapping = system.mapping(own.ref.kind)
    whole = own._replace(ref=whole_ref(own.ref))
    siblings = [one for one in records_of(mapping, whole) if one.ref != own.ref]
    links = uow.links.find([one.ref for one in siblings])
    numbers = [link.source_record_id for link in links.values() if link.source_record_id is not None]
    seen = {one.ref: one for one in uow.landing.load(numbers).values()}
    context = system.context(SystemLinks(system, uow), uow.now)
    same = [
        one
        for one in siblings
        if one.ref in seen
        and decode(mapping, one, context).record == decode(mapping, seen[one.ref], context).record is not None
    ]
    landed = uow.landing.land(same)
    moved = zip(same, landed, strict=True)
    uow.links.save([Link(one.ref, links[one.ref].canonical_id, at.id) for one, at in moved])
