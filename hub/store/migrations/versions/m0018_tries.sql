-- What comes back after a lost answer is the hub's own only where it is what the hub said: anything else somebody changed.
ALTER TABLE outbox_delivery ADD COLUMN tries JSONB DEFAULT '[]' NOT NULL;

COMMENT ON COLUMN outbox_delivery.tries IS 'Canonical values that were sent and not answered, try by try. Personal; gone with the answer.';
