-- When an origin was last named by a batch, to a day or two: one that no kept event names can end. What is there already counts as seen
-- today.
ALTER TABLE origin ADD COLUMN last_seen timestamptz NOT NULL DEFAULT now();
