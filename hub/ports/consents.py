"""What the store keeps of patients' consents, and of who is here."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Protocol

from hub.canonical.consents import Consent
from hub.canonical.records import Visit


class Consents(Protocol):
    """Consents by patient. Whoever signs, withdraws or checks in has locked the patient's key."""

    def load(self, patient_ids: Collection[str]) -> Mapping[str, tuple[Consent, ...]]:
        """Patient → their consents, the oldest first; whoever has none has an empty one."""
        ...

    def prepare(self, patient_id: str, form_id: str, version: str) -> Consent | None:
        """One that waits to be signed; None: there was one already."""
        ...

    def sign(
        self, patient_id: str, form_id: str, version: str, *, valid_until: date | None, document: str | None = None
    ) -> Consent:
        """Signed now; the one that waited for it becomes it."""
        ...

    def withdraw(self, patient_id: str, form_id: str) -> tuple[Consent, ...]:
        """Void all that are signed of the form; gives them."""
        ...

    def load_visits(self, patient_ids: Collection[str]) -> Mapping[str, tuple[Visit, ...]]:
        """Patient → their visits that are booked, arrived or over and took place, by arrival."""
        ...

    def check_in(self, visit_ids: Collection[str]) -> None:
        """The patients are here."""
        ...
