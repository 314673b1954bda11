-- Rows of predictions that somebody else writes: request_id, user_id and status are enough.
-- Without a request there is nothing to send: such a row ends with its result or at its
-- deadline.
ALTER TABLE predictions ALTER COLUMN request_json DROP NOT NULL;
ALTER TABLE predictions ALTER COLUMN deadline SET DEFAULT now () + interval '900 s';
DROP INDEX predictions_due;
CREATE INDEX predictions_due ON predictions (next_attempt_at, created_at)
    WHERE status = 'PENDING' AND request_json IS NOT NULL;

-- Old rows are found by their primary key, since our ids (UUIDv7) begin with the time. This
-- one holds the others alone, which have none: strangers' ids, and clients' own.
CREATE INDEX predictions_untimed ON predictions (created_at, request_id)
    WHERE get_byte (uuid_send (request_id), 6) >> 4 <> 7;
