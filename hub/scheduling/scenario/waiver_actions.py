"""What a scenario asks of waivers."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from hub.canonical.practice import Entry
from hub.canonical.wall import Flag, Positive, Word

Amount = Annotated[Literal["all"] | Positive, Field(union_mode="left_to_right")]


class Waivable(Entry):
    """The keys with which a fee is waived in the same breath."""

    waive: Flag = False
    role: Word | None = None
    reason: str | None = None

    @model_validator(mode="after")
    def _said_of_a_waiver(self) -> Self:
        if not self.waive and (self.role or self.reason):
            raise ValueError("`role` and `reason` go with `waive: true`")
        return self


class Waive(Entry):
    """Let a patient off a fee or a deposit, all of it or an amount in minor units."""

    visit: Word
    fee: Amount | None = None
    deposit: Amount | None = None
    role: Word | None = None
    reason: str | None = None

    @property
    def amount_minor(self) -> int | None:
        """None: all."""
        amount = self.deposit if self.fee is None else self.fee
        return amount if isinstance(amount, int) else None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.fee is None) == (self.deposit is None):
            raise ValueError("it waives either the `fee` or the `deposit`")
        return self
