"""Money: whole minor units and a currency."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
DEFAULT_CURRENCY: Currency = "USD"
"""What an amount is in that names none."""


class Money(BaseModel):
    """An amount in minor units (cents of USD); negative for what goes back."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    amount_minor: int
    currency: Currency = DEFAULT_CURRENCY
