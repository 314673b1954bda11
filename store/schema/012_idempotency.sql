-- Requests that are sent again with the same Idempotency-Key are answered again, not made
-- again. A prediction has its request_id from that key, so that its row is found by its
-- primary key; fingerprint is that of the body it came with.
ALTER TABLE predictions ADD COLUMN IF NOT EXISTS fingerprint bytea;

-- Interactions have no row of their own to keep it in: many come in a body.
CREATE TABLE idempotency (
    id uuid PRIMARY KEY,
    fingerprint bytea NOT NULL,
    answer text, -- NULL only while its transaction runs
    created_at timestamptz NOT NULL DEFAULT now ()
);
CREATE INDEX idempotency_created ON idempotency USING brin (created_at)
    WITH (autosummarize = on);
