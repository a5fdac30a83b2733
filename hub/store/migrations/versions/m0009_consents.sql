CREATE TABLE consent (
    id TEXT NOT NULL,
    patient_id TEXT NOT NULL,
    form_id TEXT NOT NULL,
    version TEXT NOT NULL,
    state TEXT NOT NULL,
    prepared_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    signed_at TIMESTAMP WITH TIME ZONE,
    valid_until DATE,
    voided_at TIMESTAMP WITH TIME ZONE,
    document TEXT,
    CONSTRAINT pk_consent PRIMARY KEY (id),
    CONSTRAINT ck_consent_state CHECK (state IN ('prepared', 'signed', 'void')),
    CONSTRAINT ck_consent_signed CHECK ((state = 'prepared') = (signed_at IS NULL)),
    CONSTRAINT ck_consent_voided CHECK ((state = 'void') = (voided_at IS NOT NULL)),
    CONSTRAINT fk_consent_patient_id FOREIGN KEY(patient_id) REFERENCES patient (id)
);

CREATE INDEX ix_consent_patient_id ON consent (patient_id);

CREATE UNIQUE INDEX uq_consent_prepared ON consent (patient_id, form_id, version) WHERE state = 'prepared';

COMMENT ON TABLE consent IS 'That a patient signed a form, not what was signed.';

COMMENT ON COLUMN consent.form_id IS 'Of the practice file.';

COMMENT ON COLUMN consent.valid_until IS 'The last local date on which it holds; None: until it is withdrawn.';

COMMENT ON COLUMN consent.document IS 'The reference of the signed document where it is kept; never its content.';

GRANT SELECT, INSERT ON consent TO hub_app;

GRANT UPDATE (state, signed_at, valid_until, voided_at, document) ON consent TO hub_app;
