-- What a record from outside names stays where it is; what it leaves open (which room, which laser) the engine fills,
-- and may fill with another when somebody else needs that one.
ALTER TABLE claim ADD COLUMN reassignable BOOLEAN DEFAULT false NOT NULL;

COMMENT ON COLUMN claim.reassignable IS 'Chosen by the engine for a record that left it open.';

-- Nearly always empty where every record names what it takes: asking costs nothing then.
CREATE INDEX ix_claim_reassignable ON claim USING gist (during) WHERE reassignable;
