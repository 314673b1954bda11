-- Who may ask the service, and what. A key's text is nowhere: hash (BLAKE2b) recognizes it,
-- seal checks the sessions it opened. Revoked keys stay, so that a service whose last key was
-- taken away does not open itself again, and the log's names can be looked up.
CREATE TABLE api_keys (
    prefix text COLLATE "C" PRIMARY KEY CHECK (prefix ~ '^[a-z0-9]{8}$'),
    name text COLLATE "C" NOT NULL CHECK (octet_length (name) BETWEEN 1 AND 64),
    hash bytea NOT NULL CHECK (octet_length (hash) = 32),
    seal bytea NOT NULL CHECK (octet_length (seal) = 32),
    scopes text NOT NULL CHECK (scopes ~ '^(predict|read|write|admin)(,(predict|read|write|admin))*$'),
    rate text NOT NULL DEFAULT '' CHECK (rate ~ '^([0-9]+/[smh])?$'),
    created_at timestamptz NOT NULL DEFAULT now (),
    revoked_at timestamptz
);
CREATE UNIQUE INDEX api_keys_name ON api_keys (name) WHERE revoked_at IS NULL;
