-- What charts and schedules of other systems say: documents and forms that are at hand, who works where, which times are closed.

CREATE TABLE role (
    id TEXT NOT NULL,
    provider_id TEXT NOT NULL,
    location_id TEXT,
    speciality TEXT,
    since_on DATE,
    until_on DATE,
    active BOOLEAN DEFAULT true NOT NULL,
    source_record_id BIGINT,
    batch_id BIGINT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    revision INTEGER DEFAULT 1 NOT NULL,
    lineage JSONB,
    CONSTRAINT pk_role PRIMARY KEY (id),
    CONSTRAINT fk_role_provider_id FOREIGN KEY(provider_id) REFERENCES provider (id),
    CONSTRAINT fk_role_location_id FOREIGN KEY(location_id) REFERENCES location (id),
    CONSTRAINT fk_role_source_record_id FOREIGN KEY(source_record_id) REFERENCES source_record (id),
    CONSTRAINT fk_role_batch_id FOREIGN KEY(batch_id) REFERENCES import_batch (id)
);

COMMENT ON TABLE role IS 'What other systems say of who works where; the practice file says who is booked.';

COMMENT ON COLUMN role.until_on IS 'The last day of it.';

COMMENT ON COLUMN role.lineage IS 'Field, or * for the rest -> [source record, rule, since when]; what is not named is the hub''s own.';

CREATE TRIGGER keep_lineage BEFORE UPDATE ON role FOR EACH ROW
    WHEN (OLD.lineage IS NOT NULL AND OLD.lineage IS NOT DISTINCT FROM NEW.lineage)
    EXECUTE FUNCTION keep_lineage('{provider_id,location_id,speciality,since_on,until_on,active}');

GRANT SELECT, INSERT, UPDATE ON role TO hub_app;

CREATE TABLE schedule (
    id TEXT NOT NULL,
    provider_id TEXT,
    room_id TEXT,
    active BOOLEAN DEFAULT true NOT NULL,
    source_record_id BIGINT,
    batch_id BIGINT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    revision INTEGER DEFAULT 1 NOT NULL,
    lineage JSONB,
    CONSTRAINT pk_schedule PRIMARY KEY (id),
    CONSTRAINT fk_schedule_provider_id FOREIGN KEY(provider_id) REFERENCES provider (id),
    CONSTRAINT fk_schedule_room_id FOREIGN KEY(room_id) REFERENCES resource (id),
    CONSTRAINT fk_schedule_source_record_id FOREIGN KEY(source_record_id) REFERENCES source_record (id),
    CONSTRAINT fk_schedule_batch_id FOREIGN KEY(batch_id) REFERENCES import_batch (id)
);

COMMENT ON COLUMN schedule.lineage IS 'Field, or * for the rest -> [source record, rule, since when]; what is not named is the hub''s own.';

CREATE TRIGGER keep_lineage BEFORE UPDATE ON schedule FOR EACH ROW
    WHEN (OLD.lineage IS NOT NULL AND OLD.lineage IS NOT DISTINCT FROM NEW.lineage)
    EXECUTE FUNCTION keep_lineage('{provider_id,room_id,active}');

GRANT SELECT, INSERT, UPDATE ON schedule TO hub_app;

CREATE TABLE slot (
    id TEXT NOT NULL,
    schedule_id TEXT NOT NULL,
    start TIMESTAMP WITH TIME ZONE NOT NULL,
    "end" TIMESTAMP WITH TIME ZONE NOT NULL,
    state TEXT NOT NULL,
    source_record_id BIGINT,
    batch_id BIGINT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    revision INTEGER DEFAULT 1 NOT NULL,
    lineage JSONB,
    CONSTRAINT pk_slot PRIMARY KEY (id),
    CONSTRAINT ck_slot_ends_after_it_starts CHECK ("end" > start),
    CONSTRAINT ck_slot_state CHECK (state IN ('open', 'closed')),
    CONSTRAINT fk_slot_schedule_id FOREIGN KEY(schedule_id) REFERENCES schedule (id),
    CONSTRAINT fk_slot_source_record_id FOREIGN KEY(source_record_id) REFERENCES source_record (id),
    CONSTRAINT fk_slot_batch_id FOREIGN KEY(batch_id) REFERENCES import_batch (id)
);

COMMENT ON TABLE slot IS 'A closed one to come takes its resource''s time as a block of the same id.';

COMMENT ON COLUMN slot.lineage IS 'Field, or * for the rest -> [source record, rule, since when]; what is not named is the hub''s own.';

CREATE TRIGGER keep_lineage BEFORE UPDATE ON slot FOR EACH ROW
    WHEN (OLD.lineage IS NOT NULL AND OLD.lineage IS NOT DISTINCT FROM NEW.lineage)
    EXECUTE FUNCTION keep_lineage('{schedule_id,start,end,state}');

GRANT SELECT, INSERT, UPDATE ON slot TO hub_app;

CREATE TABLE filled_form (
    id TEXT NOT NULL,
    patient_id TEXT NOT NULL,
    form_id TEXT NOT NULL,
    version TEXT,
    state TEXT NOT NULL,
    filled_at TIMESTAMP WITH TIME ZONE,
    source_record_id BIGINT,
    batch_id BIGINT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    revision INTEGER DEFAULT 1 NOT NULL,
    lineage JSONB,
    CONSTRAINT pk_filled_form PRIMARY KEY (id),
    CONSTRAINT ck_filled_form_state CHECK (state IN ('begun', 'completed', 'void')),
    CONSTRAINT fk_filled_form_patient_id FOREIGN KEY(patient_id) REFERENCES patient (id),
    CONSTRAINT fk_filled_form_source_record_id FOREIGN KEY(source_record_id) REFERENCES source_record (id),
    CONSTRAINT fk_filled_form_batch_id FOREIGN KEY(batch_id) REFERENCES import_batch (id)
);

CREATE INDEX ix_filled_form_patient_id ON filled_form (patient_id);

COMMENT ON TABLE filled_form IS 'That a patient filled a form in, not what they answered.';

COMMENT ON COLUMN filled_form.form_id IS 'As its system names the form.';

COMMENT ON COLUMN filled_form.lineage IS 'Field, or * for the rest -> [source record, rule, since when]; what is not named is the hub''s own.';

CREATE TRIGGER keep_lineage BEFORE UPDATE ON filled_form FOR EACH ROW
    WHEN (OLD.lineage IS NOT NULL AND OLD.lineage IS NOT DISTINCT FROM NEW.lineage)
    EXECUTE FUNCTION keep_lineage('{patient_id,form_id,version,state,filled_at}');

GRANT SELECT, INSERT, UPDATE ON filled_form TO hub_app;

CREATE TABLE document (
    id TEXT NOT NULL,
    patient_id TEXT NOT NULL,
    visit_id TEXT,
    provider_id TEXT,
    kind TEXT,
    written_at TIMESTAMP WITH TIME ZONE,
    reference TEXT,
    active BOOLEAN DEFAULT true NOT NULL,
    source_record_id BIGINT,
    batch_id BIGINT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    revision INTEGER DEFAULT 1 NOT NULL,
    lineage JSONB,
    CONSTRAINT pk_document PRIMARY KEY (id),
    CONSTRAINT fk_document_patient_id FOREIGN KEY(patient_id) REFERENCES patient (id),
    CONSTRAINT fk_document_visit_id FOREIGN KEY(visit_id) REFERENCES visit (id),
    CONSTRAINT fk_document_provider_id FOREIGN KEY(provider_id) REFERENCES provider (id),
    CONSTRAINT fk_document_source_record_id FOREIGN KEY(source_record_id) REFERENCES source_record (id),
    CONSTRAINT fk_document_batch_id FOREIGN KEY(batch_id) REFERENCES import_batch (id)
);

CREATE INDEX ix_document_patient_id ON document (patient_id);

COMMENT ON COLUMN document.reference IS 'Where it is kept; never its content.';

COMMENT ON COLUMN document.lineage IS 'Field, or * for the rest -> [source record, rule, since when]; what is not named is the hub''s own.';

CREATE TRIGGER keep_lineage BEFORE UPDATE ON document FOR EACH ROW
    WHEN (OLD.lineage IS NOT NULL AND OLD.lineage IS NOT DISTINCT FROM NEW.lineage)
    EXECUTE FUNCTION keep_lineage('{patient_id,visit_id,provider_id,kind,written_at,reference,active}');

GRANT SELECT, INSERT, UPDATE ON document TO hub_app;

-- Consents come from other systems, too, and go there.
ALTER TABLE consent
    ADD COLUMN source_record_id BIGINT,
    ADD COLUMN batch_id BIGINT,
    ADD COLUMN created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    ADD COLUMN updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    ADD COLUMN revision INTEGER DEFAULT 1 NOT NULL,
    ADD COLUMN lineage JSONB,
    ADD CONSTRAINT fk_consent_source_record_id FOREIGN KEY(source_record_id) REFERENCES source_record (id),
    ADD CONSTRAINT fk_consent_batch_id FOREIGN KEY(batch_id) REFERENCES import_batch (id),
    DROP CONSTRAINT ck_consent_signed,
    ADD CONSTRAINT ck_consent_signed CHECK (state = 'void' OR (state = 'prepared') = (signed_at IS NULL));

COMMENT ON COLUMN consent.lineage IS 'Field, or * for the rest -> [source record, rule, since when]; what is not named is the hub''s own.';

CREATE TRIGGER keep_lineage BEFORE UPDATE ON consent FOR EACH ROW
    WHEN (OLD.lineage IS NOT NULL AND OLD.lineage IS NOT DISTINCT FROM NEW.lineage)
    EXECUTE FUNCTION keep_lineage('{patient_id,form_id,version,state,signed_at,valid_until,document}');

-- Another system says that a consent holds no longer, and not since when.
CREATE FUNCTION keep_voided_at() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
    NEW.voided_at := CASE WHEN NEW.state = 'void' THEN coalesce(NEW.voided_at, pg_catalog.now()) END;
    RETURN NEW;
END
$$;

CREATE TRIGGER keep_voided_at BEFORE INSERT OR UPDATE ON consent FOR EACH ROW EXECUTE FUNCTION keep_voided_at();

GRANT UPDATE (form_id, version, source_record_id, lineage, updated_at, revision) ON consent TO hub_app;
