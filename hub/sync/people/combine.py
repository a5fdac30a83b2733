"""One record of two that are one person."""

from hub.canonical.records import Patient
from hub.sync.blanks import fill_blanks


def combine(survivor: Patient, other: Patient) -> Patient:
    """The survivor, its blanks filled from the other; of what they allow the strictest holds. Twice equals once."""
    allowed = {
        "texts_allowed": strictest(survivor.texts_allowed, other.texts_allowed),
        "marketing_allowed": strictest(survivor.marketing_allowed, other.marketing_allowed),
    }
    active = survivor.active or other.active
    return fill_blanks(survivor, other).model_copy(update={**allowed, "active": active})


def strictest(*words: bool | None) -> bool | None:
    """No beats never asked, and that beats yes."""
    return False if False in words else None if None in words else True
