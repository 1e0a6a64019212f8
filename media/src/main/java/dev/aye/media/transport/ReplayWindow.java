package dev.aye.media.transport;

import java.util.Arrays;

/**
 * The last 1,024 packet indices seen, so that none is taken twice (RFC 3711 section 3.3.2). What is
 * older than the window counts as seen.
 */
final class ReplayWindow {
  private static final int SIZE = 1024;

  private final long[] bits = new long[SIZE / 64];
  private long highest = -1;

  boolean isNew(long index) {
    return index > highest || (highest - index < SIZE && !get(index));
  }

  void add(long index) {
    if (index > highest) {
      if (index - highest >= SIZE) {
        Arrays.fill(bits, 0);
      } else {
        for (long i = highest + 1; i <= index; i++) {
          int at = (int) (i & (SIZE - 1));
          bits[at >>> 6] &= ~(1L << at);
        }
      }
      highest = index;
    }
    int at = (int) (index & (SIZE - 1));
    bits[at >>> 6] |= 1L << at;
  }

  /** The highest index so far; -1 for none. */
  long highest() {
    return highest;
  }

  private boolean get(long index) {
    int at = (int) (index & (SIZE - 1));
    return (bits[at >>> 6] >>> at & 1) != 0;
  }
}
