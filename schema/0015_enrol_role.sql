-- Roles of AWS whose holders may enrol without a token (state, as enrol_token).
CREATE TABLE enrol_role (
	tenant_id     bigint NOT NULL,
	aws_partition text NOT NULL,        -- aws, aws-cn, aws-us-gov
	account       text NOT NULL,        -- 12 digits
	role          text NOT NULL,        -- its name, without a path
	tags          text[] NOT NULL,      -- its agents get them
	allowed_at    timestamptz NOT NULL,
	PRIMARY KEY (tenant_id, aws_partition, account, role)
);

ALTER TABLE enrol_role ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenant ON enrol_role USING (tenant_id = nullif(current_setting('clewline.tenant', true), '')::bigint);
