-- Shop database. Run by a superuser connected to it; may be run again at any time.
-- Passwords are no business of this file: roles start without one and cannot log in until they are given one.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'shop_owner') THEN
        CREATE ROLE shop_owner NOLOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'shop_api') THEN
        CREATE ROLE shop_api LOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'crm_api') THEN
        CREATE ROLE crm_api LOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'monitoring') THEN
        CREATE ROLE monitoring LOGIN;
    END IF;
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO shop_api, crm_api, monitoring', current_database());
END
$$;

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO shop_owner;
GRANT USAGE ON SCHEMA public TO shop_api, crm_api;

SET ROLE shop_owner;

CREATE TABLE IF NOT EXISTS product (
    id integer PRIMARY KEY,
    sku text NOT NULL UNIQUE CHECK (length(sku) BETWEEN 1 AND 32),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    price_cents bigint NOT NULL CHECK (price_cents > 0)
);

CREATE TABLE IF NOT EXISTS orders (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    customer_id text NOT NULL CHECK (length(customer_id) BETWEEN 1 AND 64),
    status text NOT NULL DEFAULT 'placed' CHECK (
        status IN ('placed', 'accepted', 'in_production', 'completed', 'shipped', 'delivered', 'cancelled')
    ),
    total_cents bigint NOT NULL CHECK (total_cents > 0),
    -- The newest job status applied, so that the order in which messages arrive does not matter.
    job_sequence integer NOT NULL DEFAULT 0 CHECK (job_sequence >= 0),
    idempotency_key text CHECK (length(idempotency_key) BETWEEN 1 AND 200),
    -- SHA-256 of the body the key came with: the same key with another body is a client's mistake.
    request_digest bytea CHECK (octet_length(request_digest) = 32),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (customer_id, idempotency_key),
    CHECK ((idempotency_key IS NULL) = (request_digest IS NULL))
);
CREATE INDEX IF NOT EXISTS orders_newest ON orders (created_at DESC, id DESC);
CREATE INDEX IF NOT EXISTS orders_newest_of_customer ON orders (customer_id, created_at DESC, id DESC);
CREATE INDEX IF NOT EXISTS orders_newest_of_status ON orders (status, created_at DESC, id DESC);

CREATE TABLE IF NOT EXISTS order_item (
    order_id uuid NOT NULL REFERENCES orders,
    product_id integer NOT NULL REFERENCES product,
    quantity integer NOT NULL CHECK (quantity BETWEEN 1 AND 1000),
    unit_price_cents bigint NOT NULL CHECK (unit_price_cents > 0),
    PRIMARY KEY (order_id, product_id)
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

GRANT SELECT ON product TO shop_api, crm_api;
GRANT SELECT, INSERT ON orders, order_item TO shop_api;
GRANT SELECT, INSERT, DELETE, UPDATE (published_at) ON outbox TO shop_api;
GRANT SELECT ON orders, order_item TO crm_api;
GRANT UPDATE (status, job_sequence, updated_at) ON orders TO crm_api;

-- Ten parts in five materials.
INSERT INTO product (id, sku, name, price_cents)
SELECT
    (material.position - 1) * 10 + part.position,
    upper(left(part.name, 3) || '-' || left(material.name, 3)),
    initcap(part.name) || ', ' || material.name,
    part.price_cents * material.percent / 100
FROM
    unnest(
        ARRAY['bracket', 'housing', 'gear', 'shaft', 'plate', 'hinge', 'knob', 'flange', 'bushing', 'spacer'],
        ARRAY[1250, 4900, 2300, 3100, 1800, 950, 600, 2750, 800, 450]
    ) WITH ORDINALITY AS part (name, price_cents, position)
CROSS JOIN
    unnest(
        ARRAY['nylon', 'abs', 'aluminium', 'steel', 'titanium'],
        ARRAY[100, 80, 220, 180, 900]
    ) WITH ORDINALITY AS material (name, percent, position)
ON CONFLICT DO NOTHING;

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
