CREATE TABLE migration (
    system TEXT NOT NULL,
    folder TEXT NOT NULL,
    zone TEXT NOT NULL,
    today DATE NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_migration PRIMARY KEY (system)
);

COMMENT ON TABLE migration IS 'Systems whose history is moved here.';

COMMENT ON COLUMN migration.zone IS 'IANA, of its wall times.';

COMMENT ON COLUMN migration.today IS 'The day that all attempts take for today, so that a later one decides alike.';

ALTER TABLE import_batch ADD COLUMN stage TEXT DEFAULT 'import' NOT NULL;

ALTER TABLE import_batch ADD COLUMN kind TEXT;

ALTER TABLE import_batch ADD COLUMN month TEXT;

ALTER TABLE import_batch ADD COLUMN fingerprint TEXT;

COMMENT ON COLUMN import_batch.stage IS 'What was done: land, load, replay, account; import: a whole export at once.';

COMMENT ON COLUMN import_batch.month IS 'YYYY-MM of a partition; empty: rows without a day, or all of them.';

COMMENT ON COLUMN import_batch.fingerprint IS 'Of all that decided the outcome: the same inputs are not done again.';

ALTER TABLE import_batch DROP CONSTRAINT ck_import_batch_state;

ALTER TABLE import_batch ADD CONSTRAINT ck_import_batch_state
    CHECK (state IN ('running', 'loaded', 'failed', 'superseded', 'reversed'));

CREATE UNIQUE INDEX uq_import_batch_partition ON import_batch (system, stage, kind, month) NULLS NOT DISTINCT
    WHERE state = 'loaded' AND stage <> 'import';

ALTER TABLE disposition DROP CONSTRAINT ck_disposition_verdict;

ALTER TABLE disposition ADD CONSTRAINT ck_disposition_verdict
    CHECK (verdict IN ('loaded', 'merged', 'quarantined', 'review'));

CREATE TABLE landed_row (
    batch_id BIGINT NOT NULL,
    file TEXT NOT NULL,
    line INTEGER NOT NULL,
    source_id TEXT NOT NULL,
    source_record_id BIGINT NOT NULL,
    month TEXT NOT NULL,
    why TEXT,
    CONSTRAINT pk_landed_row PRIMARY KEY (batch_id, file, line),
    CONSTRAINT fk_landed_row_batch_id FOREIGN KEY(batch_id) REFERENCES import_batch (id),
    CONSTRAINT fk_landed_row_source_record_id FOREIGN KEY(source_record_id) REFERENCES source_record (id),
    CONSTRAINT ck_landed_row_why CHECK (why IN ('repeated', 'superseded'))
);

CREATE INDEX ix_landed_row_batch_id_month ON landed_row (batch_id, month);

COMMENT ON TABLE landed_row IS 'Every line of a landed file, and which of the versions of a record counts.';

COMMENT ON COLUMN landed_row.month IS 'YYYY-MM of the version that counts; empty: it names no day.';

COMMENT ON COLUMN landed_row.why IS 'Why the row adds nothing; NULL: it is the version that counts.';

CREATE TABLE history_conflict (
    system TEXT NOT NULL,
    unit TEXT NOT NULL,
    unit_id TEXT NOT NULL,
    first_id TEXT NOT NULL,
    second_id TEXT NOT NULL,
    CONSTRAINT pk_history_conflict PRIMARY KEY (system, unit, first_id, second_id),
    CONSTRAINT fk_history_conflict_first_id FOREIGN KEY(first_id) REFERENCES visit (id),
    CONSTRAINT fk_history_conflict_second_id FOREIGN KEY(second_id) REFERENCES visit (id)
);

COMMENT ON TABLE history_conflict IS 'Visits of a moved history that could not both have happened; both are kept.';

COMMENT ON COLUMN history_conflict.unit IS 'The field that both name: patient_id, provider_id, room_id, device_id.';

CREATE TABLE mapping_version (
    system TEXT NOT NULL,
    kind TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    content TEXT NOT NULL,
    first_used_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_mapping_version PRIMARY KEY (system, kind, fingerprint)
);

COMMENT ON TABLE mapping_version IS 'Every mapping table that a history was ever read with. Append-only.';

CREATE VIEW current_disposition AS
SELECT DISTINCT ON (b.system, d.file, d.line) b.system, b.kind, b.month, d.batch_id, d.file, d.line, d.source_key,
    d.verdict, d.reason, d.source_record_id, d.canonical_id
FROM disposition d JOIN import_batch b ON b.id = d.batch_id
WHERE b.state = 'loaded'
ORDER BY b.system, d.file, d.line, d.batch_id DESC;

COMMENT ON VIEW current_disposition IS 'What became of each row, by the last attempt that counts.';

GRANT SELECT, INSERT, UPDATE ON migration TO hub_app;

GRANT SELECT, INSERT ON landed_row, mapping_version TO hub_app;

GRANT SELECT, INSERT, DELETE ON history_conflict TO hub_app;

GRANT SELECT ON current_disposition TO hub_app;
