"""Words of expectations that are nothing the practice or the engine could ever answer."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, get_args

from hub.canonical.practice_soundness import KINDS
from hub.documents import Document, Path, meant
from hub.errors import Problem
from hub.scheduling.clearances import Why as WhyMissing
from hub.scheduling.lifting import UNTIL
from hub.scheduling.pending import PaymentState, Stage
from hub.scheduling.scenario.codes import MEANINGS

if TYPE_CHECKING:
    from hub.scheduling.scenario.document import Scenario
    from hub.scheduling.scenario.expectations import Expectation, Why

Placed = tuple[Path, str | None]
"""Where a word stands, below `expect`."""


class ExpectedWords:
    """What one scenario's expectations may say."""

    def __init__(self, scenario: Scenario, document: Document) -> None:
        self._document = document
        kinds = KINDS | {resource.kind for resource in scenario.resources}
        kinds |= {need.kind for service in scenario.services for step in service.steps for need in step.needs}
        self._codes = sorted(MEANINGS.keys() | {f"no_{kind}" for kind in kinds})
        self._resources = [resource.id for resource in scenario.resources]
        self._patients = [patient.id for patient in scenario.patients]
        self._products = [product.id for product in scenario.products]
        self._locations = [location.id for location in scenario.locations]
        self._forms = [form.id for form in scenario.consents]
        tags = {tag for service in scenario.services for tag in service.tags}
        self._services = sorted(tags | {service.id for service in scenario.services})

    def problems(self, expect: Expectation, path: Path) -> Iterator[Problem]:
        """Every word that is not known, where it stands below `path`."""
        stages = sorted(stage.value for stage in Stage if stage.is_undecided)
        lists: Iterable[tuple[str, Iterable[Placed], Collection[str]]] = (
            ("refusal code", _codes_of(expect), self._codes),
            ("code", _lifted_by(expect.why), [*self._codes, UNTIL]),
            ("stage", [(("undecided",), expect.undecided)], stages),
            ("payment state", [(("payment",), expect.payment)], sorted(state.value for state in PaymentState)),
            ("reason", _each("missing", expect.missing, "why"), get_args(WhyMissing)),
            ("consent", _each("missing", expect.missing, "consent"), self._forms),
            ("service or tag", _each("missing", expect.missing, "before"), self._services),
            ("patient", _patients_of(expect), self._patients),
            ("resource", _resources_of(expect), self._resources),
            (
                "product",
                [*_keys("stock", expect.stock), *_each("reorders", expect.reorders, "product")],
                self._products,
            ),
            ("location", _each("reorders", expect.reorders, "location"), self._locations),
        )
        for what, placed, known in lists:
            for where, word in placed:
                if word is not None and word not in known:
                    message = f"there is no {what} {word!r}"
                    yield self._document.problem((*path, *where), message, meant(word, known))


def _codes_of(expect: Expectation) -> Iterator[Placed]:
    yield from _listed(("refused",), expect.refused)
    for number, row in enumerate(expect.relying or ()):
        yield from _listed(("relying", number, "codes"), row.codes)


def _lifted_by(why: Why | None) -> Iterator[Placed]:
    if why is None:
        return
    yield from _listed(("why", "reasons"), why.reasons)
    for number, remedy in enumerate(why.smallest or ()):
        at: Path = ("why", "smallest", number)
        yield from _listed((*at, "lift"), remedy.lift)
        for place, hurdle in enumerate(remedy.sessions or ()):
            yield from _listed((*at, "sessions", place, "codes"), hurdle.codes)


def _patients_of(expect: Expectation) -> Iterator[Placed]:
    yield from _listed(("patients",), expect.patients)
    yield from [(("why", "patient"), expect.why.patient)] if expect.why else ()
    for number, gap in enumerate(expect.gaps or ()):
        yield from _listed(("gaps", number, "fits"), gap.fits)


def _resources_of(expect: Expectation) -> Iterator[Placed]:
    yield from ((("with", name), who) for name, who in (expect.resources or {}).items())
    yield from _each("gaps", expect.gaps, "resource")
    yield from _keys("idle", expect.idle)


def _listed(path: Path, words: Iterable[str] | None) -> Iterator[Placed]:
    yield from (((*path, number), word) for number, word in enumerate(words or ()))


def _each(key: str, rows: Iterable[object] | None, field: str) -> Iterator[Placed]:
    yield from (((key, number, field), getattr(row, field)) for number, row in enumerate(rows or ()))


def _keys(key: str, table: Iterable[str] | None) -> Iterator[Placed]:
    yield from (((key, word), word) for word in table or ())
