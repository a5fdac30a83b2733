COMMENT ON COLUMN import_batch.stage IS
    'What was done: land, load, replay, claim, account; import: a whole export at once.';
