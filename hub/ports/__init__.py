"""What the operations need from outside, as protocols: sources, sinks, the unit of work.

Connectors and the store implement these; tests run the real ones. The clock is no port: one operation takes one
timestamp, from the database, and hands it down as `now`.
"""

from hub.ports.booking import (
    AppliedPractice,
    Attempt,
    BookableResource,
    Bookings,
    Claims,
    Diaries,
    FactClaim,
    InForce,
    KnownKey,
    Look,
    Placed,
    Practices,
    Recalled,
    Site,
)
from hub.ports.calendars import Absent, Confirmed, Declined, Unknown, VendorCalendar
from hub.ports.consents import Consents
from hub.ports.facts import BREAKS_RULES, Facts
from hub.ports.journal import Act, AuditEntry, Delivery, Issue, Issues, Journal, Outbox, Sent
from hub.ports.payments import Authorised, Captured, PaymentRequest, Payments, Refused, Voided
from hub.ports.pending import DueDeposit, HeldVisit, NewPending, PaymentBook, Pending, PendingKind, Pendings
from hub.ports.records import (
    Awaiting,
    Cursors,
    Disposition,
    Imports,
    KnownPart,
    Landed,
    Landing,
    Link,
    Links,
    QuarantinedRow,
    Records,
    Saved,
    Verdict,
)
from hub.ports.running import Running, TakenBy
from hub.ports.stock import Stock
from hub.ports.store import Checkpoint, Reading, Store, UnitOfWork
from hub.ports.systems import Page, Rejected, Roll, Sink, Source, Write
from hub.ports.visits import Ending, Holds, OverHolds, StandingVisit, Visits
from hub.ports.waivers import Waivers

__all__ = [
    "Awaiting",
    "BREAKS_RULES",
    "Absent",
    "Act",
    "AppliedPractice",
    "Attempt",
    "AuditEntry",
    "Authorised",
    "BookableResource",
    "Bookings",
    "Captured",
    "Checkpoint",
    "Claims",
    "Confirmed",
    "Consents",
    "Cursors",
    "Declined",
    "Delivery",
    "Diaries",
    "Disposition",
    "DueDeposit",
    "Ending",
    "FactClaim",
    "Facts",
    "HeldVisit",
    "Holds",
    "Imports",
    "Issue",
    "Issues",
    "Journal",
    "KnownKey",
    "KnownPart",
    "Landed",
    "Landing",
    "Link",
    "Links",
    "InForce",
    "Look",
    "NewPending",
    "Outbox",
    "OverHolds",
    "Page",
    "PaymentBook",
    "PaymentRequest",
    "Payments",
    "Pending",
    "PendingKind",
    "Pendings",
    "Placed",
    "Practices",
    "QuarantinedRow",
    "Reading",
    "Recalled",
    "Records",
    "Refused",
    "Rejected",
    "Roll",
    "Running",
    "Saved",
    "Sent",
    "Sink",
    "Site",
    "Source",
    "StandingVisit",
    "Stock",
    "Store",
    "TakenBy",
    "UnitOfWork",
    "Unknown",
    "VendorCalendar",
    "Verdict",
    "Visits",
    "Voided",
    "Waivers",
    "Write",
]
