"""Splink as the hub's `Likeness`. It costs a second to import, so that happens when somebody is scored."""

from collections.abc import Sequence

from hub.sync.people.decide import Scores
from hub.sync.people.normal import Person


class SplinkLikeness:
    """`hub.ports.people.Likeness`. Nothing is written anywhere, and nothing personal is logged."""

    def score(self, people: Sequence[Person], least: float) -> Scores:
        """See the port."""
        from hub.matching.splink_scores import score_people  # noqa: PLC0415 costs a second

        return score_people(people, least)
