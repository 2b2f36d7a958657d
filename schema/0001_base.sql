-- The store's base. Rules that hold for every step: tenant_id comes first in every key, no trigger, no foreign key across
-- shards, no unique key without tenant_id, one statement at a time: the same steps run on distributed PostgreSQL.

-- Who sends: one row per spool's life.
CREATE TABLE stream (
	tenant_id  bigint NOT NULL,
	stream_id  uuid NOT NULL,
	mode       smallint NOT NULL,       -- enum origin_mode
	agent      text NOT NULL,
	version    text NOT NULL,
	hostname   text NOT NULL,
	first_seen timestamptz NOT NULL,
	last_seen  timestamptz NOT NULL,
	epoch      bigint NOT NULL,
	PRIMARY KEY (tenant_id, stream_id)
);

-- What makes delivery exact: a batch is stored once, whatever is sent again.
CREATE TABLE ingest_batch (
	tenant_id    bigint NOT NULL,
	stream_id    uuid NOT NULL,
	epoch        bigint NOT NULL,
	batch_no     bigint NOT NULL,
	events       integer NOT NULL,
	committed_at timestamptz NOT NULL,
	PRIMARY KEY (tenant_id, stream_id, epoch, batch_no)
);

-- Losses that senders declared.
CREATE TABLE declared_drop (
	tenant_id bigint NOT NULL,
	stream_id uuid NOT NULL,
	epoch     bigint NOT NULL,
	batch_no  bigint NOT NULL,
	reason    text NOT NULL,
	events    bigint NOT NULL,
	from_ts   timestamptz NOT NULL,
	until_ts  timestamptz NOT NULL,
	PRIMARY KEY (tenant_id, stream_id, epoch, batch_no, reason)
);

-- Agent, task and containers as a batch named them; many batches share one.
CREATE TABLE origin (
	tenant_id bigint NOT NULL,
	origin_id bigint NOT NULL,          -- first 63 bits of SHA-256 over raw
	raw       bytea NOT NULL,           -- protobuf Origin
	PRIMARY KEY (tenant_id, origin_id)
);

-- Layer 0: everything else can be thrown away and rebuilt from here (secctl admin rebuild).
CREATE TABLE event (
	tenant_id   bigint NOT NULL,
	event_id    uuid NOT NULL,          -- from time, source and the source's own id (model/entity.h)
	ts          timestamptz NOT NULL,   -- microseconds; raw keeps nanoseconds
	received_at timestamptz NOT NULL,
	kind        smallint NOT NULL,      -- enum event_kind
	type        text NOT NULL,
	origin_id   bigint,                 -- NULL for scans
	stream_id   uuid,                   -- of the first who sent it; NULL for scans
	task_id     bigint,                 -- entity: the task it happened in
	actor_id    bigint,                 -- entity: the principal who acted
	raw         bytea NOT NULL,         -- protobuf Event as received; scans: JSON text
	PRIMARY KEY (tenant_id, event_id, ts)
) PARTITION BY RANGE (ts);

CREATE TABLE event_default PARTITION OF event DEFAULT;

CREATE INDEX event_by_task ON event (tenant_id, task_id, ts);

CREATE INDEX event_by_actor ON event (tenant_id, actor_id, ts);

CREATE INDEX event_by_time ON event USING brin (ts);

-- Batches that could not be understood, whole, with the reason.
CREATE TABLE dead_letter (
	tenant_id      bigint NOT NULL,
	dead_letter_id uuid NOT NULL,
	received_at    timestamptz NOT NULL,
	peer           text NOT NULL,
	reason         text NOT NULL,
	raw            bytea NOT NULL,
	PRIMARY KEY (tenant_id, dead_letter_id)
);
