ALTER TABLE visit
    ADD COLUMN trip_id TEXT,
    ADD COLUMN trip_number INTEGER,
    ADD COLUMN series_id TEXT,
    ADD CONSTRAINT ck_visit_trip CHECK ((trip_id IS NULL) = (trip_number IS NULL));

COMMENT ON COLUMN visit.trip_id IS 'Visits that were booked as one trip share it; None: booked alone.';

COMMENT ON COLUMN visit.trip_number IS '1, 2, 3 … in the trip''s order.';

COMMENT ON COLUMN visit.series_id IS 'Sessions of one series share it.';

CREATE INDEX ix_visit_trip_id ON visit (trip_id) WHERE trip_id IS NOT NULL;

CREATE INDEX ix_visit_series_id ON visit (series_id) WHERE series_id IS NOT NULL;

ALTER TABLE hold ADD COLUMN series_id TEXT;

COMMENT ON COLUMN hold.series_id IS 'Sessions of one series share it.';
