"""Claims as PostgreSQL packs them: three numbers each, made into objects only for those who ask for one.

A find needs the minutes that are taken, not thirty thousand objects; a decision looks at a few of them.
"""

import sys
from array import array
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from hub.scheduling.diary import BusyClaim, ClaimsByResource
from hub.scheduling.timeline import Span

ROW = "timestamptz_send(lower(c.during)) || timestamptz_send(coalesce(upper(c.during), 'infinity')) || int8send(c.id)"
"""One claim, for `string_agg`: start and end in microseconds since 2000, and its id."""
_WIDTH = 3
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_EPOCH_MINUTE = 15_778_080
"""The minute at which 2000 begins."""
_MINUTE = 60_000_000
_EARLIEST, _LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


class Group(NamedTuple):
    """What claims of one resource have in common."""

    unit: int
    ends_at: datetime | None
    """Their hold's deadline."""


Packed = Mapping[Group, "array[int]"]
"""The claims of one resource, in no order."""


class PackedClaims(ClaimsByResource):
    """Claims by resource. It never changes: what differs is another one, which shares the rest with it."""

    def __init__(self, packed: Mapping[str, Packed]) -> None:
        self.packed = packed
        self._made: dict[str, tuple[BusyClaim, ...]] = {}

    def resources(self) -> Iterable[str]:
        """See `ClaimsByResource`."""
        return self.packed.keys()

    def claims_of(self, resource_id: str) -> tuple[BusyClaim, ...]:
        """See `ClaimsByResource`."""
        made = self._made.get(resource_id)
        if made is None:
            made = self._made[resource_id] = _made(resource_id, self.packed.get(resource_id, {}))
        return made

    def spans_of(self, resource_id: str) -> list[Span]:
        """See `ClaimsByResource`."""
        return [span for rows in self.packed.get(resource_id, {}).values() for span in _spans(rows)]

    def without_ended(self, now: datetime) -> tuple["PackedClaims", dict[str, list[Span]]]:
        """What is left when holds are over, and the minutes that this frees by resource."""
        freed = {
            resource_id: [span for group in over for span in _spans(groups[group])]
            for resource_id, groups in self.packed.items()
            if (over := [group for group in groups if group.ends_at is not None and group.ends_at <= now])
        }
        if not freed:
            return self, {}
        left = {resource_id: _lasting(self.packed[resource_id], now) for resource_id in freed}
        return self._changed(left), freed

    def replaced(self, spans: Mapping[str, Iterable[Span]], found: "PackedClaims") -> "PackedClaims":
        """The same with what touches these minutes of these resources exchanged for what was found there."""
        return self._changed(
            {
                resource_id: _exchanged(self.packed.get(resource_id, {}), list(gone), found.packed.get(resource_id, {}))
                for resource_id, gone in spans.items()
            }
        )

    def _changed(self, packed: Mapping[str, Packed]) -> "PackedClaims":
        later = PackedClaims({**self.packed, **packed})
        later._made = {key: made for key, made in self._made.copy().items() if key not in packed}
        return later


def unpacked(rows: Iterable[tuple[str, int, datetime | None, bytes]]) -> PackedClaims:
    """What a query gave: resource, unit, deadline, and all their claims as `ROW`s."""
    packed: dict[str, dict[Group, array[int]]] = {}
    for resource_id, unit, ends_at, data in rows:
        numbers = array("q", data)
        if sys.byteorder == "little":
            numbers.byteswap()
        packed.setdefault(resource_id, {}).setdefault(Group(unit, ends_at), array("q")).extend(numbers)
    return PackedClaims(packed)


def _spans(rows: "array[int]") -> list[Span]:
    # Seconds and less count as the whole minute: starts are rounded down, ends up.
    return [
        (start // _MINUTE + _EPOCH_MINUTE, _EPOCH_MINUTE - -end // _MINUTE)
        for start, end in zip(rows[::_WIDTH], rows[1::_WIDTH], strict=True)
    ]


def _lasting(groups: Packed, now: datetime) -> Packed:
    return {group: rows for group, rows in groups.items() if group.ends_at is None or group.ends_at > now}


def _exchanged(groups: Packed, gone: list[Span], found: Packed) -> Packed:
    ids = {claim_id for rows in found.values() for claim_id in rows[2::_WIDTH]}
    left = {group: _without(rows, gone, ids) for group, rows in groups.items()}
    for group, rows in found.items():
        left[group] = left[group] + rows if group in left else rows
    return {group: rows for group, rows in left.items() if rows}


def _without(rows: "array[int]", gone: list[Span], ids: set[int]) -> "array[int]":
    edges = [((first - _EPOCH_MINUTE) * _MINUTE, (last - _EPOCH_MINUTE) * _MINUTE) for first, last in gone]
    earliest, latest = min(first for first, _ in edges), max(last for _, last in edges)
    left = rows[:]
    claims = zip(rows[::_WIDTH], rows[1::_WIDTH], rows[2::_WIDTH], strict=True)
    near = [at for at, (start, end, one) in enumerate(claims) if (start < latest and earliest < end) or one in ids]
    for at in reversed(near):
        start, end, one = rows[at * _WIDTH : (at + 1) * _WIDTH]
        if one in ids or any(start < last and first < end for first, last in edges):
            del left[at * _WIDTH : (at + 1) * _WIDTH]
    return left


def _made(resource_id: str, groups: Packed) -> tuple[BusyClaim, ...]:
    rows = sorted(
        (start, end, claim_id, group.unit)
        for group, packed in groups.items()
        for start, end, claim_id in zip(packed[::_WIDTH], packed[1::_WIDTH], packed[2::_WIDTH], strict=True)
    )
    return tuple(
        BusyClaim(str(claim_id), resource_id, unit, _instant(start), _instant(end))
        for start, end, claim_id, unit in rows
    )


def _instant(microseconds: int) -> datetime:
    try:
        return _EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:  # without an end
        return _LATEST if microseconds > 0 else _EARLIEST
