-- Roots of the certificate authority that all collectors of this database share; of no tenant (0).
CREATE TABLE collector_authority (
	tenant_id   bigint NOT NULL,
	root_sha256 text NOT NULL,          -- of the certificate (DER), hexadecimal
	issues      boolean NOT NULL,       -- the one whose certificates are given out
	recorded_at timestamptz NOT NULL,
	PRIMARY KEY (tenant_id, root_sha256)
);

ALTER TABLE collector_authority ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenant ON collector_authority USING (tenant_id = nullif(current_setting('clewline.tenant', true), '')::bigint);
