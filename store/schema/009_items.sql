-- What a shop knows of its items. Of category and categories the latter counts where it is
-- given (item_categories); category stays for whoever writes one, or reads the first.
-- Columns without a default of their own: no row is rewritten.
ALTER TABLE items
    ADD COLUMN categories text[],
    ADD COLUMN available_from timestamptz,
    ADD COLUMN expires_at timestamptz,
    ADD COLUMN attributes jsonb,
    ADD COLUMN image_url text;

CREATE FUNCTION item_categories (category text, categories text[]) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce (categories, array_remove (ARRAY [category], NULL));

-- Who writes category alone means that one, whatever stood in categories.
CREATE FUNCTION items_one_category () RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.categories := NULL;
    RETURN NEW;
END
$$;
CREATE TRIGGER items_one_category BEFORE UPDATE ON items FOR EACH ROW
    WHEN (NEW.category IS DISTINCT FROM OLD.category
        AND NEW.categories IS NOT DISTINCT FROM OLD.categories)
    EXECUTE FUNCTION items_one_category ();

-- Which transaction changed an item last, whoever it was: the servers ask for what is new
-- once a second. A number of the transaction, not a time or a sequence: those are given
-- before COMMIT, so that of two writers the later number may become visible first. An item
-- that is gone keeps its row, so that it is not recommended. Rows that are there already
-- need none: a server that starts reads all items.
CREATE TABLE item_changes (
    item_id bigint PRIMARY KEY,
    changed xid8 NOT NULL,
    gone boolean NOT NULL
);
CREATE INDEX item_changes_changed ON item_changes (changed);
CREATE INDEX item_changes_gone ON item_changes (item_id) WHERE gone;
DO $$
DECLARE
    who text;
BEGIN
    FOR who IN SELECT DISTINCT CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END
        FROM pg_class, aclexplode (relacl)
        WHERE oid = 'items'::regclass AND privilege_type = 'SELECT'
    LOOP
        EXECUTE format ('GRANT SELECT ON item_changes TO %s', who); -- who may read items
    END LOOP;
END
$$;

-- By statement, so that a load of a million items costs one INSERT more. With the rights of
-- the owner: whoever may write items need not know of this.
CREATE FUNCTION items_note_changes () RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        INSERT INTO item_changes
        SELECT item_id, pg_current_xact_id (), true FROM items ORDER BY item_id
        ON CONFLICT (item_id) DO UPDATE SET changed = excluded.changed, gone = true;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO item_changes
        SELECT item_id, pg_current_xact_id (), true FROM old_items ORDER BY item_id
        ON CONFLICT (item_id) DO UPDATE SET changed = excluded.changed, gone = true;
    ELSE
        IF TG_OP = 'UPDATE' THEN -- of an id, too
            INSERT INTO item_changes
            SELECT item_id, pg_current_xact_id (), true FROM (
                SELECT item_id FROM old_items EXCEPT SELECT item_id FROM new_items) renamed
            ORDER BY item_id
            ON CONFLICT (item_id) DO UPDATE SET changed = excluded.changed, gone = true;
        END IF;
        INSERT INTO item_changes
        SELECT item_id, pg_current_xact_id (), false FROM new_items ORDER BY item_id
        ON CONFLICT (item_id) DO UPDATE SET changed = excluded.changed, gone = false;
    END IF;
    RETURN NULL;
END
$$;
DO $$
BEGIN
    EXECUTE format ('ALTER FUNCTION items_note_changes () SET search_path = %I, pg_temp',
        current_schema ());
END
$$;
CREATE TRIGGER items_inserted AFTER INSERT ON items REFERENCING NEW TABLE AS new_items
    FOR EACH STATEMENT EXECUTE FUNCTION items_note_changes ();
CREATE TRIGGER items_updated AFTER UPDATE ON items
    REFERENCING OLD TABLE AS old_items NEW TABLE AS new_items
    FOR EACH STATEMENT EXECUTE FUNCTION items_note_changes ();
CREATE TRIGGER items_deleted AFTER DELETE ON items REFERENCING OLD TABLE AS old_items
    FOR EACH STATEMENT EXECUTE FUNCTION items_note_changes ();
CREATE TRIGGER items_truncated BEFORE TRUNCATE ON items
    FOR EACH STATEMENT EXECUTE FUNCTION items_note_changes ();

-- RFC 7396: null takes a member away, an object goes into the object that is there.
CREATE FUNCTION json_merge_patch (target jsonb, patch jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    IF jsonb_typeof (patch) IS DISTINCT FROM 'object' THEN
        RETURN patch;
    END IF;
    IF jsonb_typeof (target) IS DISTINCT FROM 'object' THEN
        target := '{}';
    END IF;
    RETURN (SELECT coalesce (jsonb_object_agg (key, value), '{}') FROM (
        SELECT key, value FROM jsonb_each (target) WHERE NOT patch ? key
        UNION ALL
        SELECT key, json_merge_patch (target -> key, value) FROM jsonb_each (patch)
        WHERE jsonb_typeof (value) <> 'null') merged);
END
$$;

-- For words in titles. An extension that is not there, or not ours to make, is left to an
-- administrator (docs/data.md has the statements): without it titles are read one by one.
DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    EXECUTE (SELECT format (
        'CREATE INDEX items_words ON items USING gin (lower (title) %I.gin_trgm_ops)', nspname)
        FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace
        WHERE extname = 'pg_trgm');
EXCEPTION
    WHEN insufficient_privilege OR undefined_file OR feature_not_supported
        OR undefined_object OR invalid_schema_name THEN
        RAISE NOTICE 'left to an administrator: the index for words in titles: %', SQLERRM;
END
$$;
