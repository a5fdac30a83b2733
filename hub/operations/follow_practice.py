"""What a new practice file asks for of the book as it stands: consents of those who are booked, and reorders."""

from hub.canonical.practice import Practice
from hub.operations.note_shortages import note_shortages
from hub.operations.note_visits import load_visits
from hub.operations.visit_clearances import prepare_consents
from hub.ports import UnitOfWork


def follow_practice(work: UnitOfWork, practice: Practice, *, actor: str) -> None:
    """Have every form wait that booked visits need by it, and bring the reorder tasks up to date.

    Part of the operation that puts it in force, which has the table of claims alone.
    """
    if practice.consents:
        prepare_consents(work, practice, load_visits(work, work.facts.find_to_come()), actor=actor)
    places = [(product.id, location.id) for product in practice.products for location in practice.locations]
    if places:
        work.bookings.lock([("stock", *place) for place in places])
        note_shortages(work, practice, places, always=True)
