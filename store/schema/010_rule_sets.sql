-- Rules under a name: a request that names a set has its rules beside its own
-- (proto/rules.h).
CREATE TABLE rule_sets (
    name text COLLATE "C" PRIMARY KEY CHECK (octet_length (name) BETWEEN 1 AND 64),
    rules jsonb NOT NULL CHECK (jsonb_typeof (rules) = 'object'),
    updated_at timestamptz NOT NULL DEFAULT now ()
);
