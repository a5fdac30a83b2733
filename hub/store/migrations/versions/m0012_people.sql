ALTER TABLE patient ADD COLUMN merged_into TEXT,
    ADD CONSTRAINT fk_patient_merged_into FOREIGN KEY(merged_into) REFERENCES patient (id),
    ADD CONSTRAINT ck_patient_merged_into CHECK (merged_into <> id);

COMMENT ON COLUMN patient.merged_into IS 'The record of the same person that counts; this one stays as it was.';

CREATE INDEX ix_patient_merged_into ON patient (merged_into) WHERE merged_into IS NOT NULL;

-- By these a new patient finds who may be the same.
CREATE INDEX ix_patient_born_on ON patient (born_on);

CREATE INDEX ix_patient_phone ON patient (phone);

CREATE INDEX ix_patient_email ON patient (email);

CREATE INDEX ix_patient_name ON patient (lower(family_name), lower(given_name));

CREATE TABLE person_pair (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    first_id TEXT NOT NULL,
    second_id TEXT NOT NULL,
    state TEXT DEFAULT 'open' NOT NULL,
    rule TEXT NOT NULL,
    codes TEXT[] DEFAULT '{}' NOT NULL,
    score DOUBLE PRECISION,
    opened_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    decided_at TIMESTAMP WITH TIME ZONE,
    decided_by TEXT,
    reason TEXT,
    CONSTRAINT pk_person_pair PRIMARY KEY (id),
    CONSTRAINT uq_person_pair_first_id_second_id UNIQUE (first_id, second_id),
    CONSTRAINT ck_person_pair_order CHECK (first_id < second_id COLLATE "C"),
    CONSTRAINT ck_person_pair_state CHECK (state IN ('open', 'merged', 'separate')),
    CONSTRAINT ck_person_pair_decided CHECK ((state = 'open') = (decided_at IS NULL)),
    CONSTRAINT fk_person_pair_first_id FOREIGN KEY(first_id) REFERENCES patient (id),
    CONSTRAINT fk_person_pair_second_id FOREIGN KEY(second_id) REFERENCES patient (id)
);

CREATE INDEX ix_person_pair_open ON person_pair (id) WHERE state = 'open';

CREATE INDEX ix_person_pair_second_id ON person_pair (second_id);

COMMENT ON TABLE person_pair IS 'Two who may be one. What a person said of them is kept: nobody is asked twice.';

COMMENT ON COLUMN person_pair.codes IS 'How each field agrees, in words; never a value.';

COMMENT ON COLUMN person_pair.score IS 'How likely they are one, 0 to 1; None: nobody scored them.';

CREATE TABLE person_merge (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    survivor_id TEXT NOT NULL,
    merged_id TEXT NOT NULL,
    rule TEXT NOT NULL,
    codes TEXT[] DEFAULT '{}' NOT NULL,
    score DOUBLE PRECISION,
    actor TEXT NOT NULL,
    reason TEXT,
    batch_id BIGINT,
    merged_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    before JSONB NOT NULL,
    after JSONB NOT NULL,
    moved JSONB DEFAULT '{}' NOT NULL,
    undone_at TIMESTAMP WITH TIME ZONE,
    undone_by TEXT,
    undone_reason TEXT,
    CONSTRAINT pk_person_merge PRIMARY KEY (id),
    CONSTRAINT ck_person_merge_undone CHECK ((undone_at IS NULL) = (undone_by IS NULL)),
    CONSTRAINT fk_person_merge_survivor_id FOREIGN KEY(survivor_id) REFERENCES patient (id),
    CONSTRAINT fk_person_merge_merged_id FOREIGN KEY(merged_id) REFERENCES patient (id),
    CONSTRAINT fk_person_merge_batch_id FOREIGN KEY(batch_id) REFERENCES import_batch (id)
);

CREATE UNIQUE INDEX uq_person_merge_standing ON person_merge (merged_id) WHERE undone_at IS NULL;

CREATE INDEX ix_person_merge_survivor_id ON person_merge (survivor_id);

COMMENT ON TABLE person_merge IS 'Everything that a merge changed, so that it can be taken back.';

COMMENT ON COLUMN person_merge.before IS 'The survivor''s fields that the merge changed, as they were. Personal.';

COMMENT ON COLUMN person_merge.after IS 'The same, as the merge left them. Personal.';

COMMENT ON COLUMN person_merge.moved IS 'Table, ids of the rows that were led to the survivor.';

GRANT SELECT, INSERT, UPDATE ON person_pair, person_merge TO hub_app;

GRANT UPDATE (patient_id) ON consent, hold TO hub_app;
