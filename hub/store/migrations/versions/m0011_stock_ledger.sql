-- What a lot holds is the sum of its movements: the database itself adds them up, so that nobody can change one without
-- the other. What was used so far becomes movements, and the rest the lot's opening count.
CREATE TABLE open_vial (
    id TEXT NOT NULL,
    lot_id BIGINT NOT NULL,
    opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    closes_at TIMESTAMP WITH TIME ZONE NOT NULL,
    remaining NUMERIC NOT NULL,
    CONSTRAINT pk_open_vial PRIMARY KEY (id),
    CONSTRAINT ck_open_vial_remaining CHECK (remaining >= 0),
    CONSTRAINT fk_open_vial_lot_id FOREIGN KEY(lot_id) REFERENCES lot (id)
);

CREATE INDEX ix_open_vial_lot_id ON open_vial (lot_id) WHERE remaining > 0;

COMMENT ON TABLE open_vial IS 'Written by triggers alone, from the movements.';

COMMENT ON COLUMN open_vial.closes_at IS 'The first instant at which it may not be used any more.';

COMMENT ON COLUMN open_vial.remaining IS 'Counted in its lot''s on_hand, too.';

CREATE TABLE lot_movement (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    lot_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    change NUMERIC NOT NULL,
    level NUMERIC,
    vial_id TEXT,
    closes_at TIMESTAMP WITH TIME ZONE,
    provider_id TEXT,
    witness_id TEXT,
    visit_id TEXT,
    reason TEXT,
    actor TEXT NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_lot_movement PRIMARY KEY (id),
    CONSTRAINT ck_lot_movement_kind CHECK (kind IN ('received', 'opened', 'used', 'wasted', 'counted', 'adjusted')),
    CONSTRAINT ck_lot_movement_change CHECK (CASE kind WHEN 'received' THEN change >= 0 WHEN 'adjusted' THEN change <> 0
        WHEN 'opened' THEN change = 0 WHEN 'counted' THEN change = 0 ELSE change < 0 END),
    CONSTRAINT ck_lot_movement_opening CHECK ((kind = 'opened') = (closes_at IS NOT NULL) AND (kind <> 'opened' OR vial_id IS NOT NULL)),
    CONSTRAINT ck_lot_movement_level CHECK ((kind IN ('opened', 'counted')) = (level IS NOT NULL)),
    CONSTRAINT fk_lot_movement_lot_id FOREIGN KEY(lot_id) REFERENCES lot (id),
    CONSTRAINT fk_lot_movement_vial_id FOREIGN KEY(vial_id) REFERENCES open_vial (id),
    CONSTRAINT fk_lot_movement_visit_id FOREIGN KEY(visit_id) REFERENCES visit (id)
);

CREATE INDEX ix_lot_movement_lot_id ON lot_movement (lot_id, id);

CREATE INDEX ix_lot_movement_visit_id ON lot_movement (visit_id) WHERE visit_id IS NOT NULL;

COMMENT ON TABLE lot_movement IS 'Append-only. What a lot holds is the sum of the changes.';

COMMENT ON COLUMN lot_movement.at IS 'When it happened; recorded_at: when it was written.';

COMMENT ON COLUMN lot_movement.level IS 'Opened: what the vial held. Counted: what was found.';

COMMENT ON COLUMN lot_movement.vial_id IS 'None: of what is not opened.';

COMMENT ON COLUMN lot_movement.provider_id IS 'Of the practice file; None: nobody, its hours ended.';

COMMENT ON COLUMN lot_movement.reason IS 'A word of the practice''s. Never personal.';

INSERT INTO lot_movement (lot_id, kind, at, change, actor, recorded_at)
SELECT l.id, 'received', l.created_at, l.on_hand + coalesce((SELECT sum(u.quantity) FROM lot_use u WHERE u.lot_id = l.id), 0),
    'system:hub', l.created_at FROM lot l ORDER BY l.id;

INSERT INTO lot_movement (lot_id, kind, at, change, provider_id, visit_id, actor, recorded_at)
SELECT u.lot_id, 'used', u.used_at, -u.quantity, v.provider_id, u.visit_id, 'system:hub', u.used_at
FROM lot_use u JOIN visit v ON v.id = u.visit_id ORDER BY u.id;

DROP TABLE lot_use;

ALTER TABLE lot ALTER COLUMN on_hand SET DEFAULT 0;

COMMENT ON COLUMN lot.on_hand IS 'Units of the product: the sum of its movements. Written by a trigger alone.';

CREATE FUNCTION open_vial_of_movement() RETURNS TRIGGER LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    INSERT INTO public.open_vial (id, lot_id, opened_at, closes_at, remaining)
    VALUES (NEW.vial_id, NEW.lot_id, NEW.at, NEW.closes_at, NEW.level);
    RETURN NEW;
END
$$;

CREATE FUNCTION add_up_movement() RETURNS TRIGGER LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    UPDATE public.lot SET on_hand = on_hand + NEW.change WHERE id = NEW.lot_id;
    UPDATE public.open_vial SET remaining = remaining + NEW.change WHERE id = NEW.vial_id AND lot_id = NEW.lot_id;
    IF NEW.vial_id IS NOT NULL AND NOT FOUND THEN
        RAISE EXCEPTION 'the vial is of another lot' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER open_vial BEFORE INSERT ON lot_movement FOR EACH ROW WHEN (NEW.kind = 'opened')
    EXECUTE FUNCTION open_vial_of_movement();

-- An opening changes nothing of its lot, and touches it all the same: who keeps a copy hears of it.
CREATE TRIGGER add_up AFTER INSERT ON lot_movement FOR EACH ROW EXECUTE FUNCTION add_up_movement();

GRANT SELECT, INSERT ON lot_movement TO hub_app;

GRANT SELECT ON open_vial TO hub_app;

REVOKE INSERT, UPDATE ON lot FROM hub_app;

GRANT INSERT (product_id, location_id, name, expires_on), UPDATE (expires_on) ON lot TO hub_app;
