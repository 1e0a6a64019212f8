package dev.aye.media;

/** A bound on how often something may happen: a burst, then so many a second. */
final class Rate {
  private final int burst;
  private final int perSecond;
  private double left;
  private long at;

  Rate(int burst, int perSecond, long now) {
    this.burst = burst;
    this.perSecond = perSecond;
    this.left = burst;
    this.at = now;
  }

  /** Whether it may happen now; if so it is counted. */
  boolean allow(long now) {
    return allow(now, 1);
  }

  /** The same, for something that counts as so many. */
  boolean allow(long now, int cost) {
    left = Math.min(burst, left + (now - at) / 1e9 * perSecond);
    at = now;
    if (left < cost) {
      return false;
    }
    left -= cost;
    return true;
  }
}
