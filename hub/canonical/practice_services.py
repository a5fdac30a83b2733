"""Services of a practice file: steps with needs, and the rules between visits."""

from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, model_validator

from hub.canonical.money import Money
from hub.canonical.practice_places import Dated, Entry
from hub.canonical.wall import DayCount, Flag, Positive, Quantity, Some, Word

PROVIDER = "provider"
"""The name whose holder decides the lengths of steps."""
ROOM = "room"
DEVICE = "device"
DEFAULT_LENGTH = "default"
HIGHEST_PRICE = 10**13
"""In minor units."""
LONGEST_STEP = 24 * 60
"""Minutes. A longer one is a typing error: a practice's visit lies within the hours of a day."""


def parse_length(value: Any) -> int | dict[str, int]:
    """A step's minutes, or a map of them by provider; from one minute to a day each."""
    lengths = value if isinstance(value, dict) else {DEFAULT_LENGTH: value}
    if DEFAULT_LENGTH not in lengths:
        raise ValueError("a map of minutes has a `default`")
    if any(isinstance(length, bool) or not isinstance(length, int) or length < 1 for length in lengths.values()):
        raise ValueError("minutes are a whole number from 1 on, or a map of such: {default: 40, dr-lee: 30}")
    if any(length > LONGEST_STEP for length in lengths.values()):
        raise ValueError(f"a step lasts at most a day ({LONGEST_STEP} minutes)")
    return lengths if isinstance(value, dict) else lengths[DEFAULT_LENGTH]


def require_whole_amount(value: Any) -> Any:
    """Reject an amount with a point: 650.00 is hardly meant to be six and a half."""
    amount = value.get("amount_minor", 0) if isinstance(value, dict) else 0
    if isinstance(amount, bool) or not isinstance(amount, int):
        raise ValueError("`amount_minor` is a whole number of cents: write 650.00 as 65000")  # noqa: TRY004
    return value


def require_price(value: Money) -> Money:
    """Reject a price below nothing, and one that no sum could hold."""
    if not 0 <= value.amount_minor <= HIGHEST_PRICE:
        raise ValueError(f"a price is not below 0, and not above {HIGHEST_PRICE}")
    return value


Price = Annotated[Money, BeforeValidator(require_whole_amount), AfterValidator(require_price)]
Length = Annotated[int | dict[str, int], PlainValidator(parse_length)]


class Need(Entry):
    """Somebody or something a step cannot do without."""

    kind: Word
    skills: frozenset[Word] = frozenset()
    """All of them."""
    certification: Word | None = None
    """Valid on the local date of arrival."""
    id: Word | None = None
    """That one."""
    any_of: Annotated[tuple[Word, ...] | None, Some] = Field(default=None, alias="any")
    named: Word | None = Field(default=None, alias="as")
    present: Flag = False
    """Only on duty throughout the step, free or not; nobody is taken."""

    @model_validator(mode="after")
    def _presence_has_no_name(self) -> Self:
        if self.present and self.named is not None:
            raise ValueError("a need with `present` has no name: nobody is taken")
        return self

    @property
    def name(self) -> str:
        """Needs of one name are filled by one and the same resource in every step."""
        return self.named or self.kind


class Step(Entry):
    """A stretch of a visit with the same needs throughout."""

    name: Word
    minutes: Length
    """Elapsed minutes, or by whoever fills the name `provider`, with a `default`."""
    patient: Flag = True
    needs: tuple[Need, ...] = ()


class Use(Entry):
    """Stock that a visit uses."""

    product: Word
    quantity: Quantity


class Option(Entry):
    """A variant of a service: what it names replaces the service's own."""

    id: Word
    name: Word | None = None
    minutes: dict[Word, Length] = Field(default_factory=dict)
    """By step."""
    uses: tuple[Use, ...] | None = None
    price: Price | None = None


class Series(Entry):
    """A course of sessions; the days bind consecutive ones."""

    sessions: Annotated[Positive, Field(le=1_000)] | None = None
    min_days: DayCount = 0
    max_days: DayCount | None = None

    @model_validator(mode="after")
    def _not_crossed(self) -> Self:
        _reject_crossed_days(self.min_days, self.max_days)
        return self


class Spacing(Entry):
    """A visit arrives at least `min_days` after one of the service or tag named."""

    after: Word
    min_days: DayCount


class Requirement(Entry):
    """A visit of the service or tag named arrives between `min_days` and `max_days` before."""

    before: Word
    min_days: DayCount = 0
    max_days: DayCount | None = None

    @model_validator(mode="after")
    def _not_crossed(self) -> Self:
        _reject_crossed_days(self.min_days, self.max_days)
        return self


class PracticeService(Entry):
    """What can be booked: a protocol of steps, one after another without gaps."""

    id: Word
    name: Word | None = None
    tags: frozenset[Word] = frozenset()
    price: Price | None = None
    steps: tuple[Step, ...]
    uses: tuple[Use, ...] = ()
    options: tuple[Option, ...] = ()
    series: Series | None = None
    spacing: tuple[Spacing, ...] = ()
    requires: tuple[Requirement, ...] = ()
    consents: tuple[Word, ...] = ()
    """Forms that the patient signs before it."""
    offered: Dated | None = None
    """The local dates of arrival on which it can be booked. None: any."""

    @model_validator(mode="after")
    def _has_a_patient(self) -> Self:
        if not any(step.patient for step in self.steps):
            raise ValueError("no step is with the patient: at least one has `patient: true`")
        return self

    def option(self, option_id: str | None) -> Option | None:
        """The option of that id; None where there is none."""
        return next((option for option in self.options if option.id == option_id), None)

    def answers_to(self, word: str) -> bool:
        """Whether `word` is this service's id or one of its tags."""
        return word == self.id or word in self.tags

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its needs, in order of appearance."""
        return tuple(dict.fromkeys(need.name for step in self.steps for need in step.needs if not need.present))


def _reject_crossed_days(min_days: int, max_days: int | None) -> None:
    if max_days is not None and max_days < min_days:
        raise ValueError("`max_days` is not below `min_days`")
