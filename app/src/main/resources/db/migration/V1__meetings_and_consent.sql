-- Times are milliseconds since 1970 UTC. Columns named sealed are AES-256-GCM under the data key in the keys folder.

CREATE TABLE meetings (
  id        VARCHAR(64) PRIMARY KEY,
  host_hash BYTEA       NOT NULL,
  sealed    BYTEA       NOT NULL,
  purposes  VARCHAR(64) NOT NULL,
  demo      INTEGER     NOT NULL,
  created   BIGINT      NOT NULL,
  ended     BIGINT
);

CREATE TABLE seats (
  participant VARCHAR(64) PRIMARY KEY,
  meeting     VARCHAR(64) NOT NULL REFERENCES meetings (id),
  seat_hash   BYTEA       NOT NULL UNIQUE,
  person      VARCHAR(64) NOT NULL,
  host        INTEGER     NOT NULL,
  sealed      BYTEA       NOT NULL,
  joined      BIGINT      NOT NULL
);

CREATE INDEX seats_of_meeting ON seats (meeting);
CREATE INDEX seats_of_person ON seats (person);

CREATE TABLE consent_events (
  sequence BIGINT PRIMARY KEY,
  sealed   BYTEA  NOT NULL
);

-- Where in the log the server's own leaves are, so that each is appended once.
CREATE TABLE own_leaves (
  name     VARCHAR(160) PRIMARY KEY,
  position BIGINT       NOT NULL
);
