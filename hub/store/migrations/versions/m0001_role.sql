-- The role the application works as. It owns nothing; roles are shared by all databases of a server, so it may be there.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'hub_app') THEN
        BEGIN
            CREATE ROLE hub_app LOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL; -- another database of this server was migrated at the same moment
        END;
    END IF;
    IF NOT pg_has_role(current_user, 'hub_app', 'MEMBER') THEN
        EXECUTE format('GRANT hub_app TO %I', current_user);
    END IF;
    EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO hub_app', current_database());
END
$$;
