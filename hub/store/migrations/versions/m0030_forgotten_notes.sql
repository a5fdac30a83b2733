-- What rows said before a batch is personal, and kept only while the batch may be taken back. The application may end
-- that, whole batches at once; it may change no note.
CREATE FUNCTION forget_notes(until TIMESTAMP WITH TIME ZONE) RETURNS BIGINT
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
    forgotten BIGINT;
BEGIN
    WITH old AS (
        UPDATE public.import_batch SET is_noted = false WHERE is_noted AND finished_at < until RETURNING id
    ), gone AS (
        DELETE FROM public.batch_note n USING old WHERE n.batch_id = old.id
    )
    SELECT count(*) INTO forgotten FROM old;
    RETURN forgotten;
END
$$;

REVOKE EXECUTE ON FUNCTION forget_notes FROM PUBLIC;

GRANT EXECUTE ON FUNCTION forget_notes TO hub_app;
