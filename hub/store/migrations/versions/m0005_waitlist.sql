CREATE TABLE waitlist_entry (
    id TEXT NOT NULL,
    position BIGINT GENERATED ALWAYS AS IDENTITY,
    location_id TEXT NOT NULL,
    parts JSONB NOT NULL,
    channel TEXT NOT NULL,
    together BOOLEAN NOT NULL,
    first_on DATE NOT NULL,
    last_on DATE NOT NULL,
    state TEXT DEFAULT 'waiting' NOT NULL,
    hold_id TEXT,
    offered_until TIMESTAMP WITH TIME ZONE,
    joined_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    closed_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_waitlist_entry PRIMARY KEY (id),
    CONSTRAINT uq_waitlist_entry_position UNIQUE (position),
    CONSTRAINT ck_waitlist_entry_state CHECK (state IN ('waiting', 'offered', 'booked', 'lapsed', 'left')),
    CONSTRAINT ck_waitlist_entry_dates CHECK (first_on <= last_on),
    CONSTRAINT fk_waitlist_entry_location_id FOREIGN KEY(location_id) REFERENCES location (id)
);

CREATE INDEX ix_waitlist_entry_open ON waitlist_entry (position) WHERE state IN ('waiting', 'offered');

COMMENT ON TABLE waitlist_entry IS 'Who waits for a time to be freed; served in the order of joining.';

COMMENT ON COLUMN waitlist_entry.parts IS 'What is asked for: service, patient, option, resources, package; ids only.';

COMMENT ON COLUMN waitlist_entry.hold_id IS 'The hold they were offered; booked, it is the visit''s id.';

CREATE TABLE freed (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    transaction_id BIGINT NOT NULL,
    owner_id TEXT NOT NULL,
    what TEXT NOT NULL,
    data JSONB NOT NULL,
    CONSTRAINT pk_freed PRIMARY KEY (id),
    CONSTRAINT ck_freed_what CHECK (what IN ('claim', 'promise', 'credit', 'visit'))
);

CREATE INDEX ix_freed_transaction_id ON freed (transaction_id);

COMMENT ON TABLE freed IS 'What visits and holds took and take no more, as long as the waitlist was not asked.';

COMMENT ON COLUMN freed.owner_id IS 'The visit or hold that took it.';

GRANT SELECT, INSERT, UPDATE ON waitlist_entry TO hub_app;

GRANT SELECT, DELETE ON freed TO hub_app;

-- Only while somebody waits is anything noted. What a visit takes instead, whoever serves the list reads then.
CREATE FUNCTION somebody_waits() RETURNS BOOLEAN LANGUAGE sql STABLE SET search_path = '' AS $$
    SELECT EXISTS (SELECT FROM public.waitlist_entry WHERE state IN ('waiting', 'offered'))
$$;

CREATE FUNCTION note_freed_claims() RETURNS TRIGGER LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    IF public.somebody_waits() THEN
        INSERT INTO public.freed (transaction_id, owner_id, what, data)
        SELECT public.this_transaction(), coalesce(g.visit_id, g.hold_id), 'claim',
            jsonb_build_array(u.owner_id, lower(g.during), upper(g.during))
        FROM gone g JOIN public.resource_unit u ON u.id = g.unit_id
        WHERE u.owner_kind = 'resource' AND g.block_id IS NULL;
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION note_freed_promises() RETURNS TRIGGER LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    IF public.somebody_waits() THEN
        INSERT INTO public.freed (transaction_id, owner_id, what, data)
        SELECT public.this_transaction(), coalesce(visit_id, hold_id), 'promise',
            jsonb_build_array(product_id, location_id, due_on, CAST(quantity AS TEXT))
        FROM gone;
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION note_freed_credits() RETURNS TRIGGER LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    IF public.somebody_waits() THEN
        INSERT INTO public.freed (transaction_id, owner_id, what, data)
        SELECT public.this_transaction(), coalesce(visit_id, hold_id), 'credit', jsonb_build_array(package_id)
        FROM gone;
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION note_freed_visits() RETURNS TRIGGER LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    IF public.somebody_waits() THEN
        INSERT INTO public.freed (transaction_id, owner_id, what, data)
        SELECT public.this_transaction(), b.id, 'visit',
            jsonb_build_array(b.patient_id, coalesce(b.service_id, ''), b.location_id, b.start, b."end", b.series_id)
        FROM gone b JOIN come a ON a.id = b.id
        WHERE b.state IN ('booked', 'arrived', 'fulfilled')
        AND (a.state NOT IN ('booked', 'arrived', 'fulfilled')
            OR (a.patient_id, a.service_id, a.location_id, a.start, a."end")
                IS DISTINCT FROM (b.patient_id, b.service_id, b.location_id, b.start, b."end"));
    END IF;
    RETURN NULL;
END
$$;

-- A hold that was booked is a visit now: it took nothing away from itself.
CREATE FUNCTION note_freed_holds() RETURNS TRIGGER LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    IF public.somebody_waits() THEN
        INSERT INTO public.freed (transaction_id, owner_id, what, data)
        SELECT public.this_transaction(), g.id, 'visit',
            jsonb_build_array(g.patient_id, g.service_id, g.location_id, g.start, g."end", g.series_id)
        FROM gone g WHERE NOT EXISTS (SELECT FROM public.visit v WHERE v.id = g.id);
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER note_freed AFTER DELETE ON claim REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION note_freed_claims();
CREATE TRIGGER note_freed AFTER DELETE ON stock_promise REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION note_freed_promises();
CREATE TRIGGER note_freed AFTER DELETE ON package_use REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION note_freed_credits();
CREATE TRIGGER note_freed AFTER UPDATE ON visit REFERENCING OLD TABLE AS gone NEW TABLE AS come
    FOR EACH STATEMENT EXECUTE FUNCTION note_freed_visits();
CREATE TRIGGER note_freed AFTER DELETE ON hold REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION note_freed_holds();
