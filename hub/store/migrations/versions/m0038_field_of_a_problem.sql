ALTER TABLE disposition ADD COLUMN field TEXT;

COMMENT ON COLUMN disposition.field IS 'Of a quarantined row the columns in which it was: Date + Start. Never a value.';

CREATE OR REPLACE VIEW current_disposition AS
SELECT b.system, b.kind, b.month, d.batch_id, d.file, d.line, d.source_key, d.verdict, d.reason, d.source_record_id,
    d.canonical_id, d.field
FROM disposition d JOIN import_batch b ON b.id = d.batch_id
WHERE b.state = 'loaded' AND NOT EXISTS (
    SELECT FROM disposition later JOIN import_batch l ON l.id = later.batch_id
    WHERE l.state = 'loaded' AND l.system = b.system AND later.file = d.file AND later.line = d.line
    AND later.batch_id > d.batch_id);
