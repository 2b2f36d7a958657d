-- How a stream stands, all of its newest epoch: what may still arrive, and whether its sender stopped in order or fell silent.
ALTER TABLE stream ADD COLUMN newest_no bigint NOT NULL DEFAULT 0;

-- Lower numbers that are missing are lost; 0: its sender does not say.
ALTER TABLE stream ADD COLUMN oldest_waiting bigint NOT NULL DEFAULT 0;

-- The batch its sender stopped with, in order; it stands stopped while that is the newest.
ALTER TABLE stream ADD COLUMN stopped_no bigint NOT NULL DEFAULT 0;

-- How far the collector's clock is ahead of the sender's, as the sender found it.
ALTER TABLE stream ADD COLUMN clock_offset_us bigint NOT NULL DEFAULT 0;
