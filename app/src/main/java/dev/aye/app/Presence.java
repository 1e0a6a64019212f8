package dev.aye.app;

/** Who is in the room of a meeting now, where everybody in it sees them. */
interface Presence {
  boolean here(String meeting, String participant);
}
