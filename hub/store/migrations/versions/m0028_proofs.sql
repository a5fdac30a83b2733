-- Right after a load PostgreSQL knows nothing of the tables, and a proof takes many times as long by the plans it makes then.
-- The application owns no table, so whoever does lends it this.
CREATE FUNCTION analyze_changed_tables() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    one regclass;
BEGIN
    FOR one IN
        SELECT c.oid FROM pg_class c
        WHERE c.relkind = 'r' AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'public.visit'::regclass)
        AND pg_stat_get_mod_since_analyze(c.oid) > 1000 + greatest(c.reltuples, 0) / 10
    LOOP
        EXECUTE format('ANALYZE %s', one);
    END LOOP;
END
$$;

REVOKE ALL ON FUNCTION analyze_changed_tables() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION analyze_changed_tables() TO hub_app;

-- The last attempt that counts is the one that no later one that counts stands behind.
CREATE OR REPLACE VIEW current_disposition AS
SELECT b.system, b.kind, b.month, d.batch_id, d.file, d.line, d.source_key, d.verdict, d.reason, d.source_record_id,
    d.canonical_id
FROM disposition d JOIN import_batch b ON b.id = d.batch_id
WHERE b.state = 'loaded' AND NOT EXISTS (
    SELECT FROM disposition later JOIN import_batch l ON l.id = later.batch_id
    WHERE l.state = 'loaded' AND l.system = b.system AND later.file = d.file AND later.line = d.line
    AND later.batch_id > d.batch_id);
