CREATE TABLE verification (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    system TEXT NOT NULL,
    data_hash TEXT NOT NULL,
    verified_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_verification PRIMARY KEY (id)
);

CREATE INDEX ix_verification_system ON verification (system);

COMMENT ON TABLE verification IS 'Each attempt to prove a moved history.';

COMMENT ON COLUMN verification.data_hash IS 'Of all that was verified, taken before the first check.';

CREATE TABLE verification_check (
    verification_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    says TEXT NOT NULL,
    state TEXT NOT NULL,
    looked_at BIGINT,
    findings BIGINT NOT NULL,
    examples JSONB NOT NULL,
    because TEXT,
    accepted_by TEXT,
    CONSTRAINT pk_verification_check PRIMARY KEY (verification_id, name),
    CONSTRAINT ck_verification_check_state CHECK (state IN ('ok', 'failed', 'accepted', 'broken')),
    CONSTRAINT fk_verification_check_verification_id FOREIGN KEY(verification_id) REFERENCES verification (id)
);

COMMENT ON TABLE verification_check IS 'What each check of an attempt found; broken: it could not be judged.';

COMMENT ON COLUMN verification_check.says IS 'The rule, in words.';

COMMENT ON COLUMN verification_check.looked_at IS 'How many rows or values were compared, where that was counted.';

COMMENT ON COLUMN verification_check.findings IS 'How many contradict it.';

COMMENT ON COLUMN verification_check.examples IS 'A few of them: files, lines, ids and numbers.';

COMMENT ON COLUMN verification_check.because IS 'Why the practice lives with it.';

CREATE TABLE verification_total (
    verification_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    dimension TEXT NOT NULL,
    value TEXT NOT NULL,
    said BIGINT NOT NULL,
    found BIGINT NOT NULL,
    said_minor BIGINT,
    found_minor BIGINT,
    CONSTRAINT pk_verification_total PRIMARY KEY (verification_id, kind, dimension, value),
    CONSTRAINT fk_verification_total_verification_id FOREIGN KEY(verification_id) REFERENCES verification (id)
);

COMMENT ON TABLE verification_total IS 'Control totals of an attempt, side by side.';

COMMENT ON COLUMN verification_total.said IS 'How many the landed text says, read by PostgreSQL alone.';

COMMENT ON COLUMN verification_total.found IS 'How many stand in the hub.';

COMMENT ON COLUMN verification_total.said_minor IS 'Their money, in cents.';

CREATE TABLE migration_signature (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    verification_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    data_hash TEXT NOT NULL,
    signed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_migration_signature PRIMARY KEY (id),
    CONSTRAINT fk_migration_signature_verification_id FOREIGN KEY(verification_id) REFERENCES verification (id)
);

CREATE INDEX ix_migration_signature_verification_id ON migration_signature (verification_id);

COMMENT ON TABLE migration_signature IS 'A signature speaks of the data of its hash and of no other.';

COMMENT ON COLUMN migration_signature.name IS 'Who answers for it.';

COMMENT ON COLUMN migration_signature.data_hash IS 'Of all that it speaks of.';

GRANT SELECT, INSERT ON verification, verification_check, verification_total, migration_signature TO hub_app;
