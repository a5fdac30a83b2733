-- Nobody may remove a source record or a batch, and whoever writes such a number has just read it there. To check each of them
-- anew, and to mark the row that it names, was half of what storing a history cost.
ALTER TABLE source_record DROP CONSTRAINT fk_source_record_batch_id;

ALTER TABLE source_link DROP CONSTRAINT fk_source_link_source_record_id, DROP CONSTRAINT fk_source_link_batch_id;

ALTER TABLE landed_row DROP CONSTRAINT fk_landed_row_source_record_id, DROP CONSTRAINT fk_landed_row_batch_id;

ALTER TABLE disposition DROP CONSTRAINT fk_disposition_source_record_id, DROP CONSTRAINT fk_disposition_batch_id;

DO $$
DECLARE
    one TEXT;
BEGIN
    FOREACH one IN ARRAY CAST('{consent,document,filled_form,gift_card,invoice,location,membership,package,'
        'patient,payment,provider,resource,role,schedule,service,slot,visit}' AS text[])
    LOOP
        EXECUTE format('ALTER TABLE %I DROP CONSTRAINT %I, DROP CONSTRAINT %I',
            one, 'fk_' || one || '_source_record_id', 'fk_' || one || '_batch_id');
    END LOOP;
END
$$;

-- Each batch's rows are found by the key.
DROP INDEX ix_disposition_batch_id_verdict;
