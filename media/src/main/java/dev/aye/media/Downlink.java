package dev.aye.media;

import java.util.List;

/**
 * How much one member can take, and which layers that gives them. Room thread; pure but for what it
 * tells the subscriptions.
 *
 * <p>A browser's estimate (REMB) says at most one and a half times what arrives, so it can tell
 * that too much is sent but not how much more would fit. Hence: send what is wanted; when the
 * estimate or the loss says for a second that it was too much, go down to what fits; try one step
 * up after a while, and wait twice as long each time that fails (5 s to 60 s).
 */
final class Downlink {
  private static final long FIRST_RETRY = 5_000_000_000L;
  private static final long LAST_RETRY = 60_000_000_000L;
  private static final long SETTLE = 2_000_000_000L;

  /** An estimate that is low for less than this is taken for noise. */
  private static final long PATIENCE = 1_000_000_000L;

  private static final double HEAVY_LOSS = 0.12;

  private long estimate = Long.MAX_VALUE;
  private long estimateAt;
  private double loss;
  private int ceiling = 2;
  private long nextUp;
  private long retry = FIRST_RETRY;
  private long changedAt;
  private long overSince = Long.MAX_VALUE;

  void estimate(long bitsPerSecond, long now) {
    estimate = bitsPerSecond;
    estimateAt = now;
  }

  /** The fraction of packets lost, as a receiver report tells. */
  void loss(int fraction256) {
    loss = 0.7 * loss + 0.3 * (fraction256 / 256.0);
  }

  /** Spreads what fits over the video subscriptions. Called a few times a second. */
  void allocate(List<Subscription> video, long sent, long now) {
    boolean known = now - estimateAt < 5_000_000_000L;
    boolean over = (known && estimate < sent * 0.8) || loss > HEAVY_LOSS;
    overSince = over ? Math.min(overSince, now) : Long.MAX_VALUE;
    boolean tooMuch = over && now - overSince >= PATIENCE;
    if (tooMuch && now - changedAt > SETTLE && ceiling > 0) {
      long budget = known ? estimate * 9 / 10 : sent / 2;
      int fits = ceiling - 1;
      while (fits > 0 && total(video, fits, now) > budget) {
        fits--;
      }
      boolean soon = now - changedAt < 2 * FIRST_RETRY;
      retry = soon ? Math.min(LAST_RETRY, retry * 2) : FIRST_RETRY;
      ceiling = fits;
      changedAt = now;
      overSince = Long.MAX_VALUE;
      nextUp = now + retry;
      loss = 0;
    } else if (!over && ceiling < 2 && now >= nextUp) {
      ceiling++;
      changedAt = now;
      nextUp = now + retry;
    }
    for (Subscription s : video) {
      s.allow(ceiling);
    }
  }

  int ceiling() {
    return ceiling;
  }

  private static long total(List<Subscription> video, int ceiling, long now) {
    long sum = 0;
    for (Subscription s : video) {
      sum += s.cost(Math.min(ceiling, s.wantedLayer()), now);
    }
    return sum;
  }
}
