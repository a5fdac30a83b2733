CREATE TABLE repair_proposal (
    id TEXT NOT NULL,
    location_id TEXT NOT NULL,
    on_date DATE NOT NULL,
    notice_minutes INTEGER NOT NULL,
    proven BOOLEAN NOT NULL,
    kept INTEGER NOT NULL,
    book_version TEXT NOT NULL,
    made_by TEXT NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_repair_proposal PRIMARY KEY (id),
    CONSTRAINT ck_repair_proposal_notice_minutes CHECK (notice_minutes >= 0),
    CONSTRAINT fk_repair_proposal_location_id FOREIGN KEY(location_id) REFERENCES location (id)
);

CREATE INDEX ix_repair_proposal_location_id_on_date ON repair_proposal (location_id, on_date);

COMMENT ON TABLE repair_proposal IS 'Append-only: how a day that no longer fits could be repaired.';

COMMENT ON COLUMN repair_proposal.on_date IS 'Local.';

COMMENT ON COLUMN repair_proposal.proven IS 'Whether no better plan exists; else the best that was found in the time.';

COMMENT ON COLUMN repair_proposal.book_version IS 'A digest of the day as it stood.';

CREATE TABLE repair_change (
    proposal_id TEXT NOT NULL,
    visit_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    trip_id TEXT,
    fate TEXT NOT NULL,
    from_at TIMESTAMP WITH TIME ZONE NOT NULL,
    to_at TIMESTAMP WITH TIME ZONE NOT NULL,
    from_resources JSONB NOT NULL,
    to_resources JSONB NOT NULL,
    why TEXT[] NOT NULL,
    applied_at TIMESTAMP WITH TIME ZONE,
    applied_by TEXT,
    CONSTRAINT pk_repair_change PRIMARY KEY (proposal_id, visit_id),
    CONSTRAINT uq_repair_change_proposal_id_number UNIQUE (proposal_id, number),
    CONSTRAINT ck_repair_change_fate CHECK (fate IN ('kept', 'moved', 'unplaced')),
    CONSTRAINT ck_repair_change_applied CHECK ((applied_at IS NULL) = (applied_by IS NULL)),
    CONSTRAINT fk_repair_change_proposal_id FOREIGN KEY(proposal_id) REFERENCES repair_proposal (id),
    CONSTRAINT fk_repair_change_visit_id FOREIGN KEY(visit_id) REFERENCES visit (id)
);

CREATE INDEX ix_repair_change_visit_id ON repair_change (visit_id);

COMMENT ON TABLE repair_change IS 'What a proposal would do to one visit.';

COMMENT ON COLUMN repair_change.fate IS 'kept: at its time, with other resources; unplaced: it stays, flagged.';

COMMENT ON COLUMN repair_change.from_resources IS 'Need name → resource, all of them.';

COMMENT ON COLUMN repair_change.why IS 'Codes: what it lacks where it stands, or makes_room.';

GRANT SELECT, INSERT ON repair_proposal TO hub_app;

GRANT SELECT, INSERT, UPDATE ON repair_change TO hub_app;
