CREATE TABLE awaiting_record (
    system TEXT NOT NULL,
    kind TEXT NOT NULL,
    source_id TEXT NOT NULL,
    source_record_id BIGINT NOT NULL,
    awaited_id TEXT NOT NULL,
    CONSTRAINT pk_awaiting_record PRIMARY KEY (system, kind, source_id),
    CONSTRAINT fk_awaiting_record_source_record_id FOREIGN KEY(source_record_id) REFERENCES source_record (id)
);

CREATE INDEX ix_awaiting_record_source_record_id ON awaiting_record (source_record_id);

COMMENT ON TABLE awaiting_record IS 'Records that say more of one that is not known yet: kept until it is.';

COMMENT ON COLUMN awaiting_record.source_record_id IS 'Its last state.';

COMMENT ON COLUMN awaiting_record.awaited_id IS 'The other record''s id, in the system that this one joins.';

GRANT SELECT, INSERT, UPDATE, DELETE ON awaiting_record TO hub_app;

ALTER TABLE outbox_delivery ADD COLUMN also JSONB DEFAULT '{}' NOT NULL;

COMMENT ON COLUMN outbox_delivery.also IS 'Where several records there are this one: remote id → the hashes of what was sent of each.';
