-- Everything here is derived from event and can be rebuilt; every write commutes, so order and repetition do not matter.

CREATE TABLE alert (
	tenant_id    bigint NOT NULL,
	alert_id     text NOT NULL,         -- al_ + 16 digits (model/entity.h)
	event_id     uuid NOT NULL,
	ts           timestamptz NOT NULL,
	rule         text NOT NULL,
	rule_version text NOT NULL,
	priority     smallint NOT NULL,     -- enum priority
	source       text NOT NULL,
	output       text NOT NULL,
	tags         jsonb NOT NULL,        -- array of texts
	fields       jsonb NOT NULL,
	task_id      bigint,
	cluster_id   bigint,
	actor_id     bigint,
	container_id bigint,
	PRIMARY KEY (tenant_id, alert_id)
);

CREATE INDEX alert_by_time ON alert (tenant_id, ts);

CREATE INDEX alert_by_task ON alert (tenant_id, task_id, ts);

CREATE INDEX alert_by_actor ON alert (tenant_id, actor_id, ts);

CREATE INDEX alert_by_event ON alert (tenant_id, event_id);

CREATE TABLE entity (
	tenant_id  bigint NOT NULL,
	entity_id  bigint NOT NULL,         -- hash of kind and key (model/entity.h)
	kind       text NOT NULL,
	key        text NOT NULL,           -- canonical
	first_seen timestamptz NOT NULL,
	last_seen  timestamptz NOT NULL,
	PRIMARY KEY (tenant_id, entity_id)
);

CREATE INDEX entity_by_key ON entity (tenant_id, kind, key text_pattern_ops);

-- The newest value of each fact, with the event that says so; ties go to the greater event id.
CREATE TABLE entity_fact (
	tenant_id bigint NOT NULL,
	entity_id bigint NOT NULL,
	fact      text NOT NULL,
	value     text NOT NULL,
	at        timestamptz NOT NULL,
	event_id  uuid NOT NULL,
	PRIMARY KEY (tenant_id, entity_id, fact)
);

-- Other words for an entity: a user's name, a task's id, a cluster's name.
CREATE TABLE entity_alias (
	tenant_id  bigint NOT NULL,
	kind       text NOT NULL,
	alias      text NOT NULL,
	entity_id  bigint NOT NULL,
	first_seen timestamptz NOT NULL,
	last_seen  timestamptz NOT NULL,
	PRIMARY KEY (tenant_id, kind, alias, entity_id)
);

CREATE INDEX entity_alias_by_text ON entity_alias (tenant_id, alias text_pattern_ops);

-- What one event says about two entities. Grow-only.
CREATE TABLE assertion (
	tenant_id  bigint NOT NULL,
	from_id    bigint NOT NULL,
	relation   text NOT NULL,
	to_id      bigint NOT NULL,
	method     text NOT NULL,           -- model/links.def
	event_id   uuid NOT NULL,
	strength   smallint NOT NULL,       -- enum strength
	confidence double precision NOT NULL,
	at         timestamptz NOT NULL,
	detail     text NOT NULL,           -- where in the event it stands
	PRIMARY KEY (tenant_id, from_id, relation, to_id, method, event_id)
);

CREATE INDEX assertion_by_to ON assertion (tenant_id, to_id);

CREATE INDEX assertion_by_event ON assertion (tenant_id, event_id);

-- Points at which a source began or ceased to be blind; gaps are what lies between (a query).
CREATE TABLE coverage_mark (
	tenant_id bigint NOT NULL,
	source    text NOT NULL,            -- cloudtrail ACCOUNT TRAIL-ARN, agent STREAM
	event_id  uuid NOT NULL,
	at        timestamptz NOT NULL,
	blind     boolean NOT NULL,         -- true: nothing is heard from here on
	reason    text NOT NULL,
	PRIMARY KEY (tenant_id, source, event_id)
);

CREATE TABLE watermark (
	tenant_id bigint NOT NULL,
	source    text NOT NULL,            -- cloudtrail ACCOUNT REGION, agent NAME, scan
	newest    timestamptz NOT NULL,     -- newest event time heard
	PRIMARY KEY (tenant_id, source)
);

CREATE TABLE scan (
	tenant_id     bigint NOT NULL,
	event_id      uuid NOT NULL,
	scanned_at    timestamptz NOT NULL,
	reference     text NOT NULL,
	config_digest text NOT NULL,
	findings      integer NOT NULL,
	PRIMARY KEY (tenant_id, event_id)
);
