-- What a processor is asked for makes room for the payments themselves; the names of its constraints go along.
ALTER TABLE payment RENAME TO payment_intent;

ALTER SEQUENCE payment_id_seq RENAME TO payment_intent_id_seq;

DO $$
DECLARE
    one RECORD;
BEGIN
    FOR one IN SELECT conname FROM pg_constraint WHERE conrelid = 'payment_intent'::regclass LOOP
        EXECUTE format('ALTER TABLE payment_intent RENAME CONSTRAINT %I TO %I',
            one.conname, regexp_replace(one.conname, 'payment', 'payment_intent'));
    END LOOP;
END
$$;

ALTER INDEX uq_payment_pending_id RENAME TO uq_payment_intent_pending_id;

ALTER INDEX ix_payment_visit_id RENAME TO ix_payment_intent_visit_id;

COMMENT ON TABLE payment_intent IS 'What a processor was, or will be, asked for; never anything of a card.';

CREATE TABLE invoice (
    id TEXT NOT NULL,
    patient_id TEXT NOT NULL,
    visit_id TEXT,
    number TEXT,
    issued_on DATE,
    due_on DATE,
    state TEXT NOT NULL,
    total_minor BIGINT NOT NULL,
    total_currency TEXT NOT NULL,
    lines JSONB DEFAULT '[]' NOT NULL,
    source_record_id BIGINT,
    batch_id BIGINT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    revision INTEGER DEFAULT 1 NOT NULL,
    lineage JSONB,
    CONSTRAINT pk_invoice PRIMARY KEY (id),
    CONSTRAINT ck_invoice_state CHECK (state IN ('draft', 'open', 'paid', 'void')),
    CONSTRAINT fk_invoice_patient_id FOREIGN KEY(patient_id) REFERENCES patient (id),
    CONSTRAINT fk_invoice_visit_id FOREIGN KEY(visit_id) REFERENCES visit (id),
    CONSTRAINT fk_invoice_source_record_id FOREIGN KEY(source_record_id) REFERENCES source_record (id),
    CONSTRAINT fk_invoice_batch_id FOREIGN KEY(batch_id) REFERENCES import_batch (id)
);

CREATE INDEX ix_invoice_patient_id ON invoice (patient_id);

COMMENT ON COLUMN invoice.number IS 'As the practice counts them.';

COMMENT ON COLUMN invoice.lines IS 'They add up to the total, if any.';

COMMENT ON COLUMN invoice.lineage IS 'Field, or * for the rest -> [source record, rule, since when]; what is not named is the hub''s own.';

CREATE TABLE payment (
    id TEXT NOT NULL,
    patient_id TEXT,
    visit_id TEXT,
    invoice_id TEXT,
    kind TEXT NOT NULL,
    amount_minor BIGINT NOT NULL,
    amount_currency TEXT NOT NULL,
    method TEXT,
    paid_on DATE NOT NULL,
    state TEXT NOT NULL,
    reference TEXT,
    source_record_id BIGINT,
    batch_id BIGINT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    revision INTEGER DEFAULT 1 NOT NULL,
    lineage JSONB,
    CONSTRAINT pk_payment PRIMARY KEY (id),
    CONSTRAINT ck_payment_kind CHECK (kind IN ('payment', 'deposit', 'fee', 'refund')),
    CONSTRAINT ck_payment_refund CHECK (kind <> 'refund' OR amount_minor <= 0),
    CONSTRAINT ck_payment_state CHECK (state IN ('settled', 'pending', 'failed', 'voided')),
    CONSTRAINT fk_payment_patient_id FOREIGN KEY(patient_id) REFERENCES patient (id),
    CONSTRAINT fk_payment_visit_id FOREIGN KEY(visit_id) REFERENCES visit (id),
    CONSTRAINT fk_payment_invoice_id FOREIGN KEY(invoice_id) REFERENCES invoice (id),
    CONSTRAINT fk_payment_source_record_id FOREIGN KEY(source_record_id) REFERENCES source_record (id),
    CONSTRAINT fk_payment_batch_id FOREIGN KEY(batch_id) REFERENCES import_batch (id)
);

CREATE INDEX ix_payment_batch_id ON payment (batch_id);

CREATE INDEX ix_payment_patient_id ON payment (patient_id) WHERE patient_id IS NOT NULL;

CREATE INDEX ix_payment_visit_id ON payment (visit_id);

COMMENT ON TABLE payment IS 'Money that moved, negative for what went back. Who paid stands here where no visit or invoice says it.';

COMMENT ON COLUMN payment.method IS 'A word, never a number of a card.';

COMMENT ON COLUMN payment.reference IS 'The processor''s own name for it.';

COMMENT ON COLUMN payment.lineage IS 'Field, or * for the rest -> [source record, rule, since when]; what is not named is the hub''s own.';

CREATE TABLE gift_card (
    id TEXT NOT NULL,
    code TEXT,
    patient_id TEXT,
    value_minor BIGINT NOT NULL,
    value_currency TEXT NOT NULL,
    left_minor BIGINT NOT NULL,
    left_currency TEXT NOT NULL,
    sold_on DATE,
    expires_on DATE,
    active BOOLEAN DEFAULT true NOT NULL,
    source_record_id BIGINT,
    batch_id BIGINT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    revision INTEGER DEFAULT 1 NOT NULL,
    lineage JSONB,
    CONSTRAINT pk_gift_card PRIMARY KEY (id),
    CONSTRAINT ck_gift_card_left CHECK (left_minor BETWEEN 0 AND value_minor AND left_currency = value_currency),
    CONSTRAINT fk_gift_card_patient_id FOREIGN KEY(patient_id) REFERENCES patient (id),
    CONSTRAINT fk_gift_card_source_record_id FOREIGN KEY(source_record_id) REFERENCES source_record (id),
    CONSTRAINT fk_gift_card_batch_id FOREIGN KEY(batch_id) REFERENCES import_batch (id)
);

CREATE INDEX ix_gift_card_patient_id ON gift_card (patient_id) WHERE patient_id IS NOT NULL;

COMMENT ON COLUMN gift_card.lineage IS 'Field, or * for the rest -> [source record, rule, since when]; what is not named is the hub''s own.';

CREATE TABLE membership (
    id TEXT NOT NULL,
    patient_id TEXT NOT NULL,
    plan TEXT NOT NULL,
    price_minor BIGINT,
    price_currency TEXT,
    every_months INTEGER,
    started_on DATE,
    ends_on DATE,
    next_billing_on DATE,
    credit_minor BIGINT,
    credit_currency TEXT,
    state TEXT NOT NULL,
    source_record_id BIGINT,
    batch_id BIGINT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    revision INTEGER DEFAULT 1 NOT NULL,
    lineage JSONB,
    CONSTRAINT pk_membership PRIMARY KEY (id),
    CONSTRAINT ck_membership_price CHECK ((price_minor IS NULL) = (price_currency IS NULL)),
    CONSTRAINT ck_membership_credit CHECK ((credit_minor IS NULL) = (credit_currency IS NULL)),
    CONSTRAINT ck_membership_every_months CHECK (every_months > 0),
    CONSTRAINT ck_membership_state CHECK (state IN ('active', 'paused', 'ended')),
    CONSTRAINT fk_membership_patient_id FOREIGN KEY(patient_id) REFERENCES patient (id),
    CONSTRAINT fk_membership_source_record_id FOREIGN KEY(source_record_id) REFERENCES source_record (id),
    CONSTRAINT fk_membership_batch_id FOREIGN KEY(batch_id) REFERENCES import_batch (id)
);

CREATE INDEX ix_membership_patient_id ON membership (patient_id);

COMMENT ON COLUMN membership.ends_on IS 'The last day.';

COMMENT ON COLUMN membership.lineage IS 'Field, or * for the rest -> [source record, rule, since when]; what is not named is the hub''s own.';

GRANT SELECT, INSERT, UPDATE ON invoice, payment, gift_card, membership TO hub_app;

-- Packages: the table that the engine redeems from is the canonical one.
ALTER TABLE package
    ADD COLUMN used_before INTEGER DEFAULT 0 NOT NULL,
    ADD COLUMN price_minor BIGINT,
    ADD COLUMN price_currency TEXT,
    ADD COLUMN sold_on DATE,
    ADD COLUMN batch_id BIGINT,
    ADD COLUMN updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    ADD COLUMN revision INTEGER DEFAULT 1 NOT NULL,
    ADD COLUMN lineage JSONB,
    ADD CONSTRAINT ck_package_used_before CHECK (used_before BETWEEN 0 AND credits),
    ADD CONSTRAINT ck_package_price CHECK ((price_minor IS NULL) = (price_currency IS NULL)),
    ADD CONSTRAINT fk_package_batch_id FOREIGN KEY(batch_id) REFERENCES import_batch (id);

COMMENT ON COLUMN package.credits IS 'Sessions bought; what is left is this less what was used before and the uses.';

COMMENT ON COLUMN package.used_before IS 'Sessions that were used in another system.';

COMMENT ON COLUMN package.lineage IS 'Field, or * for the rest -> [source record, rule, since when]; what is not named is the hub''s own.';

-- Sessions left never go below zero, whoever writes: a booking that takes one holds the package's key already.
CREATE FUNCTION keep_credits() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
    IF NEW.credits - NEW.used_before < (SELECT count(*) FROM public.package_use u WHERE u.package_id = NEW.id) THEN
        RAISE EXCEPTION 'more sessions of package % are taken than it has', NEW.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER keep_credits BEFORE UPDATE OF credits, used_before ON package FOR EACH ROW
    EXECUTE FUNCTION keep_credits();

ALTER TABLE lot ADD COLUMN record_id TEXT, ADD COLUMN unit TEXT, ADD CONSTRAINT uq_lot_record_id UNIQUE (record_id);

COMMENT ON COLUMN lot.record_id IS 'The canonical id, where another system has the lot, too.';

COMMENT ON COLUMN lot.unit IS 'As that system counts it.';

GRANT INSERT (record_id, unit), UPDATE (record_id, unit) ON lot TO hub_app;

-- Any amount of money is one field in two columns.
CREATE OR REPLACE FUNCTION keep_lineage() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = '' AS $$
DECLARE
    origin CONSTANT jsonb := CASE
        WHEN NEW.source_record_id IS DISTINCT FROM OLD.source_record_id
        THEN pg_catalog.jsonb_build_array(NEW.source_record_id, 'latest', pg_catalog.now())
        ELSE pg_catalog.jsonb_build_array(NULL, 'hub', pg_catalog.now()) END;
    before CONSTANT jsonb := pg_catalog.to_jsonb(OLD);
BEGIN
    SELECT OLD.lineage || coalesce(pg_catalog.jsonb_object_agg(
        pg_catalog.regexp_replace(n.key, '_(minor|currency)$', ''), origin), '{}') INTO NEW.lineage
    FROM pg_catalog.jsonb_each(pg_catalog.to_jsonb(NEW)) AS n
    WHERE n.key = ANY (CAST(TG_ARGV[0] AS text[])) AND n.value IS DISTINCT FROM before -> n.key;
    RETURN NEW;
END
$$;

CREATE TRIGGER keep_lineage BEFORE UPDATE ON invoice FOR EACH ROW
    WHEN (OLD.lineage IS NOT NULL AND OLD.lineage IS NOT DISTINCT FROM NEW.lineage)
    EXECUTE FUNCTION keep_lineage('{patient_id,visit_id,number,issued_on,due_on,state,total_minor,total_currency,lines}');

CREATE TRIGGER keep_lineage BEFORE UPDATE ON payment FOR EACH ROW
    WHEN (OLD.lineage IS NOT NULL AND OLD.lineage IS NOT DISTINCT FROM NEW.lineage)
    EXECUTE FUNCTION keep_lineage('{patient_id,visit_id,invoice_id,kind,amount_minor,amount_currency,method,paid_on,state,reference}');

CREATE TRIGGER keep_lineage BEFORE UPDATE ON package FOR EACH ROW
    WHEN (OLD.lineage IS NOT NULL AND OLD.lineage IS NOT DISTINCT FROM NEW.lineage)
    EXECUTE FUNCTION keep_lineage('{patient_id,service_id,credits,used_before,price_minor,price_currency,sold_on,expires_on}');

CREATE TRIGGER keep_lineage BEFORE UPDATE ON gift_card FOR EACH ROW
    WHEN (OLD.lineage IS NOT NULL AND OLD.lineage IS NOT DISTINCT FROM NEW.lineage)
    EXECUTE FUNCTION keep_lineage('{code,patient_id,value_minor,value_currency,left_minor,left_currency,sold_on,expires_on,active}');

CREATE TRIGGER keep_lineage BEFORE UPDATE ON membership FOR EACH ROW
    WHEN (OLD.lineage IS NOT NULL AND OLD.lineage IS NOT DISTINCT FROM NEW.lineage)
    EXECUTE FUNCTION keep_lineage('{patient_id,plan,price_minor,price_currency,every_months,started_on,ends_on,next_billing_on,credit_minor,credit_currency,state}');

