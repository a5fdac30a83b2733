-- Whoever lands a file draws the numbers of its rows before these are written, in the order in which they stand then.
GRANT USAGE ON SEQUENCE source_record_id_seq TO hub_app;
