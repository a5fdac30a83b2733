ALTER TABLE visit
    ADD COLUMN deposit_waived_minor BIGINT DEFAULT 0 NOT NULL,
    ADD COLUMN fee_waived_minor BIGINT DEFAULT 0 NOT NULL,
    ADD COLUMN credit_waived BOOLEAN DEFAULT false NOT NULL,
    ADD CONSTRAINT ck_visit_deposit_waived CHECK (deposit_waived_minor BETWEEN 0 AND coalesce(deposit_minor, 0)),
    ADD CONSTRAINT ck_visit_fee_waived CHECK (fee_waived_minor BETWEEN 0 AND coalesce(fee_minor, 0));

COMMENT ON COLUMN visit.credit_waived IS 'It had stood for the fee, and came back.';
