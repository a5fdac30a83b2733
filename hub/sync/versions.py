"""Why a row is merged into another one of its record: the one modified last counts."""

from enum import StrEnum


class Why(StrEnum):
    """Why a row is merged into the one that is kept."""

    REPEATED = "repeated"
    """The same to the letter as a row before it."""
    SUPERSEDED = "superseded"
    """An older version."""
