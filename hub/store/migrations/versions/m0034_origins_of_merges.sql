ALTER TABLE person_merge ADD COLUMN origins_before JSONB DEFAULT '{}' NOT NULL;
COMMENT ON COLUMN person_merge.origins_before IS
    'Field -> where the survivor''s value of before came from, as in its lineage.';

ALTER TABLE awaiting_record ADD COLUMN since TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL;
