-- When somebody was first seen in the meeting's room under this seat; NULL while nobody was.
ALTER TABLE seats ADD COLUMN seen BIGINT;

-- 1 once a meeting that ended is finished: no permit is left and what it kept is bound into the log.
ALTER TABLE meetings ADD COLUMN settled INTEGER NOT NULL DEFAULT 0;
