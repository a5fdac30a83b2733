-- A plan that was made while a table was small reads all of it. PostgreSQL makes another one only once it has looked at the
-- table again, up to a minute later, and a first synchronization brings tens of thousands of rows in that time. The size of
-- the file is known at once, other than the count of changes; and who looks only at what has doubled looks seldom.
CREATE FUNCTION analyze_grown_tables() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    one regclass;
BEGIN
    FOR one IN
        SELECT c.oid FROM pg_class c
        WHERE c.relkind = 'r' AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'public.visit'::regclass)
        AND pg_relation_size(c.oid) > 2 * greatest(c.relpages, 8) * current_setting('block_size')::bigint
    LOOP
        EXECUTE format('ANALYZE (SKIP_LOCKED) %s', one);
    END LOOP;
END
$$;

REVOKE ALL ON FUNCTION analyze_grown_tables() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION analyze_grown_tables() TO hub_app;
