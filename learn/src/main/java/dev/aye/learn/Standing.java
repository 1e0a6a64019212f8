package dev.aye.learn;

/** How a data set or a model stands. */
public enum Standing {
  /** Written, but not yet in the log: nobody may use it. */
  PREPARED,
  /** In the log, and every grant behind it stands. */
  CURRENT,
  /** Somebody in it changed their mind, or a newer model took its place: nobody may use it. */
  BLOCKED,
  /** Its key is destroyed. */
  SHREDDED
}
