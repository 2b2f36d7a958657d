-- Which policies asked for the rule where it held (array of texts), and how bad they call it (enum severity). Derived, as all
-- of alert: a rebuild fills it.

ALTER TABLE alert ADD COLUMN policies jsonb NOT NULL DEFAULT '[]';

ALTER TABLE alert ADD COLUMN severity smallint NOT NULL DEFAULT 0;
