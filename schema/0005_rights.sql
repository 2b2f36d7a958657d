-- Whoever is not the owner sees the rows of one tenant: the one that its transaction names (SET LOCAL clewline.tenant). Not FORCEd
-- on the owner, because COPY FROM is refused where row-level security applies (docs/decisions/0008). Roles and grants are no
-- part of a step: roles belong to the whole server (collector/store/rights.def).

ALTER TABLE stream ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenant ON stream USING (tenant_id = nullif(current_setting('clewline.tenant', true), '')::bigint);

ALTER TABLE ingest_batch ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenant ON ingest_batch USING (tenant_id = nullif(current_setting('clewline.tenant', true), '')::bigint);

ALTER TABLE ingest_run ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenant ON ingest_run USING (tenant_id = nullif(current_setting('clewline.tenant', true), '')::bigint);

ALTER TABLE declared_drop ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenant ON declared_drop USING (tenant_id = nullif(current_setting('clewline.tenant', true), '')::bigint);

ALTER TABLE origin ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenant ON origin USING (tenant_id = nullif(current_setting('clewline.tenant', true), '')::bigint);

ALTER TABLE event ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenant ON event USING (tenant_id = nullif(current_setting('clewline.tenant', true), '')::bigint);

ALTER TABLE dead_letter ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenant ON dead_letter USING (tenant_id = nullif(current_setting('clewline.tenant', true), '')::bigint);

ALTER TABLE alert ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenant ON alert USING (tenant_id = nullif(current_setting('clewline.tenant', true), '')::bigint);

ALTER TABLE entity ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenant ON entity USING (tenant_id = nullif(current_setting('clewline.tenant', true), '')::bigint);

ALTER TABLE entity_fact ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenant ON entity_fact USING (tenant_id = nullif(current_setting('clewline.tenant', true), '')::bigint);

ALTER TABLE entity_alias ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenant ON entity_alias USING (tenant_id = nullif(current_setting('clewline.tenant', true), '')::bigint);

ALTER TABLE assertion ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenant ON assertion USING (tenant_id = nullif(current_setting('clewline.tenant', true), '')::bigint);

ALTER TABLE coverage_mark ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenant ON coverage_mark USING (tenant_id = nullif(current_setting('clewline.tenant', true), '')::bigint);

ALTER TABLE watermark ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenant ON watermark USING (tenant_id = nullif(current_setting('clewline.tenant', true), '')::bigint);

ALTER TABLE scan ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenant ON scan USING (tenant_id = nullif(current_setting('clewline.tenant', true), '')::bigint);
