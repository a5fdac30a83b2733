"""What visits cost, and what of it was waived."""

from collections.abc import Collection, Mapping
from typing import Protocol

from hub.scheduling.waivers import Owed


class Waivers(Protocol):
    """The money side of visits. Amounts are minor units of each visit's price."""

    def load(self, visit_ids: Collection[str]) -> dict[str, Owed]:
        """What each of them costs, in the order given. Whoever changes it has locked `("visit", id)` before."""
        ...

    def save(self, owed: Mapping[str, Owed]) -> None:
        """Write down what is waived of each, and give back the credits that are."""
        ...
