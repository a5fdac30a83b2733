"""A record that the practice file owns, and another system knows too."""

from typing import TypeVar

from hub.canonical.record import Record

R = TypeVar("R", bound=Record)


def fill_blanks(owned: R, other: Record) -> R:
    """The owned record, with what it leaves empty taken from the other of its kind. Twice equals once."""
    blanks = {
        name: value
        for name in type(owned).model_fields
        if getattr(owned, name) is None and (value := getattr(other, name)) is not None
    }
    return owned.model_copy(update=blanks) if blanks else owned
