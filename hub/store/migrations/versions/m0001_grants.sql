-- What the application may do. Append-only: source_record, practice_version, booking_key, domain_event, audit_entry,
-- audit_seal, disposition. Rows are deleted only where their going is the fact: claims, promises, uses, blocks.
GRANT USAGE ON SCHEMA public TO hub_app;

GRANT SELECT ON alembic_version TO hub_app;

GRANT SELECT, INSERT ON
    source_record, practice_version, booking_key, domain_event, audit_entry, audit_seal, disposition
TO hub_app;

GRANT SELECT, INSERT, UPDATE ON
    source_link, stream_cursor, patient, location, provider, resource, service, visit, resource_unit, lot, package,
    outbox_delivery, review_issue, import_batch
TO hub_app;

GRANT SELECT, INSERT, UPDATE, DELETE ON block, claim, stock_promise, package_use TO hub_app;
