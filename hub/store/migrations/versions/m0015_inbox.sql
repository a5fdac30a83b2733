CREATE TABLE inbox_event (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    system TEXT NOT NULL,
    event_id TEXT,
    type TEXT NOT NULL,
    kind TEXT,
    record_id TEXT,
    gone BOOLEAN DEFAULT false NOT NULL,
    merged_into TEXT,
    state TEXT DEFAULT 'pending' NOT NULL,
    attempts INTEGER DEFAULT 0 NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    next_try_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    lease_until TIMESTAMP WITH TIME ZONE,
    done_at TIMESTAMP WITH TIME ZONE,
    last_error TEXT,
    CONSTRAINT pk_inbox_event PRIMARY KEY (id),
    CONSTRAINT uq_inbox_event_system_event_id UNIQUE (system, event_id),
    CONSTRAINT ck_inbox_event_state CHECK (state IN ('pending', 'leased', 'done', 'ignored', 'dead'))
);

CREATE INDEX ix_inbox_event_due ON inbox_event (system, next_try_at) WHERE state IN ('pending', 'leased');

COMMENT ON TABLE inbox_event IS 'Events by webhook: what they speak of, not what they say.';

COMMENT ON COLUMN inbox_event.event_id IS 'The system''s own; without one each event counts.';

COMMENT ON COLUMN inbox_event.kind IS 'NULL: of no interest.';

COMMENT ON COLUMN inbox_event.record_id IS 'The record that it speaks of; NULL: it does not say which.';

COMMENT ON COLUMN inbox_event.last_error IS 'What a person needs to know; never a personal value.';

GRANT SELECT, INSERT, UPDATE ON inbox_event TO hub_app;
