-- SHA-256 of what only somebody with the whole link can derive from its secret; NULL for a meeting without a link secret.
ALTER TABLE meetings ADD COLUMN door BYTEA;

-- 1 when the host put this seat's person out.
ALTER TABLE seats ADD COLUMN barred INTEGER NOT NULL DEFAULT 0;
