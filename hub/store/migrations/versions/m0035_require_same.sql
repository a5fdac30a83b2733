-- Ends the attempt of whoever acts under locks on what was read before them, where it is not what is there now.
CREATE FUNCTION require_same(seen TEXT, standing TEXT) RETURNS void LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
    IF seen IS DISTINCT FROM standing THEN
        RAISE serialization_failure USING MESSAGE = 'what this was decided on has changed';
    END IF;
END
$$;
