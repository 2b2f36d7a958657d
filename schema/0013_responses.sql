-- What policies asked an agent to do where a rule held, and what came of it (array of {action, outcome, detail}). Derived, as all
-- of alert: a rebuild fills it.

ALTER TABLE alert ADD COLUMN responses jsonb NOT NULL DEFAULT '[]';
