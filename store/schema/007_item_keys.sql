-- Items may be named by a text. Inside, a key is an integer from 2^52 on that follows from
-- its text (base/item_key.h), so a table of somebody's own, whose items are texts, can be
-- put in place by a view: SELECT id, user_id, item_id_of (sku) AS item_id, ...
CREATE FUNCTION item_id_of (item_key text, attempt integer DEFAULT 0) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
RETURN 4503599627370496 | ('x' || left (encode (sha256 (convert_to (
        item_key || repeat (chr (1), attempt), 'UTF8')), 'hex'), 13))::bit (52)::bigint;

ALTER TABLE items ADD COLUMN item_key text COLLATE "C"
    CHECK (octet_length (item_key) BETWEEN 1 AND 128);
-- Nothing but the keys: an items table without any has an empty one.
CREATE UNIQUE INDEX items_key ON items (item_key) WHERE item_key IS NOT NULL;
