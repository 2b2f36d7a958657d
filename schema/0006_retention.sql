-- How long events of a source are kept; no row: for ever. State: people decide it.
CREATE TABLE retention (
	tenant_id bigint NOT NULL,
	source    text NOT NULL,            -- agent, cloudtrail or scan
	days      integer NOT NULL CHECK (days > 0),
	done_until timestamptz NOT NULL DEFAULT '-infinity', -- events before it are gone
	PRIMARY KEY (tenant_id, source)
);

ALTER TABLE retention ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenant ON retention USING (tenant_id = nullif(current_setting('clewline.tenant', true), '')::bigint);
