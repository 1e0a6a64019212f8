package dev.aye.media;

/**
 * Which packets of a stream are sent again when its receiver asks: each at most every 15 ms and six
 * times, and in all no more than were sent, so that no receiver can make the server send more than
 * double. Pure; the last 256 repairs are remembered.
 */
final class Repairs {
  private static final int REMEMBERED = 256;
  private static final long INTERVAL = 15_000_000L;
  private static final int MOST = 6;
  private static final int BURST = 256;

  private final int[] sequences = new int[REMEMBERED];
  private final long[] at = new long[REMEMBERED];
  private final int[] times = new int[REMEMBERED];
  private int left = BURST;

  /** A packet of the stream was sent for the first time. */
  void sent() {
    left = Math.min(BURST, left + 1);
  }

  /** Whether this packet may be sent again now; if so it is counted. */
  boolean allow(int sequence, long now) {
    int slot = sequence % REMEMBERED;
    boolean again = times[slot] > 0 && sequences[slot] == sequence;
    if (left == 0 || (again && (times[slot] >= MOST || now - at[slot] < INTERVAL))) {
      return false;
    }
    times[slot] = again ? times[slot] + 1 : 1;
    sequences[slot] = sequence;
    at[slot] = now;
    left--;
    return true;
  }
}
