CREATE TABLE allowance (
    connection TEXT NOT NULL,
    spent JSONB DEFAULT '{}' NOT NULL,
    taken_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_allowance PRIMARY KEY (connection)
);

COMMENT ON TABLE allowance IS 'How often other systems were asked of late, by all processes of the hub together.';

COMMENT ON COLUMN allowance.connection IS 'The connection''s system name.';

COMMENT ON COLUMN allowance.spent IS 'Rates and points, as counted.';

GRANT SELECT, INSERT, UPDATE ON allowance TO hub_app;
