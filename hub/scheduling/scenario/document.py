"""A scenario file as a model: a practice, a moment, what is in the book already, and the actions."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from hub.canonical.practice import Entry, Practice
from hub.canonical.practice_checks import find_problems
from hub.canonical.wall import Some, WallTime, Word, require_later
from hub.documents import parse
from hub.errors import InvalidInput
from hub.scheduling.scenario.actions import ActionEntry
from hub.scheduling.scenario.checks import find_scenario_problems


class ListedVisit(Entry):
    """A visit in the book when the run starts, or a bare block of resources. It obeys no rule: it is a fact."""

    id: Word
    patient: Word | None = None
    service: Word | None = None
    option: Word | None = None
    location: Word | None = None
    """None: where the resources of its `with` are, or the first."""
    arrives: WallTime | None = None
    filled: dict[Word, Word] = Field(default_factory=dict, alias="with")
    """Need name → resource; names left out occupy nothing."""
    state: Literal["booked", "completed", "cancelled", "no_show"] = "booked"
    asked: tuple[Word, ...] = ()
    """The names the patient asked for."""
    resources: Annotated[tuple[Word, ...] | None, Some] = None
    starts: WallTime | None = Field(default=None, alias="from")
    ends: WallTime | None = Field(default=None, alias="to")

    @property
    def is_block(self) -> bool:
        """Whether it only takes resources."""
        return self.resources is not None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        block, visit = {"resources", "starts", "ends"}, {"patient", "service", "arrives"}
        given = self.model_fields_set - {"id"}
        if not (given == block or (visit <= given and not given & block)):
            raise ValueError("it is a visit (`patient`, `service`, `arrives`) or a block (`resources`, `from`, `to`)")
        if self.starts and self.ends:
            require_later(self.starts, self.ends)
        return self


class Scenario(Practice):
    """The whole file."""

    now: WallTime
    """The clock the run starts at, in the practice's zone."""
    visits: tuple[ListedVisit, ...] = ()
    actions: tuple[ActionEntry, ...] = ()


def read_scenario(text: str, file: str) -> tuple[Scenario, tuple[int, ...]]:
    """The scenario in a YAML or JSON text, and the line of each action.

    Raises:
        InvalidInput: an unknown key, an impossible value, an id that is not declared, or an action that is not
            played yet; with file, line and key.
    """
    document = parse(text, file)
    scenario = document.read_as(Scenario)
    problems = (*find_problems(scenario, document), *find_scenario_problems(scenario, document))
    if problems:
        raise InvalidInput(*problems)
    return scenario, tuple(document.line(("actions", i)) for i in range(len(scenario.actions)))
