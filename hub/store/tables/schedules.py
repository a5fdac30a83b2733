"""Who works where, and which times are closed, as other systems have it."""

from sqlalchemy import CheckConstraint, Column, Date, DateTime, Table, Text

from hub.store.tables.metadata import flag, lineage, metadata, provenance, reference

role = Table(
    "role",
    metadata,
    Column("id", Text, primary_key=True),
    reference("provider_id", "provider.id", nullable=False),
    reference("location_id", "location.id"),
    Column("speciality", Text),
    Column("since_on", Date),
    Column("until_on", Date, comment="The last day of it."),
    flag("active", default=True),
    *provenance(),
    lineage(),
    comment="What other systems say of who works where; the practice file says who is booked.",
)

schedule = Table(
    "schedule",
    metadata,
    Column("id", Text, primary_key=True),
    reference("provider_id", "provider.id"),
    reference("room_id", "resource.id"),
    flag("active", default=True),
    *provenance(),
    lineage(),
)

slot = Table(
    "slot",
    metadata,
    Column("id", Text, primary_key=True),
    reference("schedule_id", "schedule.id", nullable=False),
    Column("start", DateTime(timezone=True), nullable=False),
    Column("end", DateTime(timezone=True), nullable=False),
    Column("state", Text, nullable=False),
    *provenance(),
    lineage(),
    CheckConstraint('"end" > start', name="ends_after_it_starts"),
    CheckConstraint("state IN ('open', 'closed')", name="state"),
    comment="A closed one to come takes its resource's time as a block of the same id.",
)
