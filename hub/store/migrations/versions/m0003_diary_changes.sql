-- Notes are only ever added: no writer waits for another, so there is nothing to deadlock on. Who keeps a copy of the
-- schedule keeps the snapshot it was read in; what that snapshot does not see of this table is what has changed since,
-- in whatever order transactions commit. What is rolled back was never noted.
CREATE TABLE diary_change (
    transaction_id BIGINT NOT NULL,
    subject TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    first_on DATE NOT NULL,
    last_on DATE NOT NULL,
    CONSTRAINT ck_diary_change_subject CHECK (subject IN ('resource', 'promise', 'lot', 'all'))
);

CREATE INDEX ix_diary_change_transaction_id ON diary_change (transaction_id);

COMMENT ON TABLE diary_change IS 'Written by triggers alone; the notes of the last 20000 transactions are kept.';

COMMENT ON COLUMN diary_change.transaction_id IS 'The full number (xid8) of the transaction that wrote.';

COMMENT ON COLUMN diary_change.subject_id IS 'A resource''s or product''s id.';

COMMENT ON COLUMN diary_change.first_on IS 'UTC days of a claim, local dates of a promise.';

GRANT SELECT ON diary_change TO hub_app;

-- The triggers write with their owner's rights, so that the application can neither forge nor forget a note.
CREATE FUNCTION this_transaction() RETURNS BIGINT LANGUAGE sql SET search_path = '' AS $$
    SELECT CAST(CAST(pg_catalog.pg_current_xact_id() AS TEXT) AS BIGINT)
$$;

CREATE FUNCTION note_claims() RETURNS TRIGGER LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    INSERT INTO public.diary_change (transaction_id, subject, subject_id, first_on, last_on)
    SELECT DISTINCT public.this_transaction(), 'resource', u.owner_id,
        GREATEST(CAST(lower(c.during) AT TIME ZONE 'UTC' AS DATE), DATE '0001-01-03'),
        LEAST(CAST((upper(c.during) - INTERVAL '1 microsecond') AT TIME ZONE 'UTC' AS DATE), DATE '9999-12-29')
    FROM changed c JOIN public.resource_unit u ON u.id = c.unit_id
    WHERE u.owner_kind = 'resource';
    RETURN NULL;
END
$$;

CREATE FUNCTION note_promises() RETURNS TRIGGER LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    INSERT INTO public.diary_change (transaction_id, subject, subject_id, first_on, last_on)
    SELECT DISTINCT public.this_transaction(), 'promise', c.product_id, c.due_on, c.due_on FROM changed c;
    RETURN NULL;
END
$$;

CREATE FUNCTION note_lots() RETURNS TRIGGER LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    INSERT INTO public.diary_change (transaction_id, subject, subject_id, first_on, last_on)
    SELECT DISTINCT public.this_transaction(), 'lot', c.product_id, DATE '0001-01-03', DATE '9999-12-29' FROM changed c;
    RETURN NULL;
END
$$;

CREATE FUNCTION note_everything() RETURNS TRIGGER LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    INSERT INTO public.diary_change (transaction_id, subject, subject_id, first_on, last_on)
    VALUES (public.this_transaction(), 'all', '', DATE '0001-01-03', DATE '9999-12-29');
    RETURN NULL;
END
$$;

-- Now and then somebody sweeps; whoever finds another at it does not wait. A copy whose snapshot reaches back further
-- than the notes do is made anew.
CREATE FUNCTION sweep_diary_changes() RETURNS TRIGGER LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
    oldest_running CONSTANT BIGINT := CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS BIGINT);
BEGIN
    IF (SELECT min(transaction_id) FROM public.diary_change) < oldest_running - 25000
        AND pg_try_advisory_xact_lock(x'6469617279'::BIGINT)
    THEN
        DELETE FROM public.diary_change WHERE transaction_id < oldest_running - 20000;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER note_added AFTER INSERT ON claim REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION note_claims();
CREATE TRIGGER note_gone AFTER DELETE ON claim REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION note_claims();
CREATE TRIGGER note_before AFTER UPDATE ON claim REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION note_claims();
CREATE TRIGGER note_after AFTER UPDATE ON claim REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION note_claims();
CREATE TRIGGER note_all AFTER TRUNCATE ON claim FOR EACH STATEMENT EXECUTE FUNCTION note_everything();
CREATE TRIGGER sweep AFTER INSERT ON claim FOR EACH STATEMENT EXECUTE FUNCTION sweep_diary_changes();

CREATE TRIGGER note_added AFTER INSERT ON stock_promise REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION note_promises();
CREATE TRIGGER note_gone AFTER DELETE ON stock_promise REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION note_promises();
CREATE TRIGGER note_before AFTER UPDATE ON stock_promise REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION note_promises();
CREATE TRIGGER note_after AFTER UPDATE ON stock_promise REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION note_promises();
CREATE TRIGGER note_all AFTER TRUNCATE ON stock_promise FOR EACH STATEMENT EXECUTE FUNCTION note_everything();

CREATE TRIGGER note_added AFTER INSERT ON lot REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION note_lots();
CREATE TRIGGER note_gone AFTER DELETE ON lot REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION note_lots();
CREATE TRIGGER note_before AFTER UPDATE ON lot REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION note_lots();
CREATE TRIGGER note_after AFTER UPDATE ON lot REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION note_lots();
CREATE TRIGGER note_all AFTER TRUNCATE ON lot FOR EACH STATEMENT EXECUTE FUNCTION note_everything();

CREATE TRIGGER note_renumbered AFTER UPDATE OR DELETE OR TRUNCATE ON resource_unit
    FOR EACH STATEMENT EXECUTE FUNCTION note_everything();

CREATE TRIGGER note_changed AFTER UPDATE OF expires_at ON hold FOR EACH STATEMENT EXECUTE FUNCTION note_everything();
