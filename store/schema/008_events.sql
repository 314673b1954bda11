-- What somebody did with the item (view, cart, purchase, ...), and how much of it, both
-- optional. Columns without a default and a constraint that need not look at the rows that
-- are there: however large the table is, nothing of it is read or rewritten.
DO $$
BEGIN
    IF (SELECT relkind IN ('r', 'p') FROM pg_class
        WHERE oid = to_regclass ('interactions')) THEN -- a view has what it has
        ALTER TABLE interactions ADD COLUMN IF NOT EXISTS event text,
            ADD COLUMN IF NOT EXISTS value double precision;
        ALTER TABLE interactions ADD CONSTRAINT interactions_event_length
            CHECK (octet_length (event) BETWEEN 1 AND 64) NOT VALID;
    END IF;
END
$$;
