ALTER TABLE source_link ADD COLUMN named_in TEXT;

COMMENT ON COLUMN source_link.named_in IS 'The last list of all records of its system that named it.';
