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
    KnownKey,
    Placed,
    Practices,
    Site,
)
from hub.ports.facts import BREAKS_RULES, Facts
from hub.ports.journal import AuditEntry, Delivery, Issue, Issues, Journal, Outbox, Sent
from hub.ports.records import Cursors, Disposition, Imports, Landed, Landing, Link, Links, Records, Saved, Verdict
from hub.ports.running import Running, TakenBy
from hub.ports.store import Checkpoint, Store, UnitOfWork
from hub.ports.systems import Page, Rejected, Sink, Source, Write
from hub.ports.visits import Ending, Holds, OverHolds, StandingVisit, Visits

__all__ = [
    "BREAKS_RULES",
    "AppliedPractice",
    "Attempt",
    "AuditEntry",
    "BookableResource",
    "Bookings",
    "Checkpoint",
    "Claims",
    "Cursors",
    "Delivery",
    "Diaries",
    "Disposition",
    "Ending",
    "FactClaim",
    "Facts",
    "Holds",
    "Imports",
    "Issue",
    "Issues",
    "Journal",
    "KnownKey",
    "Landed",
    "Landing",
    "Link",
    "Links",
    "Outbox",
    "OverHolds",
    "Page",
    "Placed",
    "Practices",
    "Records",
    "Rejected",
    "Running",
    "Saved",
    "Sent",
    "Sink",
    "Site",
    "Source",
    "StandingVisit",
    "Store",
    "TakenBy",
    "UnitOfWork",
    "Verdict",
    "Visits",
    "Write",
]
