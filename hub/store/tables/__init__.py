"""The tables, by theme. `metadata` describes exactly what the migrations build (a test compares them)."""

from hub.store.tables.allowances import allowance
from hub.store.tables.booking import absence, block, booking_key, claim, hold, practice_version, resource_unit
from hub.store.tables.chart import document, filled_form
from hub.store.tables.consents import consent
from hub.store.tables.cutovers import cutover_step, reentry
from hub.store.tables.delivery import outbox_delivery
from hub.store.tables.diary import diary_change
from hub.store.tables.finance import gift_card, invoice, membership, payment
from hub.store.tables.imports import (
    batch_note,
    batch_reversal,
    disposition,
    history_conflict,
    import_batch,
    landed_row,
    mapping_version,
    migration,
)
from hub.store.tables.inbox import inbox_event
from hub.store.tables.journal import audit_entry, audit_seal, domain_event, review_issue
from hub.store.tables.metadata import metadata
from hub.store.tables.pending import payment_intent, pending_change
from hub.store.tables.people import person_merge, person_pair
from hub.store.tables.records import location, patient, provider, resource, service, visit
from hub.store.tables.repairs import repair_change, repair_proposal
from hub.store.tables.schedules import role, schedule, slot
from hub.store.tables.sources import awaiting_record, field_conflict, source_link, source_record, stream_cursor
from hub.store.tables.stock import lot, lot_movement, open_vial, package, package_use, stock_promise
from hub.store.tables.verifications import migration_signature, verification, verification_check, verification_total
from hub.store.tables.waitlist import freed, waitlist_entry

__all__ = [
    "allowance",
    "awaiting_record",
    "absence",
    "audit_entry",
    "audit_seal",
    "batch_note",
    "batch_reversal",
    "block",
    "booking_key",
    "claim",
    "consent",
    "cutover_step",
    "diary_change",
    "disposition",
    "document",
    "domain_event",
    "field_conflict",
    "filled_form",
    "freed",
    "gift_card",
    "history_conflict",
    "hold",
    "import_batch",
    "inbox_event",
    "invoice",
    "landed_row",
    "location",
    "lot",
    "lot_movement",
    "mapping_version",
    "membership",
    "metadata",
    "migration",
    "migration_signature",
    "open_vial",
    "outbox_delivery",
    "package",
    "package_use",
    "patient",
    "payment",
    "payment_intent",
    "pending_change",
    "person_merge",
    "person_pair",
    "practice_version",
    "provider",
    "reentry",
    "repair_change",
    "repair_proposal",
    "resource",
    "resource_unit",
    "review_issue",
    "role",
    "schedule",
    "service",
    "slot",
    "source_link",
    "source_record",
    "stock_promise",
    "stream_cursor",
    "verification",
    "verification_check",
    "verification_total",
    "visit",
    "waitlist_entry",
]
