"""What a scenario's models cannot see one by one: names that lead nowhere in the listed visits and the actions.

In actions an unknown service, patient, resource or hold is a refusal, not an error; everything else must be declared.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from hub.documents import Document, Path, meant
from hub.errors import Problem
from hub.scheduling.clock import wall_clock
from hub.scheduling.scenario.actions import BookSeries, Complete, Find, Gaps, PartEntry, TripEntry
from hub.scheduling.scenario.day_actions import Sign, Withdraw
from hub.scheduling.scenario.expected_words import ExpectedWords
from hub.scheduling.scenario.outside_actions import find_outside_problems
from hub.scheduling.scenario.stock_actions import OpenVialOf, StockEntry

if TYPE_CHECKING:
    from hub.scheduling.scenario.actions import ActionEntry
    from hub.scheduling.scenario.document import ListedVisit, Scenario
    from hub.scheduling.scenario.expectations import Expectation

_LIFE = frozenset({"find", "hold", "book", "move", "cancel", "clock", "complete", "no_show", "away"})
_DAY = frozenset({"late", "over", "finish", "sign", "withdraw", "clearances", "check_in"})
_STOCK = frozenset({"open", "receive", "waste", "count", "explain", "ledger", "reorders"})
_OUTSIDE = frozenset({"vendor", "payment", "reconcile"})
PLAYED = _LIFE | _DAY | _OUTSIDE | {"series", "waitlist", "offers", "repair", "waive", "gaps"} | _STOCK
"""The actions that can be played so far; a file with another one is refused before anything runs."""

GOES_WITH: dict[str, tuple[str, ...]] = {
    "nearest": ("hold", "book", "move"),
    "relying": ("cancel", "no_show", "move"),
    "ranked": ("find",),
    "best": ("find",),
    "costs": ("find",),
    "why": ("series",),
    "gaps": ("gaps",),
    "done": ("reconcile",),
    "released": ("reconcile",),
    "waiting": ("reconcile",),
    "payment": ("book", "series"),
    "undecided": ("book", "series", "move", "cancel"),
    "idle": ("gaps",),
}
"""The actions of which a key can be expected, where the format is stricter than to find it missing."""

_VISIT, _TRIP, _SERIES = "visit", "trip", "series"


def find_scenario_problems(scenario: Scenario, document: Document) -> tuple[Problem, ...]:
    """Every name that leads nowhere, and every action that is not played yet, where it stands in `document`."""
    checks = _Checks(scenario, document)
    return (*checks.visits(), *checks.actions(), *find_outside_problems(scenario, document))


class _Checks:
    def __init__(self, scenario: Scenario, document: Document) -> None:
        self._scenario = scenario
        self._document = document
        self._locations = {location.id for location in scenario.locations}
        self._resources = {resource.id for resource in scenario.resources}
        self._services = {service.id for service in scenario.services}
        self._consents = {form.id for form in scenario.consents}
        self._patients = {patient.id for patient in scenario.patients}
        self._packages = {package.id for package in scenario.packages}
        self._products = {product.id for product in scenario.products}
        self._words = ExpectedWords(scenario, document)

    def visits(self) -> Iterator[Problem]:
        seen: set[str] = set()
        for i, visit in enumerate(self._scenario.visits):
            path: Path = ("visits", i)
            if visit.id in seen:
                yield self._document.problem((*path, "id"), f"the id {visit.id!r} stands twice")
            seen.add(visit.id)
            yield from self._visit(visit, path)

    def actions(self) -> Iterator[Problem]:
        visits = {visit.id for visit in self._scenario.visits if not visit.is_block}
        several: dict[str, str] = {}
        clock = wall_clock(ZoneInfo(self._scenario.zone))
        now = clock.minute(self._scenario.now)
        for i, entry in enumerate(self._scenario.actions):
            path: Path = ("actions", i, entry.kind)
            if entry.clock is not None:
                before, now = now, clock.minute(entry.clock)
                if now < before:
                    yield self._document.problem(path, "the clock does not go back")
            if entry.kind not in PLAYED:
                yield self._document.problem(path, f"the action {entry.kind!r} is not played yet")
            yield from self._action(entry, path, visits)
            if entry.expect is not None:
                yield from self._expected(entry, entry.expect, ("actions", i, "expect"))
            named = getattr(getattr(entry, entry.kind), "named", None)
            if entry.move is not None:
                yield from self._move(entry.move.visit, several, (*path, "visit"))
            if (ran := entry.over or entry.finish) is not None and several.get(ran.visit) in (_TRIP, _SERIES):
                hint = f"Name a part: {ran.visit}.1"
                yield self._document.problem((*path, "visit"), "several visits do not run as one", hint)
            if named is not None:
                visits.add(named)
                several[named] = _named_thing(entry, several)

    def _expected(self, entry: ActionEntry, expect: Expectation, path: Path) -> Iterator[Problem]:
        yield from self._words.problems(expect, path)
        for key in expect.given():
            if entry.kind not in GOES_WITH.get(key, (entry.kind,)):
                yield self._document.problem((*path, key), f"{key!r} can be expected of: {', '.join(GOES_WITH[key])}")

    def _move(self, visit: str, several: Mapping[str, str], path: Path) -> Iterator[Problem]:
        if several.get(visit.rpartition(".")[0]) == _TRIP:
            yield self._document.problem(path, "a part of a trip is not moved alone", "Move the trip")
        if several.get(visit) == _SERIES:
            yield self._document.problem(path, "a series is not moved as a whole", f"Move a session: {visit}.1")

    def _visit(self, visit: ListedVisit, path: Path) -> Iterator[Problem]:
        yield from self._known("patient", visit.patient, self._patients, (*path, "patient"))
        yield from self._known("service", visit.service, self._services, (*path, "service"))
        yield from self._known("location", visit.location, self._locations, (*path, "location"))
        for i, resource in enumerate(visit.resources or ()):
            yield from self._known("resource", resource, self._resources, (*path, "resources", i))
        for name, resource in visit.filled.items():
            yield from self._known("resource", resource, self._resources, (*path, "with", name))
        if visit.service is not None:
            yield from self._names(visit.service, visit.filled, visit.option, path)
            yield from self._names(visit.service, dict.fromkeys(visit.asked), None, path, "asked")

    def _action(self, entry: ActionEntry, path: Path, visits: Collection[str]) -> Iterator[Problem]:
        action = getattr(entry, entry.kind)
        if isinstance(action, TripEntry):
            yield from self._trip(action, path)
        if isinstance(action, BookSeries):
            yield from self._sessions(action, path)
        if isinstance(action, Find) and action.prefers is not None:
            yield from self._wishes(action, action.prefers.resources, (*path, "prefers", "with"))
        if isinstance(action, TripEntry | Gaps) and not getattr(action, "hold", None):
            yield from self._location(action.location, path)
        elif getattr(action, "location", None) is not None:
            yield from self._known("location", action.location, self._locations, (*path, "location"))
        if hasattr(action, "visit"):
            base = action.visit if action.visit in visits else action.visit.partition(".")[0]
            yield from self._known("visit", base, visits, (*path, "visit"))
        if isinstance(action, Sign | Withdraw):
            yield from self._consent(action, path)
        yield from self._products_of(action, path)

    def _products_of(self, action: object, path: Path) -> Iterator[Problem]:
        if isinstance(action, StockEntry):
            yield from self._stock(action, path)
        if isinstance(action, Complete):
            for i, used in enumerate(action.used or ()):
                yield from self._known("product", used.product, self._products, (*path, "used", i, "product"))

    def _consent(self, action: Sign | Withdraw, path: Path) -> Iterator[Problem]:
        form = self._scenario.find_consent(action.consent)
        yield from self._known("consent", action.consent, self._consents, (*path, "consent"))
        if form is not None and isinstance(action, Sign):
            versions = [one.version for one in form.versions]
            yield from self._known("version", action.version, versions, (*path, "version"))

    def _stock(self, action: StockEntry, path: Path) -> Iterator[Problem]:
        yield from self._known("product", action.product, self._products, (*path, "product"))
        if action.location is None and len(self._locations) > 1:
            message = "the key 'location' is missing: there are several locations"
            yield self._document.problem(path, message, "Say at which one")
        product = self._scenario.find_product(action.product)
        if isinstance(action, OpenVialOf) and product is not None and product.vial is None:
            message = f"the product {product.id!r} does not come in vials"
            yield self._document.problem((*path, "product"), message, "Give the product a `vial`")

    def _trip(self, action: TripEntry, path: Path) -> Iterator[Problem]:
        if action.parts is None:
            for part in action.wanted():
                yield from self._part(part, path)
        for i, part in enumerate(action.parts or ()):
            yield from self._part(part, (*path, "parts", i))

    def _part(self, part: PartEntry, path: Path) -> Iterator[Problem]:
        yield from self._known("package", part.package, self._packages, (*path, "package"))
        yield from self._names(part.service, part.resources, part.option, path)

    def _names(
        self, service_id: str, filled: Mapping[str, object], option: str | None, path: Path, key: str = "with"
    ) -> Iterator[Problem]:
        service = self._scenario.find_service(service_id)
        if service is None:
            return
        for name in filled:
            if name not in service.names:
                message = f"the service {service_id!r} has no need named {name!r}"
                yield self._document.problem((*path, key, name), message, meant(name, service.names))
        if option is not None and service.option(option) is None:
            message = f"the service {service_id!r} has no option {option!r}"
            yield self._document.problem((*path, "option"), message, meant(option, [one.id for one in service.options]))

    def _wishes(self, action: Find, wished: Collection[str], path: Path) -> Iterator[Problem]:
        services = [self._scenario.find_service(part.service) for part in action.wanted()]
        names = {name for service in services if service for name in service.names}
        for name in wished:
            if all(services) and name not in names:
                yield self._document.problem((*path, name), f"no service asked for has a need named {name!r}")

    def _sessions(self, action: BookSeries, path: Path) -> Iterator[Problem]:
        for part in action.wanted():
            service = self._scenario.find_service(part.service)
            if action.sessions is None and service and not (service.series and service.series.sessions):
                message = f"the key 'sessions' is missing: the service {service.id!r} does not say how many"
                yield self._document.problem(path, message)

    def _location(self, location: str | None, path: Path) -> Iterator[Problem]:
        if location is None and len(self._locations) > 1:
            message = "the key 'location' is missing: there are several locations"
            yield self._document.problem(path, message, "Say at which one")
        yield from self._known("location", location, self._locations, (*path, "location"))

    def _known(self, what: str, name: str | None, declared: Collection[str], path: Path) -> Iterator[Problem]:
        if name is not None and name not in declared:
            yield self._document.problem(path, f"the {what} {name!r} is not declared", meant(name, sorted(declared)))


def _named_thing(entry: ActionEntry, several: Mapping[str, str]) -> str:
    """What kind of thing the action's `as` names."""
    if entry.series is not None:
        return _SERIES
    action = entry.book or entry.hold or entry.waitlist
    is_trip = action is not None and (bool(action.parts) or several.get(getattr(action, "hold", None) or "") == _TRIP)
    return _TRIP if is_trip else _VISIT
