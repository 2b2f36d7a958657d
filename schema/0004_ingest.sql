-- What was stored of each stream, summed up: an operator's figures must not count a hundred million rows.
ALTER TABLE stream ADD COLUMN batches bigint NOT NULL DEFAULT 0;

ALTER TABLE stream ADD COLUMN events bigint NOT NULL DEFAULT 0;

ALTER TABLE stream ADD COLUMN dropped bigint NOT NULL DEFAULT 0;

UPDATE stream SET batches = b.batches, events = b.events
	FROM (SELECT tenant_id, stream_id, count(*) AS batches, sum(events) AS events FROM ingest_batch
		GROUP BY tenant_id, stream_id) b
	WHERE b.tenant_id = stream.tenant_id AND b.stream_id = stream.stream_id;

UPDATE stream SET dropped = least(d.events, 9223372036854775807)
	FROM (SELECT tenant_id, stream_id, sum(events) AS events FROM declared_drop GROUP BY tenant_id, stream_id) d
	WHERE d.tenant_id = stream.tenant_id AND d.stream_id = stream.stream_id;

-- The numbers of batches whose rows in ingest_batch are gone, as runs: exact, and as long as there are holes. ingest_batch
-- keeps the newest batches, and the first and the last of each run.
CREATE TABLE ingest_run (
	tenant_id bigint NOT NULL,
	stream_id uuid NOT NULL,
	epoch     bigint NOT NULL,
	numbers   int8multirange NOT NULL,
	PRIMARY KEY (tenant_id, stream_id, epoch)
);
