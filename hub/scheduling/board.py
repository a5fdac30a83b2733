"""Everybody's free time at one location over one window: the practice and a diary as timelines."""

from collections.abc import Mapping, Sequence
from copy import copy
from datetime import date

from hub.canonical.practice import Need, Practice, PracticeResource
from hub.scheduling.clock import wall_clock
from hub.scheduling.diary import Diary
from hub.scheduling.hours import duty_timeline, open_timeline
from hub.scheduling.timeline import (
    MINUTES_PER_DAY,
    Span,
    erode,
    instant_at,
    minute_from,
    minute_of,
    moved,
    restacked,
    span_bits,
    stacked,
)

_DUTY = ("location", "hours", "extra", "away", "since", "until")
"""What says of a resource when it works."""


class Board:
    """Timelines over `window`, worked out when first asked for and kept. Bit t is minute `window[0]` + t.

    A board is a view of one practice and one diary, neither of which changes: it may be kept as long as they hold.
    """

    def __init__(self, practice: Practice, diary: Diary, location_id: str, window: Span) -> None:
        self.practice = practice
        self.diary = diary
        self.location_id = location_id
        self.window = window
        self.always = span_bits(0, window[1] - window[0])
        """Every minute of the window."""
        self.clock = wall_clock(practice.zone_of(location_id))
        self.resources = {resource.id: resource for resource in practice.resources}
        self._duty: dict[str, int] = {}
        self._taken: dict[str, tuple[int, ...]] = {}
        self._eroded: dict[tuple[str, int, int], int] = {}
        self._certified: dict[tuple[str, str], int] = {}
        self._patients: dict[str, int] = {}
        self._open: int | None = None
        self._grids: dict[tuple[date, date], int] = {}

    def following(self, diary: Diary, changed: Mapping[str, Sequence[Span]] | None = None) -> "Board":
        """The same view of a later diary, in which only these minutes of these resources may be taken differently.

        Without `changed` a resource is taken as it was where `claims_of` holds the same tuple for it in both diaries.
        """
        if changed is None:
            before, after = self.diary.claims_of, diary.claims_of
            changed = {one: (self.window,) for one in self.resources if before.get(one) is not after.get(one)}
        later = copy(self)
        taken = self._taken.copy()
        for resource_id in changed.keys() & taken.keys():
            spans = diary.spans_of(resource_id)
            taken[resource_id] = restacked(taken[resource_id], spans, self.window, changed[resource_id])
        vars(later).update(
            diary=diary,
            _taken=taken,
            _eroded={key: bits for key, bits in self._eroded.copy().items() if key[0] not in changed or key[1] == 0},
            _patients={},
        )
        return later

    def under(self, practice: Practice) -> "Board":
        """The same view under another practice file: what both say of a resource or the location is not laid again."""
        later = Board(practice, self.diary, self.location_id, self.window)
        same = {one for one, resource in self.resources.items() if later.resources.get(one) is resource}
        as_before = {one for one, resource in self.resources.items() if _works_as(later.resources.get(one), resource)}
        units = {one: resource.capacity for one, resource in later.resources.items()}
        alike = {one for one, resource in self.resources.items() if units.get(one) == resource.capacity}
        vars(later).update(
            _duty={one: bits for one, bits in self._duty.copy().items() if one in as_before},
            _taken={one: bits for one, bits in self._taken.copy().items() if one in alike},
            _eroded={key: bits for key, bits in self._eroded.copy().items() if key[0] in alike & as_before},
            _certified={key: bits for key, bits in self._certified.copy().items() if key[0] in same},
            _patients=self._patients.copy(),
        )
        if practice.find_location(self.location_id) is self.practice.find_location(self.location_id):
            later._open = self._open
        return later

    def open_at(self) -> int:
        """When the location is open."""
        if self._open is None:
            location = self.practice.find_location(self.location_id)
            self._open = open_timeline(location, self.clock, self.window) if location else 0
        return self._open

    def grid(self, first: date, last: date) -> int:
        """The arrivals that may be offered on these local dates."""
        bits = self._grids.get((first, last))
        if bits is None:
            bits = self.clock.grid_bits(first, last, self.practice.grid_minutes, self.window)
            self._grids[first, last] = bits
        return bits

    def on_duty(self, resource_id: str) -> int:
        """When the resource works, busy or not."""
        bits = self._duty.get(resource_id)
        if bits is None:
            bits = self._duty[resource_id] = duty_timeline(self.resources[resource_id], self.clock, self.window)
        return bits

    def free_runs(self, resource_id: str, units: int, length: int) -> int:
        """When at least `units` units of the resource begin to be free and on duty for `length` minutes."""
        key = (resource_id, units, length)
        bits = self._eroded.get(key)
        if bits is None:
            bits = self._eroded[key] = erode(self._free(resource_id, units), length)
        return bits

    def fitting(self, resource_id: str, spans: tuple[Span, ...]) -> int:
        """The arrivals, from which the spans are counted, at which a unit is free and on duty in each of them."""
        bits = self.always
        for start, end in spans:
            bits &= moved(self.free_runs(resource_id, 1, end - start), start)
        return bits

    def duty_runs(self, resource_id: str, length: int) -> int:
        """When the resource begins to be on duty for `length` minutes, busy or not."""
        key = (resource_id, 0, length)
        bits = self._eroded.get(key)
        if bits is None:
            bits = self._eroded[key] = erode(self.on_duty(resource_id), length)
        return bits

    def patient_free(self, patient_id: str) -> int:
        """When the patient is in no visit."""
        bits = self._patients.get(patient_id)
        if bits is None:
            first, last = map(instant_at, self.window)
            near = [v for v in self.diary.visits_of(patient_id) if v.arrives_at < last and first < v.leaves_at]
            busy = stacked(((minute_of(v.arrives_at), minute_from(v.leaves_at)) for v in near), self.window)[0]
            bits = self._patients[patient_id] = self.always & ~busy
        return bits

    def certified(self, resource: PracticeResource, needs: tuple[Need, ...], offset: int) -> int:
        """When a trip may arrive so that the resource holds every certification `offset` minutes later."""
        bits = self.always
        for need in needs:
            if need.certification is not None:
                bits &= moved(self._certified_days(resource, need.certification), offset)
        return bits

    def _free(self, resource_id: str, units: int) -> int:
        capacity = self.resources[resource_id].capacity
        if units > capacity:
            return 0
        taken = self._taken.get(resource_id)
        if taken is None:
            taken = self._taken[resource_id] = stacked(self.diary.spans_of(resource_id), self.window, capacity)
        return self.on_duty(resource_id) & ~taken[capacity - units]

    def _certified_days(self, resource: PracticeResource, code: str) -> int:
        key = (resource.id, code)
        bits = self._certified.get(key)
        if bits is None:
            valid = (entry for entry in resource.certifications if entry.code == code)
            bits = 0
            for entry in valid:
                bits |= self.clock.dates_bits(entry.valid_from, entry.until, self.window)
            self._certified[key] = bits
        return bits


def board_over(practice: Practice, diary: Diary, location_id: str, arrivals: Span, margin: int) -> Board:
    """A board for arrivals in the span of visits that reach at most `margin` minutes beyond them.

    The same one for the same diary, practice and days, so that asking again finds its timelines ready.
    """
    slack = -(-margin // MINUTES_PER_DAY) * MINUTES_PER_DAY
    first, last = arrivals
    days = -(-(last - first) // MINUTES_PER_DAY)
    window = (first - slack, first + days * MINUTES_PER_DAY + slack)
    board: Board | None = diary.views.get((location_id, window))
    if board is None:
        board = diary.views[location_id, window] = Board(practice, diary, location_id, window)
    elif board.practice is not practice:
        board = diary.views[location_id, window] = board.under(practice)
    return board


def _works_as(later: PracticeResource | None, resource: PracticeResource) -> bool:
    """Whether a later entry of a resource has the very hours of this one, whatever else it says."""
    return later is not None and all(getattr(later, key) is getattr(resource, key) for key in _DUTY)


def carry_over(before: Diary, after: Diary, changed: Mapping[str, Sequence[Span]] | None = None) -> None:
    """Give a later diary the timelines of an earlier one.

    `changed`: resource → the minutes in which they differ; None: where `claims_of` holds another tuple.
    """
    for key, view in before.views.copy().items():
        if isinstance(view, Board):
            after.views[key] = view.following(after, changed)
