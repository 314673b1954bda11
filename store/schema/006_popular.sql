-- The interactions of the last days, without reading the others (GET /popular). Small, and
-- next to nothing for whoever writes: one entry for each 128 pages.
DO $$
BEGIN
    IF (SELECT relkind IN ('r', 'p') FROM pg_class
        WHERE oid = to_regclass ('interactions')) THEN
        CREATE INDEX IF NOT EXISTS interactions_created ON interactions
            USING brin (created_at) WITH (autosummarize = on);
    END IF;
END
$$;
