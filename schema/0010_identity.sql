-- Who may send, and how they came to. State, not derived: a rebuild leaves it alone.

-- Enrolment tokens: the secret itself is shown once and never kept.
CREATE TABLE enrol_token (
	tenant_id     bigint NOT NULL,
	secret_digest bytea NOT NULL,       -- SHA-256 of the 32 random bytes
	token_id      text NOT NULL,        -- et_ + first 12 digits of the digest
	tags          text[] NOT NULL,      -- its agents get them
	created_at    timestamptz NOT NULL,
	expires_at    timestamptz NOT NULL,
	uses_max      integer NOT NULL,
	uses          integer NOT NULL,
	PRIMARY KEY (tenant_id, secret_digest)
);

CREATE TABLE agent (
	tenant_id      bigint NOT NULL,
	agent_id       text NOT NULL,       -- ag_ + 16 random digits; in its certificates
	name           text NOT NULL,       -- as it called itself at enrolment
	tags           text[] NOT NULL,
	enrolled_by    text NOT NULL,       -- token_id
	enrolled_at    timestamptz NOT NULL,
	certified_at   timestamptz NOT NULL, -- newest certificate
	expires_at     timestamptz NOT NULL, -- of it
	trust_digest   bigint NOT NULL,     -- of the roots it was given with it
	revoked_at     timestamptz,
	revoked_reason text,
	PRIMARY KEY (tenant_id, agent_id)
);

CREATE TABLE agent_certificate (
	tenant_id  bigint NOT NULL,
	serial     text NOT NULL,           -- hexadecimal
	agent_id   text NOT NULL,
	key_digest text NOT NULL,           -- SHA-256 of the public key: who asks with a known key is the same agent
	issued_at  timestamptz NOT NULL,
	expires_at timestamptz NOT NULL,
	revoked_at timestamptz,
	PRIMARY KEY (tenant_id, serial)
);

CREATE INDEX agent_certificate_by_agent ON agent_certificate (tenant_id, agent_id);

CREATE INDEX agent_certificate_by_key ON agent_certificate (tenant_id, key_digest);

-- Whose a stream is: the first who sent it with a certificate.
CREATE TABLE stream_owner (
	tenant_id bigint NOT NULL,
	stream_id uuid NOT NULL,
	agent_id  text NOT NULL,
	PRIMARY KEY (tenant_id, stream_id)
);
