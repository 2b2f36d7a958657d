-- As 0005_rights.sql, for who may send.

ALTER TABLE enrol_token ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenant ON enrol_token USING (tenant_id = nullif(current_setting('clewline.tenant', true), '')::bigint);

ALTER TABLE agent ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenant ON agent USING (tenant_id = nullif(current_setting('clewline.tenant', true), '')::bigint);

ALTER TABLE agent_certificate ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenant ON agent_certificate USING (tenant_id = nullif(current_setting('clewline.tenant', true), '')::bigint);

ALTER TABLE stream_owner ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenant ON stream_owner USING (tenant_id = nullif(current_setting('clewline.tenant', true), '')::bigint);
