"""Somebody who reserves, takes and gives back money, as the operations ask. Payment connections fill it."""

from dataclasses import dataclass
from typing import Protocol

from hub.canonical.money import Money
from hub.ports.calendars import Absent, Unknown


@dataclass(frozen=True, slots=True)
class Authorised:
    """The amount is reserved and not taken yet."""

    reference: str
    """The processor's own name for it."""


@dataclass(frozen=True, slots=True)
class Captured:
    """The amount is taken."""

    reference: str


@dataclass(frozen=True, slots=True)
class Voided:
    """Nothing is reserved or taken under this key, and nothing will be."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The processor will not."""

    code: str
    """Its reason, not personal."""


@dataclass(frozen=True, slots=True)
class PaymentRequest:
    """What is to be reserved."""

    key: str
    """Idempotency key: the same key is the same payment, however often it is sent."""
    amount: Money
    method: str | None
    """The processor's own token for how the patient pays; the hub neither reads nor keeps it, and no card ever."""


class Payments(Protocol):
    """A payment processor.

    No method raises for what the processor does or fails to do. Each returns within about half a minute, and doing it
    again with the same key is the same as doing it once.
    """

    def authorise(self, request: PaymentRequest) -> Authorised | Refused | Unknown:
        """Reserve the amount."""
        ...

    def look(self, key: str) -> Authorised | Captured | Voided | Refused | Absent | Unknown:
        """What stands under the key now. Absent: nothing yet; what is still on its way may come."""
        ...

    def capture(self, key: str) -> Captured | Refused | Unknown:
        """Take what is reserved."""
        ...

    def void(self, key: str) -> Voided | Refused | Unknown:
        """Let go of what is reserved; of a key that nobody knows: see that nothing is reserved under it later."""
        ...
