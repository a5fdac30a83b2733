ALTER TABLE repair_proposal ADD COLUMN better JSONB;
COMMENT ON COLUMN repair_proposal.better IS
    'Where it is not proven: what another plan could be better in (aim), and how much (at_most).';
