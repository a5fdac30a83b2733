-- Nothing looks for records by their batch: its rows are in landed_row.
DROP INDEX ix_source_record_batch_id;

-- The line alone tells apart almost all rows of a batch; the file's name, which is the same in all of them, came before.
ALTER TABLE landed_row DROP CONSTRAINT pk_landed_row, ADD CONSTRAINT pk_landed_row PRIMARY KEY (batch_id, line, file);
