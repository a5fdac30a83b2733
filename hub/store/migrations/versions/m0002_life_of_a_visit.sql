-- A hold is a row of its own, so that nobody who reads visits ever meets one. Its claims, promises and credit hang on
-- it, and become the visit's when it is booked.

CREATE TABLE hold (
    id TEXT NOT NULL,
    trip_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    patient_id TEXT NOT NULL,
    service_id TEXT NOT NULL,
    location_id TEXT NOT NULL,
    provider_id TEXT,
    room_id TEXT,
    device_id TEXT,
    start TIMESTAMP WITH TIME ZONE NOT NULL,
    "end" TIMESTAMP WITH TIME ZONE NOT NULL,
    price_minor BIGINT,
    price_currency TEXT,
    deposit_minor BIGINT,
    booked_via TEXT,
    booked_on DATE,
    option_id TEXT,
    asked JSONB DEFAULT '{}' NOT NULL,
    practice_version_id BIGINT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_hold PRIMARY KEY (id),
    CONSTRAINT uq_hold_trip_id_number UNIQUE (trip_id, number),
    CONSTRAINT ck_hold_number CHECK (number > 0),
    CONSTRAINT ck_hold_ends_after_it_starts CHECK ("end" > start),
    CONSTRAINT fk_hold_patient_id FOREIGN KEY(patient_id) REFERENCES patient (id),
    CONSTRAINT fk_hold_service_id FOREIGN KEY(service_id) REFERENCES service (id),
    CONSTRAINT fk_hold_location_id FOREIGN KEY(location_id) REFERENCES location (id),
    CONSTRAINT fk_hold_provider_id FOREIGN KEY(provider_id) REFERENCES provider (id),
    CONSTRAINT fk_hold_room_id FOREIGN KEY(room_id) REFERENCES resource (id),
    CONSTRAINT fk_hold_device_id FOREIGN KEY(device_id) REFERENCES resource (id),
    CONSTRAINT fk_hold_practice_version_id FOREIGN KEY(practice_version_id) REFERENCES practice_version (id)
);

COMMENT ON TABLE hold IS 'A visit to be, for a while: it takes time, stock and credit. Booked or over, the row goes.';

COMMENT ON COLUMN hold.id IS 'The id that the visit will have.';

COMMENT ON COLUMN hold.trip_id IS 'Parts of one trip share it; it names the hold.';

COMMENT ON COLUMN hold.number IS '1, 2, 3 … in the trip''s order.';

COMMENT ON COLUMN hold.expires_at IS 'The first instant at which it is gone.';

CREATE TABLE lot_use (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    visit_id TEXT NOT NULL,
    lot_id BIGINT NOT NULL,
    quantity NUMERIC NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_lot_use PRIMARY KEY (id),
    CONSTRAINT uq_lot_use_visit_id_lot_id UNIQUE (visit_id, lot_id),
    CONSTRAINT ck_lot_use_quantity CHECK (quantity > 0),
    CONSTRAINT fk_lot_use_visit_id FOREIGN KEY(visit_id) REFERENCES visit (id),
    CONSTRAINT fk_lot_use_lot_id FOREIGN KEY(lot_id) REFERENCES lot (id)
);

CREATE INDEX ix_lot_use_lot_id ON lot_use (lot_id);

COMMENT ON TABLE lot_use IS 'Append-only: which lot went into whom, already taken out of its count.';

CREATE TABLE absence (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    resource_id TEXT NOT NULL,
    during TSTZRANGE NOT NULL,
    reason TEXT,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_absence PRIMARY KEY (id),
    CONSTRAINT ck_absence_during CHECK (NOT isempty(during))
);

CREATE INDEX ix_absence_resource_id ON absence (resource_id);

COMMENT ON TABLE absence IS 'Append-only: when a resource is away, beside what the practice file says.';

COMMENT ON COLUMN absence.resource_id IS 'Of the practice file.';

COMMENT ON COLUMN absence.reason IS 'A word of the practice''s. Never personal.';

ALTER TABLE visit
    ADD COLUMN deposit_minor BIGINT,
    ADD COLUMN practice_version_id BIGINT,
    ADD COLUMN fee_from TIMESTAMP WITH TIME ZONE,
    ADD COLUMN fee_minor BIGINT,
    ADD COLUMN credit_lost BOOLEAN DEFAULT false NOT NULL,
    ADD CONSTRAINT fk_visit_practice_version_id FOREIGN KEY (practice_version_id) REFERENCES practice_version (id);

COMMENT ON COLUMN visit.deposit_minor IS 'To pay ahead, in the price''s currency.';

COMMENT ON COLUMN visit.practice_version_id IS 'Its policy was accepted.';

COMMENT ON COLUMN visit.fee_from IS 'The arrival a fee is reckoned from; None: its own.';

COMMENT ON COLUMN visit.fee_minor IS 'What it cost not to take place; the deposit counts towards it.';

COMMENT ON COLUMN visit.credit_lost IS 'The package''s, as its fee.';

ALTER TABLE claim
    ADD COLUMN hold_id TEXT,
    ADD CONSTRAINT fk_claim_hold_id FOREIGN KEY (hold_id) REFERENCES hold (id) ON DELETE CASCADE,
    DROP CONSTRAINT ck_claim_owner,
    ADD CONSTRAINT ck_claim_owner CHECK (num_nonnulls(visit_id, block_id, hold_id) = 1);

CREATE INDEX ix_claim_hold_id ON claim (hold_id) WHERE hold_id IS NOT NULL;

ALTER TABLE stock_promise
    ALTER COLUMN visit_id DROP NOT NULL,
    ADD COLUMN hold_id TEXT,
    ADD CONSTRAINT fk_stock_promise_hold_id FOREIGN KEY (hold_id) REFERENCES hold (id) ON DELETE CASCADE,
    ADD CONSTRAINT uq_stock_promise_hold_id_product_id UNIQUE (hold_id, product_id),
    ADD CONSTRAINT ck_stock_promise_owner CHECK (num_nonnulls(visit_id, hold_id) = 1);

ALTER TABLE package_use
    ALTER COLUMN visit_id DROP NOT NULL,
    ADD COLUMN hold_id TEXT,
    ADD CONSTRAINT fk_package_use_hold_id FOREIGN KEY (hold_id) REFERENCES hold (id) ON DELETE CASCADE,
    ADD CONSTRAINT uq_package_use_hold_id UNIQUE (hold_id),
    ADD CONSTRAINT ck_package_use_owner CHECK (num_nonnulls(visit_id, hold_id) = 1);

GRANT SELECT, INSERT, DELETE ON hold TO hub_app;
-- FOR UPDATE asks for the right to update; nothing of a hold is ever changed, so it is given on one column.
GRANT UPDATE (expires_at) ON hold TO hub_app;

GRANT SELECT, INSERT ON lot_use, absence TO hub_app;
