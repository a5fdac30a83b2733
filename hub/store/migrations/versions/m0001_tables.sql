CREATE TABLE practice_version (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    name TEXT NOT NULL,
    document TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    applied_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_practice_version PRIMARY KEY (id)
);

COMMENT ON TABLE practice_version IS 'Append-only; the newest is in force.';

COMMENT ON COLUMN practice_version.name IS 'The file it was read from.';

COMMENT ON COLUMN practice_version.document IS 'The practice file''s text, as it was.';

CREATE TABLE resource_unit (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    owner_kind TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    number INTEGER DEFAULT 1 NOT NULL,
    CONSTRAINT pk_resource_unit PRIMARY KEY (id),
    CONSTRAINT uq_resource_unit_owner_kind_owner_id_number UNIQUE (owner_kind, owner_id, number),
    CONSTRAINT ck_resource_unit_owner_kind CHECK (owner_kind IN ('resource', 'patient')),
    CONSTRAINT ck_resource_unit_number CHECK (number > 0)
);

COMMENT ON COLUMN resource_unit.owner_id IS 'A provider''s, resource''s or patient''s id.';

CREATE TABLE booking_key (
    key TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    visit_ids TEXT[] NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_booking_key PRIMARY KEY (key)
);

COMMENT ON TABLE booking_key IS 'Idempotency keys of bookings that succeeded; a refusal leaves none.';

CREATE TABLE outbox_delivery (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    connection TEXT NOT NULL,
    kind TEXT NOT NULL,
    canonical_id TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    idempotency_key TEXT NOT NULL,
    state TEXT DEFAULT 'pending' NOT NULL,
    attempts INTEGER DEFAULT 0 NOT NULL,
    lease_until TIMESTAMP WITH TIME ZONE,
    next_try_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    last_error TEXT,
    remote_id TEXT,
    payload_hash TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    sent_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_outbox_delivery PRIMARY KEY (id),
    CONSTRAINT uq_outbox_delivery_connection_kind_canonical_id_sequence UNIQUE (connection, kind, canonical_id, sequence),
    CONSTRAINT ck_outbox_delivery_state CHECK (state IN ('pending', 'leased', 'sent', 'dead')),
    CONSTRAINT uq_outbox_delivery_idempotency_key UNIQUE (idempotency_key)
);

CREATE INDEX ix_outbox_delivery_due ON outbox_delivery (connection, next_try_at) WHERE state IN ('pending', 'leased');

COMMENT ON TABLE outbox_delivery IS 'The intent only: the payload is encoded at sending, from the record as it stands then.';

COMMENT ON COLUMN outbox_delivery.connection IS 'The connection''s system name.';

COMMENT ON COLUMN outbox_delivery.sequence IS '1, 2, 3 … per connection and record.';

COMMENT ON COLUMN outbox_delivery.last_error IS 'What a person needs to know; never a personal value.';

COMMENT ON COLUMN outbox_delivery.payload_hash IS 'Of what was sent, so that its echo is recognised.';

CREATE TABLE import_batch (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    system TEXT NOT NULL,
    folder TEXT NOT NULL,
    file_hashes JSONB NOT NULL,
    state TEXT DEFAULT 'running' NOT NULL,
    counts JSONB DEFAULT '{}' NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_import_batch PRIMARY KEY (id),
    CONSTRAINT ck_import_batch_state CHECK (state IN ('running', 'loaded', 'failed', 'reversed'))
);

COMMENT ON COLUMN import_batch.file_hashes IS 'File name → SHA-256 of what was read.';

CREATE TABLE domain_event (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    name TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    data JSONB DEFAULT '{}' NOT NULL,
    CONSTRAINT pk_domain_event PRIMARY KEY (id)
);

CREATE INDEX ix_domain_event_subject_kind_subject_id ON domain_event (subject_kind, subject_id);

COMMENT ON TABLE domain_event IS 'Append-only.';

COMMENT ON COLUMN domain_event.name IS 'Past tense: visit_booked.';

COMMENT ON COLUMN domain_event.data IS 'Ids and numbers; nothing personal.';

CREATE TABLE audit_entry (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    actor TEXT NOT NULL,
    role TEXT,
    action TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    patient_id TEXT,
    reason TEXT,
    detail JSONB DEFAULT '{}' NOT NULL,
    CONSTRAINT pk_audit_entry PRIMARY KEY (id)
);

CREATE INDEX ix_audit_entry_patient_id ON audit_entry (patient_id);

CREATE INDEX ix_audit_entry_subject_kind_subject_id ON audit_entry (subject_kind, subject_id);

COMMENT ON TABLE audit_entry IS 'Append-only; sealed in batches by audit_seal.';

COMMENT ON COLUMN audit_entry.patient_id IS 'Whose data it was, for the patient''s own account of access.';

COMMENT ON COLUMN audit_entry.detail IS 'Ids and codes; nothing personal.';

CREATE TABLE review_issue (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    kind TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    codes TEXT[] DEFAULT '{}' NOT NULL,
    detail JSONB DEFAULT '{}' NOT NULL,
    state TEXT DEFAULT 'open' NOT NULL,
    opened_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    closed_at TIMESTAMP WITH TIME ZONE,
    closed_by TEXT,
    CONSTRAINT pk_review_issue PRIMARY KEY (id),
    CONSTRAINT ck_review_issue_state CHECK (state IN ('open', 'resolved', 'dismissed'))
);

CREATE UNIQUE INDEX uq_review_issue_open ON review_issue (kind, subject_kind, subject_id) WHERE state = 'open';

COMMENT ON TABLE review_issue IS 'Something a person must decide; one open issue of a kind for each subject.';

COMMENT ON COLUMN review_issue.kind IS 'overlap, ambiguous_match …';

COMMENT ON COLUMN review_issue.detail IS 'Ids and codes; nothing personal.';

CREATE TABLE stream_cursor (
    system TEXT NOT NULL,
    kind TEXT NOT NULL,
    cursor TEXT,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_stream_cursor PRIMARY KEY (system, kind)
);

COMMENT ON TABLE stream_cursor IS 'Where the next pull of a stream goes on; opaque to all but its source.';

CREATE TABLE audit_seal (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    previous_id BIGINT,
    first_entry_id BIGINT NOT NULL,
    last_entry_id BIGINT NOT NULL,
    entries BIGINT NOT NULL,
    hash TEXT NOT NULL,
    sealed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_audit_seal PRIMARY KEY (id),
    CONSTRAINT uq_audit_seal_previous_id UNIQUE (previous_id),
    CONSTRAINT fk_audit_seal_previous_id FOREIGN KEY(previous_id) REFERENCES audit_seal (id),
    CONSTRAINT fk_audit_seal_first_entry_id FOREIGN KEY(first_entry_id) REFERENCES audit_entry (id),
    CONSTRAINT fk_audit_seal_last_entry_id FOREIGN KEY(last_entry_id) REFERENCES audit_entry (id)
);

COMMENT ON TABLE audit_seal IS 'Append-only: one link of the chain for a batch of entries.';

COMMENT ON COLUMN audit_seal.hash IS 'Over the previous seal''s hash and the entries in order.';

CREATE TABLE source_record (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    system TEXT NOT NULL,
    kind TEXT NOT NULL,
    source_id TEXT NOT NULL,
    version TEXT,
    content_hash TEXT NOT NULL,
    payload JSONB NOT NULL,
    modified_at TIMESTAMP WITH TIME ZONE,
    file TEXT,
    line INTEGER,
    batch_id BIGINT,
    landed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_source_record PRIMARY KEY (id),
    CONSTRAINT uq_source_record_system_kind_source_id_content_hash UNIQUE (system, kind, source_id, content_hash),
    CONSTRAINT fk_source_record_batch_id FOREIGN KEY(batch_id) REFERENCES import_batch (id)
);

CREATE INDEX ix_source_record_batch_id ON source_record (batch_id);

COMMENT ON TABLE source_record IS 'Append-only. Sending the same content again lands nothing.';

CREATE TABLE disposition (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    batch_id BIGINT NOT NULL,
    file TEXT NOT NULL,
    line INTEGER NOT NULL,
    source_key TEXT,
    verdict TEXT NOT NULL,
    reason TEXT,
    source_record_id BIGINT,
    canonical_id TEXT,
    CONSTRAINT pk_disposition PRIMARY KEY (id),
    CONSTRAINT uq_disposition_batch_id_file_line UNIQUE (batch_id, file, line),
    CONSTRAINT ck_disposition_verdict CHECK (verdict IN ('loaded', 'merged', 'quarantined')),
    CONSTRAINT ck_disposition_reason CHECK (verdict <> 'quarantined' OR reason IS NOT NULL),
    CONSTRAINT fk_disposition_batch_id FOREIGN KEY(batch_id) REFERENCES import_batch (id),
    CONSTRAINT fk_disposition_source_record_id FOREIGN KEY(source_record_id) REFERENCES source_record (id)
);

CREATE INDEX ix_disposition_batch_id_verdict ON disposition (batch_id, verdict);

COMMENT ON TABLE disposition IS 'What became of every row of an imported file.';

COMMENT ON COLUMN disposition.source_key IS 'The row''s own id, where it has a readable one.';

COMMENT ON COLUMN disposition.reason IS 'Of a quarantined row its code; of a merged one why.';

CREATE TABLE patient (
    id TEXT NOT NULL,
    given_name TEXT,
    family_name TEXT,
    born_on DATE,
    phone TEXT,
    email TEXT,
    street TEXT,
    city TEXT,
    state TEXT,
    postal_code TEXT,
    registered_on DATE,
    note TEXT,
    texts_allowed BOOLEAN,
    marketing_allowed BOOLEAN,
    active BOOLEAN DEFAULT true NOT NULL,
    known BOOLEAN DEFAULT true NOT NULL,
    source_record_id BIGINT,
    batch_id BIGINT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    revision INTEGER DEFAULT 1 NOT NULL,
    CONSTRAINT pk_patient PRIMARY KEY (id),
    CONSTRAINT fk_patient_source_record_id FOREIGN KEY(source_record_id) REFERENCES source_record (id),
    CONSTRAINT fk_patient_batch_id FOREIGN KEY(batch_id) REFERENCES import_batch (id)
);

COMMENT ON COLUMN patient.known IS 'False: never seen here in person.';

CREATE TABLE location (
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    active BOOLEAN DEFAULT true NOT NULL,
    zone TEXT,
    source_record_id BIGINT,
    batch_id BIGINT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    revision INTEGER DEFAULT 1 NOT NULL,
    CONSTRAINT pk_location PRIMARY KEY (id),
    CONSTRAINT fk_location_source_record_id FOREIGN KEY(source_record_id) REFERENCES source_record (id),
    CONSTRAINT fk_location_batch_id FOREIGN KEY(batch_id) REFERENCES import_batch (id)
);

COMMENT ON COLUMN location.zone IS 'IANA; None: the practice''s.';

CREATE TABLE service (
    id TEXT NOT NULL,
    sku TEXT NOT NULL,
    name TEXT NOT NULL,
    category TEXT,
    minutes INTEGER,
    price_minor BIGINT,
    price_currency TEXT,
    active BOOLEAN DEFAULT true NOT NULL,
    archived BOOLEAN DEFAULT false NOT NULL,
    source_record_id BIGINT,
    batch_id BIGINT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    revision INTEGER DEFAULT 1 NOT NULL,
    CONSTRAINT pk_service PRIMARY KEY (id),
    CONSTRAINT ck_service_price CHECK ((price_minor IS NULL) = (price_currency IS NULL)),
    CONSTRAINT ck_service_minutes CHECK (minutes > 0),
    CONSTRAINT fk_service_source_record_id FOREIGN KEY(source_record_id) REFERENCES source_record (id),
    CONSTRAINT fk_service_batch_id FOREIGN KEY(batch_id) REFERENCES import_batch (id)
);

CREATE TABLE source_link (
    system TEXT NOT NULL,
    kind TEXT NOT NULL,
    source_id TEXT NOT NULL,
    canonical_id TEXT NOT NULL,
    source_record_id BIGINT,
    batch_id BIGINT,
    linked_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_source_link PRIMARY KEY (system, kind, source_id),
    CONSTRAINT fk_source_link_source_record_id FOREIGN KEY(source_record_id) REFERENCES source_record (id),
    CONSTRAINT fk_source_link_batch_id FOREIGN KEY(batch_id) REFERENCES import_batch (id)
);

CREATE INDEX ix_source_link_kind_canonical_id ON source_link (kind, canonical_id);

COMMENT ON TABLE source_link IS 'Which canonical record a record of another system is.';

COMMENT ON COLUMN source_link.source_record_id IS 'The last state that was applied.';

CREATE TABLE block (
    id TEXT NOT NULL,
    location_id TEXT,
    during TSTZRANGE NOT NULL,
    reason TEXT,
    origin TEXT DEFAULT 'hub' NOT NULL,
    source_record_id BIGINT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_block PRIMARY KEY (id),
    CONSTRAINT fk_block_location_id FOREIGN KEY(location_id) REFERENCES location (id),
    CONSTRAINT fk_block_source_record_id FOREIGN KEY(source_record_id) REFERENCES source_record (id)
);

COMMENT ON TABLE block IS 'Time taken from resources by something that is no visit.';

COMMENT ON COLUMN block.reason IS 'A word of the practice''s: lunch, maintenance. Never personal.';

CREATE TABLE provider (
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    title TEXT,
    license_number TEXT,
    license_until DATE,
    active BOOLEAN DEFAULT true NOT NULL,
    kind TEXT DEFAULT 'provider' NOT NULL,
    location_id TEXT,
    capacity INTEGER DEFAULT 1 NOT NULL,
    bookable BOOLEAN DEFAULT false NOT NULL,
    source_record_id BIGINT,
    batch_id BIGINT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    revision INTEGER DEFAULT 1 NOT NULL,
    CONSTRAINT pk_provider PRIMARY KEY (id),
    CONSTRAINT ck_provider_capacity CHECK (capacity > 0),
    CONSTRAINT fk_provider_location_id FOREIGN KEY(location_id) REFERENCES location (id),
    CONSTRAINT fk_provider_source_record_id FOREIGN KEY(source_record_id) REFERENCES source_record (id),
    CONSTRAINT fk_provider_batch_id FOREIGN KEY(batch_id) REFERENCES import_batch (id)
);

COMMENT ON TABLE provider IS 'People who treat. Bookable: the practice file in force names them.';

COMMENT ON COLUMN provider.kind IS 'provider, assistant';

CREATE TABLE resource (
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    active BOOLEAN DEFAULT true NOT NULL,
    location_id TEXT,
    capacity INTEGER DEFAULT 1 NOT NULL,
    bookable BOOLEAN DEFAULT false NOT NULL,
    source_record_id BIGINT,
    batch_id BIGINT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    revision INTEGER DEFAULT 1 NOT NULL,
    CONSTRAINT pk_resource PRIMARY KEY (id),
    CONSTRAINT ck_resource_capacity CHECK (capacity > 0),
    CONSTRAINT fk_resource_location_id FOREIGN KEY(location_id) REFERENCES location (id),
    CONSTRAINT fk_resource_source_record_id FOREIGN KEY(source_record_id) REFERENCES source_record (id),
    CONSTRAINT fk_resource_batch_id FOREIGN KEY(batch_id) REFERENCES import_batch (id)
);

COMMENT ON TABLE resource IS 'Rooms and devices. Bookable: the practice file in force names them.';

COMMENT ON COLUMN resource.kind IS 'room, device, or a word of the practice''s own';

CREATE TABLE lot (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    product_id TEXT NOT NULL,
    location_id TEXT NOT NULL,
    name TEXT NOT NULL,
    on_hand NUMERIC NOT NULL,
    expires_on DATE NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_lot PRIMARY KEY (id),
    CONSTRAINT uq_lot_product_id_location_id_name UNIQUE (product_id, location_id, name),
    CONSTRAINT ck_lot_on_hand CHECK (on_hand >= 0),
    CONSTRAINT fk_lot_location_id FOREIGN KEY(location_id) REFERENCES location (id)
);

COMMENT ON COLUMN lot.on_hand IS 'Units of the product.';

COMMENT ON COLUMN lot.expires_on IS 'Usable up to and on that local date.';

CREATE TABLE package (
    id TEXT NOT NULL,
    patient_id TEXT NOT NULL,
    service_id TEXT NOT NULL,
    credits INTEGER NOT NULL,
    expires_on DATE,
    source_record_id BIGINT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_package PRIMARY KEY (id),
    CONSTRAINT ck_package_credits CHECK (credits >= 0),
    CONSTRAINT fk_package_patient_id FOREIGN KEY(patient_id) REFERENCES patient (id),
    CONSTRAINT fk_package_service_id FOREIGN KEY(service_id) REFERENCES service (id),
    CONSTRAINT fk_package_source_record_id FOREIGN KEY(source_record_id) REFERENCES source_record (id)
);

CREATE INDEX ix_package_patient_id ON package (patient_id);

COMMENT ON COLUMN package.credits IS 'Sessions bought; what is left is this less the uses.';

CREATE TABLE visit (
    id TEXT NOT NULL,
    patient_id TEXT NOT NULL,
    service_id TEXT,
    location_id TEXT NOT NULL,
    provider_id TEXT,
    room_id TEXT,
    device_id TEXT,
    start TIMESTAMP WITH TIME ZONE NOT NULL,
    "end" TIMESTAMP WITH TIME ZONE NOT NULL,
    state TEXT NOT NULL,
    price_minor BIGINT,
    price_currency TEXT,
    booked_via TEXT,
    booked_on DATE,
    note TEXT,
    origin TEXT DEFAULT 'hub' NOT NULL,
    contested BOOLEAN DEFAULT false NOT NULL,
    option_id TEXT,
    asked JSONB DEFAULT '{}' NOT NULL,
    source_record_id BIGINT,
    batch_id BIGINT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    revision INTEGER DEFAULT 1 NOT NULL,
    CONSTRAINT pk_visit PRIMARY KEY (id),
    CONSTRAINT ck_visit_ends_after_it_starts CHECK ("end" > start),
    CONSTRAINT ck_visit_price CHECK ((price_minor IS NULL) = (price_currency IS NULL)),
    CONSTRAINT ck_visit_state CHECK (state IN ('booked', 'arrived', 'fulfilled', 'cancelled', 'no_show')),
    CONSTRAINT fk_visit_patient_id FOREIGN KEY(patient_id) REFERENCES patient (id),
    CONSTRAINT fk_visit_service_id FOREIGN KEY(service_id) REFERENCES service (id),
    CONSTRAINT fk_visit_location_id FOREIGN KEY(location_id) REFERENCES location (id),
    CONSTRAINT fk_visit_provider_id FOREIGN KEY(provider_id) REFERENCES provider (id),
    CONSTRAINT fk_visit_room_id FOREIGN KEY(room_id) REFERENCES resource (id),
    CONSTRAINT fk_visit_device_id FOREIGN KEY(device_id) REFERENCES resource (id),
    CONSTRAINT fk_visit_source_record_id FOREIGN KEY(source_record_id) REFERENCES source_record (id),
    CONSTRAINT fk_visit_batch_id FOREIGN KEY(batch_id) REFERENCES import_batch (id)
);

CREATE INDEX ix_visit_batch_id ON visit (batch_id);

CREATE INDEX ix_visit_patient_id_start ON visit (patient_id, start);

CREATE INDEX ix_visit_start ON visit (start);

COMMENT ON TABLE visit IS 'Contested: some of its claims overlap firm ones of others, and a person must decide.';

COMMENT ON COLUMN visit.origin IS 'The system it was first made in.';

COMMENT ON COLUMN visit.option_id IS 'The service''s option that was booked.';

COMMENT ON COLUMN visit.asked IS 'Need name → resource asked for.';

CREATE TABLE claim (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    unit_id BIGINT NOT NULL,
    during TSTZRANGE NOT NULL,
    visit_id TEXT,
    block_id TEXT,
    step TEXT,
    need TEXT,
    firm BOOLEAN DEFAULT true NOT NULL,
    CONSTRAINT pk_claim PRIMARY KEY (id),
    CONSTRAINT ck_claim_owner CHECK (num_nonnulls(visit_id, block_id) = 1),
    CONSTRAINT ck_claim_during CHECK (NOT isempty(during) AND lower_inc(during) AND NOT upper_inc(during)),
    CONSTRAINT ex_claim_firm EXCLUDE USING gist (int8range(unit_id, unit_id, '[]') WITH &&, during WITH &&) WHERE (firm) DEFERRABLE INITIALLY IMMEDIATE,
    CONSTRAINT fk_claim_unit_id FOREIGN KEY(unit_id) REFERENCES resource_unit (id),
    CONSTRAINT fk_claim_visit_id FOREIGN KEY(visit_id) REFERENCES visit (id) ON DELETE CASCADE,
    CONSTRAINT fk_claim_block_id FOREIGN KEY(block_id) REFERENCES block (id) ON DELETE CASCADE
);

CREATE INDEX ix_claim_during ON claim USING gist (during);

CREATE INDEX ix_claim_block_id ON claim (block_id) WHERE block_id IS NOT NULL;

CREATE INDEX ix_claim_contested ON claim (unit_id) WHERE NOT firm;

CREATE INDEX ix_claim_visit_id ON claim (visit_id);

COMMENT ON COLUMN claim.step IS 'The step of the service; None: the whole visit.';

COMMENT ON COLUMN claim.need IS 'The need''s name: provider, room …';

CREATE TABLE stock_promise (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    visit_id TEXT NOT NULL,
    product_id TEXT NOT NULL,
    location_id TEXT NOT NULL,
    quantity NUMERIC NOT NULL,
    due_on DATE NOT NULL,
    CONSTRAINT pk_stock_promise PRIMARY KEY (id),
    CONSTRAINT uq_stock_promise_visit_id_product_id UNIQUE (visit_id, product_id),
    CONSTRAINT ck_stock_promise_quantity CHECK (quantity > 0),
    CONSTRAINT fk_stock_promise_visit_id FOREIGN KEY(visit_id) REFERENCES visit (id) ON DELETE CASCADE,
    CONSTRAINT fk_stock_promise_location_id FOREIGN KEY(location_id) REFERENCES location (id)
);

CREATE INDEX ix_stock_promise_product_id_location_id ON stock_promise (product_id, location_id, due_on);

COMMENT ON TABLE stock_promise IS 'Ends when the visit is completed, cancelled or missed: the row goes.';

COMMENT ON COLUMN stock_promise.due_on IS 'The local date of arrival.';

CREATE TABLE package_use (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    package_id TEXT NOT NULL,
    visit_id TEXT NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_package_use PRIMARY KEY (id),
    CONSTRAINT uq_package_use_visit_id UNIQUE (visit_id),
    CONSTRAINT fk_package_use_package_id FOREIGN KEY(package_id) REFERENCES package (id),
    CONSTRAINT fk_package_use_visit_id FOREIGN KEY(visit_id) REFERENCES visit (id) ON DELETE CASCADE
);

CREATE INDEX ix_package_use_package_id ON package_use (package_id);

COMMENT ON TABLE package_use IS 'One credit held or spent; giving it back deletes the row.';
