"""What a practice file's models cannot see one by one: ids that are not declared, or declared twice."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from hub.canonical.practice_services import DEFAULT_LENGTH, ROOM
from hub.documents import Document, Path, meant
from hub.errors import Problem

if TYPE_CHECKING:
    from hub.canonical.practice import Policy, Practice, PracticeService
    from hub.canonical.practice_services import Need


def find_problems(practice: Practice, document: Document) -> tuple[Problem, ...]:
    """Every reference that leads nowhere and every id that stands twice, where it stands in `document`."""
    checks = _Checks(practice, document)
    return (*checks.duplicates(), *checks.places(), *checks.stock(), *checks.services(), *checks.rules())


def policy_places(practice: Practice, document: Document) -> Iterator[tuple[Path, Policy]]:
    """Each entry of the policy and where it stands: under `policy`, or in the list that is there."""
    is_list = isinstance(document.value.get("policy"), list)
    for i, policy in enumerate(practice.policies):
        yield ("policy", i) if is_list else ("policy",), policy


class _Checks:
    def __init__(self, practice: Practice, document: Document) -> None:
        self._practice = practice
        self._document = document
        self._locations = {location.id for location in practice.locations}
        self._resources = {resource.id: resource for resource in practice.resources}
        self._products = {product.id for product in practice.products}
        self._consents = {form.id for form in practice.consents}
        self._services = {service.id for service in practice.services}

    def duplicates(self) -> Iterator[Problem]:
        practice = self._practice
        for key, entries in (
            ("locations", practice.locations),
            ("resources", practice.resources),
            ("products", practice.products),
            ("consents", practice.consents),
            ("services", practice.services),
            ("patients", practice.patients),
            ("packages", practice.packages),
        ):
            yield from self._twice((key,), [entry.id for entry in entries])

    def places(self) -> Iterator[Problem]:
        for i, resource in enumerate(self._practice.resources):
            yield from self._known("location", resource.location, self._locations, ("resources", i, "location"))
            room = resource.fixed_in
            yield from self._known("resource", room, self._resources, ("resources", i, "in"))
            if room in self._resources and self._resources[room].kind != ROOM:
                yield self._document.problem(("resources", i, "in"), f"{room!r} is not a room", self._rooms_hint(room))

    def stock(self) -> Iterator[Problem]:
        lots: set[tuple[str, str, str]] = set()
        for i, lot in enumerate(self._practice.stock):
            yield from self._known("product", lot.product, self._products, ("stock", i, "product"))
            yield from self._known("location", lot.location, self._locations, ("stock", i, "location"))
            key = (lot.product, lot.lot, self._practice.location_of(lot))
            if key in lots:
                yield self._document.problem(("stock", i, "lot"), f"the lot {lot.lot!r} stands twice", "Add them up")
            lots.add(key)

    def services(self) -> Iterator[Problem]:
        for i, service in enumerate(self._practice.services):
            path: Path = ("services", i)
            yield from self._twice((*path, "options"), [option.id for option in service.options])
            yield from self._twice((*path, "steps"), [step.name for step in service.steps], "name")
            yield from self._steps(service, path)
            yield from self._options(service, path)
            yield from self._uses(service.uses, (*path, "uses"))
            for j, form_id in enumerate(service.consents):
                yield from self._known("consent", form_id, self._consents, (*path, "consents", j))

    def rules(self) -> Iterator[Problem]:
        patients = {patient.id for patient in self._practice.patients}
        for i, package in enumerate(self._practice.packages):
            yield from self._known("patient", package.patient, patients, ("packages", i, "patient"))
            yield from self._known("service", package.service, self._services, ("packages", i, "service"))
        for path, policy in policy_places(self._practice, self._document):
            booking = policy.self_booking
            for i, service_id in enumerate((booking and booking.services) or ()):
                where = (*path, "self_booking", "services", i)
                yield from self._known("service", service_id, self._services, where)

    def _steps(self, service: PracticeService, path: Path) -> Iterator[Problem]:
        for j, step in enumerate(service.steps):
            yield from self._lengths(step.minutes, (*path, "steps", j, "minutes"))
            for k, need in enumerate(step.needs):
                yield from self._need(need, (*path, "steps", j, "needs", k))

    def _options(self, service: PracticeService, path: Path) -> Iterator[Problem]:
        steps = {step.name for step in service.steps}
        for j, option in enumerate(service.options):
            yield from self._uses(option.uses or (), (*path, "options", j, "uses"))
            for name, minutes in option.minutes.items():
                where = (*path, "options", j, "minutes", name)
                yield from self._known("step", name, steps, where)
                yield from self._lengths(minutes, where)

    def _need(self, need: Need, path: Path) -> Iterator[Problem]:
        yield from self._known("resource", need.id, self._resources, (*path, "id"))
        for i, resource_id in enumerate(need.any_of or ()):
            yield from self._known("resource", resource_id, self._resources, (*path, "any", i))

    def _lengths(self, minutes: int | dict[str, int], path: Path) -> Iterator[Problem]:
        if isinstance(minutes, dict):
            for resource_id in minutes.keys() - {DEFAULT_LENGTH}:
                yield from self._known("resource", resource_id, self._resources, (*path, resource_id))

    def _uses(self, uses: Iterable[object], path: Path) -> Iterator[Problem]:
        for i, use in enumerate(uses):
            yield from self._known("product", getattr(use, "product", None), self._products, (*path, i, "product"))

    def _rooms_hint(self, wrong: str) -> str:
        return meant(wrong, sorted(one.id for one in self._resources.values() if one.kind == ROOM))

    def _known(self, what: str, name: str | None, declared: Collection[str], path: Path) -> Iterator[Problem]:
        if name is not None and name not in declared:
            yield self._document.problem(path, f"the {what} {name!r} is not declared", meant(name, sorted(declared)))

    def _twice(self, path: Path, ids: list[str], key: str = "id") -> Iterator[Problem]:
        for i, name in enumerate(ids):
            if name in ids[:i]:
                yield self._document.problem((*path, i, key), f"the {key} {name!r} stands twice", "Rename one")
