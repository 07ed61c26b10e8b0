-- MES (manufacturing execution system) database. Run by a superuser connected to it; may be run again at any time.
-- Passwords are no business of this file: roles start without one and cannot log in until they are given one.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'mes_owner') THEN
        CREATE ROLE mes_owner NOLOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'mes_api') THEN
        CREATE ROLE mes_api LOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'monitoring') THEN
        CREATE ROLE monitoring LOGIN;
    END IF;
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO mes_api, monitoring', current_database());
END
$$;

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO mes_owner;
GRANT USAGE ON SCHEMA public TO mes_api;

SET ROLE mes_owner;

CREATE TABLE IF NOT EXISTS partner (
    id text PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 64),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    -- The key itself is kept nowhere.
    key_sha256 bytea NOT NULL UNIQUE CHECK (octet_length(key_sha256) = 32),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS job (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    -- A job comes from one order of the shop or from one partner. UNIQUE makes a repeated message harmless.
    order_id uuid UNIQUE,
    partner_id text REFERENCES partner,
    idempotency_key text CHECK (length(idempotency_key) BETWEEN 1 AND 200),
    request_digest bytea CHECK (octet_length(request_digest) = 32),
    price_cents bigint NOT NULL CHECK (price_cents > 0),
    status text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'in_progress', 'completed')),
    -- Rises by one with each change of status.
    sequence integer NOT NULL DEFAULT 1 CHECK (sequence > 0),
    operator text CHECK (length(operator) BETWEEN 1 AND 64),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (partner_id, idempotency_key),
    CHECK ((order_id IS NULL) <> (partner_id IS NULL)),
    CHECK ((idempotency_key IS NULL) = (request_digest IS NULL)),
    CHECK ((status = 'queued') = (operator IS NULL))
);
CREATE INDEX IF NOT EXISTS job_oldest ON job (created_at, id);
CREATE INDEX IF NOT EXISTS job_oldest_of_status ON job (status, created_at, id);

CREATE TABLE IF NOT EXISTS job_line (
    job_id uuid NOT NULL REFERENCES job,
    line integer NOT NULL CHECK (line > 0),
    article text NOT NULL CHECK (length(article) BETWEEN 1 AND 100),
    quantity integer NOT NULL CHECK (quantity BETWEEN 1 AND 10000),
    PRIMARY KEY (job_id, line)
);

CREATE TABLE IF NOT EXISTS outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    exchange text NOT NULL CHECK (exchange <> ''),
    routing_key text NOT NULL CHECK (routing_key <> ''),
    body jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    published_at timestamptz
);
CREATE INDEX IF NOT EXISTS outbox_pending ON outbox (id) WHERE published_at IS NULL;
CREATE INDEX IF NOT EXISTS outbox_published ON outbox (published_at) WHERE published_at IS NOT NULL;

-- INSERT and UPDATE on partner are for `python -m mes_api.partners`, which runs in the service's environment.
GRANT SELECT, INSERT, UPDATE (name, key_sha256) ON partner TO mes_api;
GRANT SELECT, INSERT, UPDATE (status, sequence, operator, updated_at) ON job TO mes_api;
GRANT SELECT, INSERT ON job_line TO mes_api;
GRANT SELECT, INSERT, DELETE, UPDATE (published_at) ON outbox TO mes_api;

RESET ROLE;
GRANT pg_monitor TO monitoring;
-- From PostgreSQL 16 on it gets one of the reserved_connections, where there are any: it sees that all others are taken.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'pg_use_reserved_connections') THEN
        GRANT pg_use_reserved_connections TO monitoring;
    END IF;
END
$$;
-- Whoever has its password cannot keep the others out either.
ALTER ROLE monitoring CONNECTION LIMIT 10;
ALTER ROLE monitoring SET statement_timeout = '10s';
