"""How a stream sees what happened in its system."""

from typing import Literal

from hub.connectors.kit.spec.declared import Declared


class Sees(Declared):
    """What the reading of a stream can be trusted to show."""

    changes: Literal["modified", "every_time", "horizon", "webhook"] | None = None
    """`modified`: it asks for what changed `since`; `every_time`: it reads everything each time. Said by `since` itself
    where nothing stands here."""
    deletions: Literal["tombstone", "sweep", "webhook", "none"] | None = None
    """`tombstone`: deleted records come with a mark. Said by `read.deleted` itself where nothing stands here."""
