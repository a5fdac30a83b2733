"""`identity.yaml`: what a score of two patients decides, where the rules of matching leave it open."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class IdentityRules(BaseModel):
    """Thresholds of matching. The rules of hub/sync/people/judge.py always come first: no score undoes them."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    merge_from: Annotated[float, Field(ge=0.95, le=1)] = 0.999
    """From this score on two are merged, if they share a phone or a mailbox. 1: never by a score."""
    review_from: Annotated[float, Field(gt=0, le=1)] = 0.5
    """From this score on a person decides; below, they are two."""
    score_from_people: Annotated[int, Field(ge=200)] = 500
    """Among fewer patients nobody scores: what the rules leave open is for a person."""

    @model_validator(mode="after")
    def _review_before_merge(self) -> Self:
        if self.review_from > self.merge_from:
            raise ValueError("review_from is above merge_from")
        return self
