-- Days whose events are in the archive (docs/archive.md), by source. State: a rebuild leaves it alone.
CREATE TABLE archived_day (
	tenant_id   bigint NOT NULL,
	source      text NOT NULL,          -- agent, cloudtrail or scan
	day         timestamptz NOT NULL,   -- its beginning, UTC
	events      bigint NOT NULL,        -- of the newest part
	archived_at timestamptz NOT NULL,
	dropped_at  timestamptz,            -- since when its events are only in the archive
	restored_at timestamptz,
	kept_until  timestamptz,            -- retention spares what was restored until then
	PRIMARY KEY (tenant_id, source, day)
);

ALTER TABLE archived_day ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenant ON archived_day USING (tenant_id = nullif(current_setting('clewline.tenant', true), '')::bigint);

-- Whether events go to the archive before retention ends them.
ALTER TABLE retention ADD COLUMN archive boolean NOT NULL DEFAULT false;
