-- The series of meetings that a meeting belongs to, and 1 when its host said that minors may be present.
ALTER TABLE meetings ADD COLUMN room VARCHAR(64) NOT NULL DEFAULT '';
UPDATE meetings SET room = id;
ALTER TABLE meetings ADD COLUMN minors INTEGER NOT NULL DEFAULT 0;

-- 1 when the device said that it keeps its key beyond the meeting.
ALTER TABLE seats ADD COLUMN lasting INTEGER NOT NULL DEFAULT 0;
