ALTER TABLE cutover_step ADD COLUMN snapshot TEXT, ADD COLUMN transaction_id BIGINT;

COMMENT ON COLUMN cutover_step.snapshot IS 'pg_snapshot of that moment: what it does not see was committed later.';

COMMENT ON COLUMN cutover_step.transaction_id IS
    'The full number (xid8) of the transaction that wrote; xmin says another one where the database was restored.';
