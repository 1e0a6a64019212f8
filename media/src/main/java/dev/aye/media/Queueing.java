package dev.aye.media;

import java.util.Arrays;

/**
 * How long packets of one path wait in queues, and how fast they come out at its end: the one sign
 * of congestion that random loss and jitter do not imitate. Jitter delays some packets, a full
 * queue delays all of them; so the <em>least</em> delay of the last half second is compared with
 * the least of the last ten.
 *
 * <p>The clocks of both ends need not agree, only run equally fast. Pure; bounded memory; times in
 * microseconds. What the far end claims can mislead only the estimate for itself.
 */
final class Queueing {
  private static final long SLOT = 250_000;
  private static final int SLOTS = 40;
  private static final int ENOUGH = 8;

  private static final long UNMOVED = 4_000_000_000L;

  /** The three least delays of each slot; the third counts, so that a freak or two does not. */
  private final long[][] least = new long[SLOTS][3];

  private final long[] bits = new long[SLOTS];
  private final int[] packets = new int[SLOTS];
  private long newest = Long.MIN_VALUE;
  private long oldest;
  private long answeredAt = Long.MIN_VALUE;
  private long answeredFor;

  /** A packet left its sender at one time and arrived at another, each on its own clock. */
  void add(long sentMicros, long arrivedMicros, int bytes) {
    long slot = Math.floorDiv(arrivedMicros, SLOT);
    if (newest == Long.MIN_VALUE || Math.abs(slot - newest) >= SLOTS) {
      Arrays.fill(packets, 0);
      Arrays.fill(bits, 0);
      newest = slot;
      oldest = slot;
    }
    for (; newest < slot; newest++) {
      packets[at(newest + 1)] = 0;
      bits[at(newest + 1)] = 0;
    }
    oldest = Math.clamp(oldest, newest - SLOTS + 1, newest);
    int at = at(slot);
    long delay = arrivedMicros - sentMicros;
    if (packets[at] == 0) {
      Arrays.fill(least[at], Long.MAX_VALUE);
    }
    long[] three = least[at];
    if (delay < three[2]) {
      three[2] = delay;
      Arrays.sort(three);
    }
    packets[at]++;
    bits[at] += 8L * bytes;
  }

  private static int at(long slot) {
    return (int) Math.floorMod(slot, (long) SLOTS);
  }

  /** By how much every packet is late at the moment; zero as long as too few came to tell. */
  long waitingMicros() {
    long now = Long.MAX_VALUE;
    long ever = Long.MAX_VALUE;
    int count = 0;
    for (int back = 0; back < SLOTS; back++) {
      int at = at(newest - back);
      if (packets[at] < 3) {
        continue;
      }
      ever = Math.min(ever, least[at][2]);
      if (back < 3) {
        now = Math.min(now, least[at][2]);
        count += packets[at];
      }
    }
    return count < ENOUGH ? 0 : now - ever;
  }

  /** Notes that less is sent from now on because of the queue; whether this is the first step. */
  boolean answered(long now) {
    boolean first = answeredAt == Long.MIN_VALUE || now - answeredAt > 2 * UNMOVED;
    if (first) {
      answeredAt = now;
      answeredFor = waitingMicros();
    }
    return first;
  }

  /**
   * Whether the queue stayed as it was although less was sent for four seconds. Then it is none of
   * ours, or a clock has jumped: the delay of today becomes the measure.
   */
  boolean unmoved(long now) {
    boolean answered = answeredAt != Long.MIN_VALUE && now - answeredAt <= 2 * UNMOVED;
    boolean same = Math.abs(waitingMicros() - answeredFor) * 7 < answeredFor;
    if (!answered || now - answeredAt < UNMOVED || !same) {
      return false;
    }
    for (int back = 3; back < SLOTS; back++) {
      packets[at(newest - back)] = 0;
    }
    answeredAt = Long.MIN_VALUE;
    return true;
  }

  /** Bits per second over the last whole second; zero before there was one. */
  long delivered() {
    if (newest == Long.MIN_VALUE || newest - oldest < 4) {
      return 0;
    }
    long sum = 0;
    for (int back = 1; back <= 4; back++) {
      sum += bits[at(newest - back)];
    }
    return sum;
  }
}
