package dev.aye.vault;

/**
 * When something was said or sent: a start and a length in milliseconds, since the epoch of Java
 * time.
 */
public record Slice(long startMillis, long durationMillis) {
  public Slice {
    if (startMillis < 0 || durationMillis < 0) {
      throw new IllegalArgumentException("a slice of time starts after 1970 and lasts forwards");
    }
  }
}
