"""A source's pages as its table sees them: records of another kind left out, those that are several taken apart."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from hub.canonical.source import SourceRecord
from hub.mapping.apply import TwoWay, records_of
from hub.ports import Page


def pages_of_kind(pages: Iterable[Page], mapping: TwoWay) -> Iterator[Page]:
    """The pages, whose cursors stay; a broken record that is of another kind is that kind's."""
    if mapping.table.only is None and mapping.table.each is None:
        yield from pages
        return
    for page in pages:
        yield replace(
            page,
            records=tuple(part for record in page.records for part in _records_of(mapping, record)),
            rejected=tuple(one for one in page.rejected if records_of(mapping, one.record)),
        )


def _records_of(mapping: TwoWay, record: SourceRecord) -> tuple[SourceRecord, ...]:
    """An end says only which record it is of."""
    return (record,) if record.is_end else records_of(mapping, record)
