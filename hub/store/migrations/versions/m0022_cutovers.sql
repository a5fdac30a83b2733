CREATE TABLE cutover_step (
    system TEXT NOT NULL,
    number INTEGER NOT NULL,
    step TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    by TEXT NOT NULL,
    detail JSONB DEFAULT '{}' NOT NULL,
    CONSTRAINT pk_cutover_step PRIMARY KEY (system, number, step),
    CONSTRAINT ck_cutover_step_step CHECK (step IN ('freeze', 'delta', 'switch', 'back', 'closed'))
);

COMMENT ON TABLE cutover_step IS 'What was done of each cut-over. Append-only.';

COMMENT ON COLUMN cutover_step.number IS 'Which cut-over of the system, from 1.';

COMMENT ON COLUMN cutover_step.by IS 'Who answers for it.';

COMMENT ON COLUMN cutover_step.detail IS 'Ids and numbers; nothing personal.';

CREATE TABLE reentry (
    system TEXT NOT NULL,
    number INTEGER NOT NULL,
    place INTEGER NOT NULL,
    kind TEXT NOT NULL,
    canonical_id TEXT NOT NULL,
    said JSONB NOT NULL,
    CONSTRAINT pk_reentry PRIMARY KEY (system, number, place)
);

COMMENT ON TABLE reentry IS 'What the hub wrote after a switch and somebody enters in the old system by hand. Append-only.';

COMMENT ON COLUMN reentry.said IS 'Column -> text. Personal.';

GRANT SELECT, INSERT ON cutover_step, reentry TO hub_app;
