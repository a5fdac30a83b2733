ALTER TABLE import_batch ADD COLUMN is_noted BOOLEAN DEFAULT false NOT NULL;

COMMENT ON COLUMN import_batch.is_noted IS 'What it changed of rows that were there before stands in batch_note.';

CREATE TABLE batch_note (
    batch_id BIGINT NOT NULL,
    what TEXT NOT NULL,
    key TEXT NOT NULL,
    before JSONB,
    number BIGINT GENERATED ALWAYS AS IDENTITY,
    CONSTRAINT pk_batch_note PRIMARY KEY (batch_id, what, key),
    CONSTRAINT fk_batch_note_batch_id FOREIGN KEY(batch_id) REFERENCES import_batch (id)
);

CREATE INDEX ix_batch_note_what_key ON batch_note (what, key);

COMMENT ON TABLE batch_note IS 'Rows that a batch changed, as they were before it. Written by triggers alone.';

COMMENT ON COLUMN batch_note.what IS 'The table.';

COMMENT ON COLUMN batch_note.number IS 'The order of the notes of a row: batches run side by side.';

COMMENT ON COLUMN batch_note.before IS 'The whole row; NULL: the batch made it. Personal.';

CREATE TABLE batch_reversal (
    batch_id BIGINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    by TEXT NOT NULL,
    reason TEXT NOT NULL,
    CONSTRAINT pk_batch_reversal PRIMARY KEY (batch_id),
    CONSTRAINT fk_batch_reversal_batch_id FOREIGN KEY(batch_id) REFERENCES import_batch (id)
);

COMMENT ON TABLE batch_reversal IS 'Batches that were taken back. Append-only.';

COMMENT ON COLUMN batch_reversal.by IS 'Who answers for it.';

-- While a batch loads, its transaction names it in hub.batch. A row that the batch itself made needs no note: it has the
-- batch's number.
CREATE FUNCTION note_for_batch() RETURNS TRIGGER LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
    said CONSTANT jsonb := CASE TG_OP WHEN 'UPDATE' THEN to_jsonb(OLD) ELSE to_jsonb(NEW) END;
    batch CONSTANT text := current_setting('hub.batch');
BEGIN
    IF TG_OP = 'INSERT' OR said ->> 'batch_id' IS DISTINCT FROM batch THEN
        INSERT INTO public.batch_note (batch_id, what, key, before)
        VALUES (CAST(batch AS bigint), TG_TABLE_NAME,
            coalesce(said ->> 'id', concat_ws(' ', said ->> 'system', said ->> 'kind', said ->> 'source_id')),
            CASE TG_OP WHEN 'UPDATE' THEN said END)
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END
$$;

DO $$
DECLARE
    one TEXT;
BEGIN
    FOREACH one IN ARRAY CAST('{location,provider,resource,service,patient,visit,invoice,payment,package,gift_card,'
        'membership,source_link,person_pair,review_issue,lot}' AS text[])
    LOOP
        EXECUTE format('CREATE TRIGGER note_change AFTER UPDATE ON %I FOR EACH ROW '
            'WHEN (current_setting(''hub.batch'', true) <> '''') EXECUTE FUNCTION note_for_batch()', one);
    END LOOP;
    FOREACH one IN ARRAY CAST('{person_pair,review_issue,lot,lot_movement}' AS text[]) LOOP
        EXECUTE format('CREATE TRIGGER note_new AFTER INSERT ON %I FOR EACH ROW '
            'WHEN (current_setting(''hub.batch'', true) <> '''') EXECUTE FUNCTION note_for_batch()', one);
    END LOOP;
END
$$;

-- The one way in which the application removes a record: one that a batch made, in the transaction that takes the batch
-- back. With it go the questions about the record.
CREATE FUNCTION remove_made(batches BIGINT[], what TEXT) RETURNS BIGINT
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
    removed BIGINT;
BEGIN
    IF what <> ALL ('{location,provider,resource,service,patient,visit,invoice,payment,package,gift_card,membership,source_link,person_pair,review_issue}')
        OR EXISTS (SELECT FROM unnest(batches) AS one WHERE NOT EXISTS (
            SELECT FROM public.batch_reversal r WHERE r.batch_id = one AND r.at = now()))
    THEN
        RAISE EXCEPTION 'only what a batch made that is taken back here can be removed' USING ERRCODE = '42501';
    END IF;
    IF what IN ('person_pair', 'review_issue') THEN
        EXECUTE format('DELETE FROM public.%I t USING public.batch_note n WHERE n.batch_id = ANY($1) '
            'AND n.what = $2 AND n.before IS NULL AND n.key = CAST(t.id AS text)', what) USING batches, what;
    ELSE
        IF what = 'patient' THEN
            DELETE FROM public.person_pair p USING public.patient t
            WHERE t.batch_id = ANY(batches) AND p.first_id = t.id;
            DELETE FROM public.person_pair p USING public.patient t
            WHERE t.batch_id = ANY(batches) AND p.second_id = t.id;
        END IF;
        IF what <> 'source_link' THEN
            EXECUTE format('DELETE FROM public.review_issue i USING public.%I t WHERE t.batch_id = ANY($1) '
                'AND i.subject_kind = $2 AND i.subject_id = t.id AND (i.state = ''open'' OR i.closed_by = ''hub'')',
                what) USING batches, what;
        END IF;
        EXECUTE format('DELETE FROM public.%I WHERE batch_id = ANY($1)', what) USING batches;
    END IF;
    GET DIAGNOSTICS removed = ROW_COUNT;
    RETURN removed;
END
$$;

REVOKE EXECUTE ON FUNCTION remove_made FROM PUBLIC;

GRANT EXECUTE ON FUNCTION remove_made TO hub_app;

GRANT SELECT ON batch_note TO hub_app;

GRANT SELECT, INSERT ON batch_reversal TO hub_app;

-- A merge that was taken back with its patients stays in the book: their ids are made of the source's, and come again.
ALTER TABLE person_merge DROP CONSTRAINT fk_person_merge_survivor_id, DROP CONSTRAINT fk_person_merge_merged_id;

-- Restored rows are as they were, lineage included; and nobody who waits is offered what only seems to be free.
CREATE OR REPLACE FUNCTION somebody_waits() RETURNS BOOLEAN LANGUAGE sql STABLE SET search_path = '' AS $$
    SELECT coalesce(current_setting('hub.taking_back', true), '') = ''
        AND EXISTS (SELECT FROM public.waitlist_entry WHERE state IN ('waiting', 'offered'))
$$;

CREATE OR REPLACE FUNCTION keep_lineage() RETURNS TRIGGER LANGUAGE plpgsql SET search_path = '' AS $$
DECLARE
    origin CONSTANT jsonb := CASE
        WHEN NEW.source_record_id IS DISTINCT FROM OLD.source_record_id
        THEN pg_catalog.jsonb_build_array(NEW.source_record_id, 'latest', pg_catalog.now())
        ELSE pg_catalog.jsonb_build_array(NULL, 'hub', pg_catalog.now()) END;
    before CONSTANT jsonb := pg_catalog.to_jsonb(OLD);
BEGIN
    IF pg_catalog.current_setting('hub.taking_back', true) <> '' THEN
        RETURN NEW;
    END IF;
    SELECT OLD.lineage || coalesce(pg_catalog.jsonb_object_agg(
        pg_catalog.regexp_replace(n.key, '_(minor|currency)$', ''), origin), '{}') INTO NEW.lineage
    FROM pg_catalog.jsonb_each(pg_catalog.to_jsonb(NEW)) AS n
    WHERE n.key = ANY (CAST(TG_ARGV[0] AS text[])) AND n.value IS DISTINCT FROM before -> n.key;
    RETURN NEW;
END
$$;

-- Who removes a visit is asked by each of these whether something still names it.
CREATE INDEX ix_history_conflict_first_id ON history_conflict (first_id);

CREATE INDEX ix_history_conflict_second_id ON history_conflict (second_id);

CREATE INDEX ix_invoice_visit_id ON invoice (visit_id) WHERE visit_id IS NOT NULL;

CREATE INDEX ix_document_visit_id ON document (visit_id) WHERE visit_id IS NOT NULL;
