-- Lineage: field -> [source record, rule, since when]. Whoever writes a field without saying where its value comes from wrote
-- it here, or from the source record that the row names from then on: the database itself notes that.
CREATE FUNCTION keep_lineage() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = '' AS $$
DECLARE
    origin CONSTANT jsonb := CASE
        WHEN NEW.source_record_id IS DISTINCT FROM OLD.source_record_id
        THEN pg_catalog.jsonb_build_array(NEW.source_record_id, 'latest', pg_catalog.now())
        ELSE pg_catalog.jsonb_build_array(NULL, 'hub', pg_catalog.now()) END;
    before CONSTANT jsonb := pg_catalog.to_jsonb(OLD);
BEGIN
    SELECT OLD.lineage || coalesce(pg_catalog.jsonb_object_agg(
        CASE WHEN n.key LIKE 'price\_%' THEN 'price' ELSE n.key END, origin), '{}') INTO NEW.lineage
    FROM pg_catalog.jsonb_each(pg_catalog.to_jsonb(NEW)) AS n
    WHERE n.key = ANY (CAST(TG_ARGV[0] AS text[])) AND n.value IS DISTINCT FROM before -> n.key;
    RETURN NEW;
END
$$;

ALTER TABLE patient ADD COLUMN lineage JSONB;

COMMENT ON COLUMN patient.lineage IS 'Field, or * for the rest -> [source record, rule, since when]; what is not named is the hub''s own.';

CREATE TRIGGER keep_lineage BEFORE UPDATE ON patient FOR EACH ROW
    WHEN (OLD.lineage IS NOT NULL AND OLD.lineage IS NOT DISTINCT FROM NEW.lineage)
    EXECUTE FUNCTION keep_lineage('{given_name,family_name,born_on,phone,email,street,city,state,postal_code,registered_on,note,texts_allowed,marketing_allowed,active}');

ALTER TABLE location ADD COLUMN lineage JSONB;

COMMENT ON COLUMN location.lineage IS 'Field, or * for the rest -> [source record, rule, since when]; what is not named is the hub''s own.';

CREATE TRIGGER keep_lineage BEFORE UPDATE ON location FOR EACH ROW
    WHEN (OLD.lineage IS NOT NULL AND OLD.lineage IS NOT DISTINCT FROM NEW.lineage)
    EXECUTE FUNCTION keep_lineage('{name,active}');

ALTER TABLE provider ADD COLUMN lineage JSONB;

COMMENT ON COLUMN provider.lineage IS 'Field, or * for the rest -> [source record, rule, since when]; what is not named is the hub''s own.';

CREATE TRIGGER keep_lineage BEFORE UPDATE ON provider FOR EACH ROW
    WHEN (OLD.lineage IS NOT NULL AND OLD.lineage IS NOT DISTINCT FROM NEW.lineage)
    EXECUTE FUNCTION keep_lineage('{name,title,license_number,license_until,active}');

ALTER TABLE resource ADD COLUMN lineage JSONB;

COMMENT ON COLUMN resource.lineage IS 'Field, or * for the rest -> [source record, rule, since when]; what is not named is the hub''s own.';

CREATE TRIGGER keep_lineage BEFORE UPDATE ON resource FOR EACH ROW
    WHEN (OLD.lineage IS NOT NULL AND OLD.lineage IS NOT DISTINCT FROM NEW.lineage)
    EXECUTE FUNCTION keep_lineage('{kind,name,active}');

ALTER TABLE service ADD COLUMN lineage JSONB;

COMMENT ON COLUMN service.lineage IS 'Field, or * for the rest -> [source record, rule, since when]; what is not named is the hub''s own.';

CREATE TRIGGER keep_lineage BEFORE UPDATE ON service FOR EACH ROW
    WHEN (OLD.lineage IS NOT NULL AND OLD.lineage IS NOT DISTINCT FROM NEW.lineage)
    EXECUTE FUNCTION keep_lineage('{sku,name,category,minutes,price_minor,price_currency,active,archived}');

ALTER TABLE visit ADD COLUMN lineage JSONB;

COMMENT ON COLUMN visit.lineage IS 'Field, or * for the rest -> [source record, rule, since when]; what is not named is the hub''s own.';

CREATE TRIGGER keep_lineage BEFORE UPDATE ON visit FOR EACH ROW
    WHEN (OLD.lineage IS NOT NULL AND OLD.lineage IS NOT DISTINCT FROM NEW.lineage)
    EXECUTE FUNCTION keep_lineage('{patient_id,service_id,location_id,provider_id,room_id,device_id,start,end,state,price_minor,price_currency,booked_via,booked_on,note}');

ALTER TABLE source_record ADD COLUMN gone BOOLEAN DEFAULT false NOT NULL;

ALTER TABLE source_record ADD COLUMN merged_into TEXT;

COMMENT ON COLUMN source_record.gone IS 'The system says that it does not have the record any more.';

COMMENT ON COLUMN source_record.merged_into IS 'The system''s record that this one became part of.';

ALTER TABLE outbox_delivery ADD COLUMN said_hash TEXT;

COMMENT ON COLUMN outbox_delivery.said_hash IS 'Of the canonical values that were sent, however the system writes them.';

CREATE TABLE field_conflict (
    kind TEXT NOT NULL,
    canonical_id TEXT NOT NULL,
    system TEXT NOT NULL,
    field TEXT NOT NULL,
    rule TEXT NOT NULL,
    theirs JSONB,
    source_record_id BIGINT NOT NULL,
    opened_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_field_conflict PRIMARY KEY (kind, canonical_id, system, field),
    CONSTRAINT fk_field_conflict_source_record_id FOREIGN KEY(source_record_id) REFERENCES source_record (id)
);

COMMENT ON TABLE field_conflict IS 'What a system changed and the hub did not take. The row goes when the two agree or a person decided.';

COMMENT ON COLUMN field_conflict.rule IS 'The field''s rule: a system''s name, hub, latest, manual.';

COMMENT ON COLUMN field_conflict.theirs IS 'The system''s value in canonical form. Personal.';

GRANT SELECT, INSERT, UPDATE, DELETE ON field_conflict TO hub_app;
