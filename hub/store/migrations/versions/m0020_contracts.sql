ALTER TABLE stream_cursor ADD COLUMN contract JSONB;

COMMENT ON COLUMN stream_cursor.contract IS 'The shape that its records have: paths, types and declared codes; no values.';
