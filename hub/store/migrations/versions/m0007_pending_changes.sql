-- A change of the book in which another system has a say is written down before that system is asked, so that whoever
-- comes after a process that died finds it. A hold that belongs to one does not expire: its end lies beyond all time,
-- and the constraint lets neither be without the other.

CREATE TABLE pending_change (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    kind TEXT NOT NULL,
    stage TEXT NOT NULL,
    connection TEXT,
    visit_ids TEXT[] DEFAULT '{}' NOT NULL,
    key TEXT,
    request_hash TEXT,
    asked JSONB NOT NULL,
    outcome TEXT,
    attempts INTEGER DEFAULT 0 NOT NULL,
    begun_at TIMESTAMP WITH TIME ZONE NOT NULL,
    asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    deadline_at TIMESTAMP WITH TIME ZONE NOT NULL,
    next_try_at TIMESTAMP WITH TIME ZONE NOT NULL,
    settled_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_pending_change PRIMARY KEY (id),
    CONSTRAINT ck_pending_change_kind CHECK (kind IN ('book', 'move', 'cancel')),
    CONSTRAINT ck_pending_change_stage
        CHECK (stage IN ('paying', 'confirming', 'withdrawing', 'done', 'released')),
    CONSTRAINT ck_pending_change_settled CHECK (settled_at IS NULL OR stage IN ('done', 'released'))
);

CREATE INDEX ix_pending_change_next_try_at ON pending_change (next_try_at) WHERE settled_at IS NULL;

CREATE INDEX ix_pending_change_visit_ids ON pending_change USING gin (visit_ids);

CREATE UNIQUE INDEX uq_pending_change_key ON pending_change (key) WHERE stage IN ('paying', 'confirming');

COMMENT ON TABLE pending_change IS 'What was begun and needs another system''s word; written before that system is asked.';

COMMENT ON COLUMN pending_change.connection IS 'The vendor who owns the calendar; None: the hub does.';

COMMENT ON COLUMN pending_change.visit_ids IS 'In the trip''s order; of a booking the ids that the visits will have.';

COMMENT ON COLUMN pending_change.key IS 'Idempotency key of a booking.';

COMMENT ON COLUMN pending_change.asked IS 'Who asked for what and why: ids and codes; nothing personal.';

COMMENT ON COLUMN pending_change.outcome IS 'The last answer''s code, or why it was released.';

COMMENT ON COLUMN pending_change.asked_at IS 'When the present stage began.';

COMMENT ON COLUMN pending_change.deadline_at IS 'When the hold would have expired.';

COMMENT ON COLUMN pending_change.settled_at IS 'Nobody has to be asked any more.';

CREATE TABLE payment (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    key TEXT NOT NULL,
    kind TEXT NOT NULL,
    pending_id BIGINT,
    visit_id TEXT,
    amount_minor BIGINT NOT NULL,
    currency TEXT NOT NULL,
    state TEXT NOT NULL,
    reference TEXT,
    outcome TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_payment PRIMARY KEY (id),
    CONSTRAINT uq_payment_key UNIQUE (key),
    CONSTRAINT ck_payment_amount_minor CHECK (amount_minor > 0),
    CONSTRAINT ck_payment_deposit_of_a_change CHECK ((kind = 'deposit') = (pending_id IS NOT NULL)),
    CONSTRAINT ck_payment_refund_of_a_visit CHECK ((kind = 'refund') = (visit_id IS NOT NULL)),
    CONSTRAINT ck_payment_state CHECK (
        CASE kind WHEN 'refund' THEN state = 'intended' WHEN 'deposit' THEN
        state IN ('authorising', 'authorised', 'declined', 'captured', 'voided', 'failed') ELSE false END),
    CONSTRAINT fk_payment_pending_id FOREIGN KEY (pending_id) REFERENCES pending_change (id)
);

CREATE UNIQUE INDEX uq_payment_pending_id ON payment (pending_id) WHERE kind = 'deposit';

CREATE INDEX ix_payment_visit_id ON payment (visit_id);

COMMENT ON TABLE payment IS 'Amounts and keys; never anything of a card.';

COMMENT ON COLUMN payment.key IS 'Idempotency key at the processor.';

COMMENT ON COLUMN payment.visit_id IS 'Of a refund: the visit that was cancelled.';

COMMENT ON COLUMN payment.reference IS 'The processor''s own name for it.';

COMMENT ON COLUMN payment.outcome IS 'The last answer''s code.';

ALTER TABLE hold
    ADD COLUMN pending_id BIGINT,
    ADD CONSTRAINT fk_hold_pending_id FOREIGN KEY (pending_id) REFERENCES pending_change (id),
    ADD CONSTRAINT ck_hold_undecided_does_not_expire
        CHECK ((pending_id IS NULL) = (expires_at < TIMESTAMP WITH TIME ZONE '9999-01-01 00:00:00+00'));

CREATE INDEX ix_hold_pending_id ON hold (pending_id) WHERE pending_id IS NOT NULL;

COMMENT ON COLUMN hold.pending_id IS 'The change that decides what becomes of it; until then it does not expire.';

GRANT SELECT, INSERT, UPDATE ON pending_change, payment TO hub_app;
GRANT UPDATE (pending_id) ON hold TO hub_app;
