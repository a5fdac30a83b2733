-- What a person settled is looked at again until whoever was asked says something: till then it is not settled.
ALTER TABLE pending_change ADD COLUMN by_hand TEXT;

COMMENT ON COLUMN pending_change.by_hand IS 'The step that a person answered.';
