package dev.aye.media;

import dev.aye.media.transport.Rtcp;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * How much one member can take, and which layers that gives them. Room thread; pure but for what it
 * tells the subscriptions.
 *
 * <p>Every packet carries a transport-wide number, and the browser says when each arrived
 * (draft-holmer-rmcat-transport-wide-cc-extensions). From that: the time packets wait in queues,
 * the loss after repair, and the rate at which they come out ({@link Queueing}). Random loss and
 * jitter alone change nothing.
 *
 * <p>What was received says that too much is sent, not how much more would fit. Hence: send what is
 * wanted; when the signs say for a while that it was too much, go down to what came through; try
 * more after a while, and wait twice as long each time that fails (3 s to 60 s).
 */
final class Downlink {
  /** A queue longer than this is ours to empty. */
  static final long LONG_QUEUE_MICROS = 100_000;

  private static final int HISTORY = 4096;
  private static final double HEAVY_LOSS = 0.15;
  private static final long PATIENCE = 500_000_000L;
  private static final long SETTLE = 1_500_000_000L;
  private static final long FIRST_RETRY = 3_000_000_000L;
  private static final long LAST_RETRY = 60_000_000_000L;
  private static final long FRESH = 2_000_000_000L;
  private static final long NO_LIMIT = Long.MAX_VALUE;

  private final Queueing queueing = new Queueing();
  private final int[] numbers = new int[HISTORY];
  private final int[] sizes = new int[HISTORY];
  private final long[] sentMicros = new long[HISTORY];
  private int next;
  private boolean numbered;

  private long heardAt = Long.MIN_VALUE / 2;
  private long reference;
  private boolean started;
  private double loss;
  private int judged;

  private long budget = NO_LIMIT;

  /** The budget from before the queue was seen, should it turn out to be none. */
  private long before = NO_LIMIT;

  private List<Integer> wants = List.of();
  private long overSince = Long.MAX_VALUE;
  private long changedAt = Long.MIN_VALUE / 2;
  private long raisedAt = Long.MIN_VALUE / 2;
  private long nextUp;
  private long retry = FIRST_RETRY;

  /** The number that the next packet carries. */
  int number() {
    return next;
  }

  /** A packet with this number was sent. Bytes without the headers below RTP. */
  void sent(int number, int bytes, long now) {
    int slot = number % HISTORY;
    numbers[slot] = number;
    sizes[slot] = bytes + 40;
    sentMicros[slot] = now / 1000;
    next = number + 1 & 0xffff;
    numbered = true;
  }

  /** The member's client says what arrived, and when by its clock. */
  void feedback(Rtcp.TransportFeedback feedback, long now) {
    heardAt = now;
    if (!started) {
      started = true;
      reference = feedback.referenceTime();
      judged = feedback.base();
    }
    reference += (int) (feedback.referenceTime() - reference) << 8 >> 8;
    long zero = reference * Rtcp.TransportFeedback.REFERENCE_MICROS;
    int number = feedback.base();
    for (int after : feedback.arrivals()) {
      int slot = number % HISTORY;
      if (after != Rtcp.TransportFeedback.LOST && numbers[slot] == number && sizes[slot] > 0) {
        queueing.add(sentMicros[slot], zero + after, sizes[slot]);
        sizes[slot] = 0;
      }
      number = number + 1 & 0xffff;
    }
    judge(now);
  }

  /** Counts what never arrived, long enough after it was sent for a repair to have come. */
  private void judge(long now) {
    while (judged != next) {
      int slot = judged % HISTORY;
      if (numbers[slot] == judged) {
        if (now / 1000 - sentMicros[slot] < 700_000) {
          return;
        }
        loss += 0.005 * ((sizes[slot] > 0 ? 1 : 0) - loss);
      }
      judged = judged + 1 & 0xffff;
    }
  }

  /** The fraction of packets lost by a receiver report; counts for clients that say no more. */
  void loss(int fraction256) {
    if (!numbered) {
      loss = 0.7 * loss + 0.3 * (fraction256 / 256.0);
    }
  }

  /** Whether too much is being sent, at this moment. */
  boolean over(long now) {
    boolean fresh = now - heardAt < FRESH;
    return (fresh && queueing.waitingMicros() > LONG_QUEUE_MICROS) || loss > HEAVY_LOSS;
  }

  /** Spreads what fits over the video subscriptions. Called a few times a second. */
  void allocate(List<Subscription> video, long now) {
    boolean over = over(now);
    overSince = over ? Math.min(overSince, now) : Long.MAX_VALUE;
    if (over && now - overSince >= PATIENCE && now - changedAt >= SETTLE) {
      if (loss <= HEAVY_LOSS && queueing.unmoved(now)) {
        budget = before;
        wants = List.of();
        overSince = Long.MAX_VALUE;
        return;
      }
      before = queueing.answered(now) ? budget : before;
      boolean raisedInVain = now - raisedAt < 2 * FIRST_RETRY;
      retry = raisedInVain ? Math.min(LAST_RETRY, retry * 2) : FIRST_RETRY;
      long through = now - heardAt < FRESH ? queueing.delivered() : 0;
      long sending = spent(video, now);
      budget = Math.min(through > 0 ? through * 85 / 100 : sending / 2, sending * 85 / 100);
      changedAt = now;
      nextUp = now + retry;
      loss = 0;
      spread(video, now);
    } else if (!over && budget != NO_LIMIT && now >= nextUp) {
      long more = Math.max(budget + budget / 2, spent(video, now) + cheapestStep(video, now));
      budget = more;
      changedAt = now;
      raisedAt = now;
      nextUp = now + retry;
      spread(video, now);
    } else if (!wants.equals(wants(video))) {
      spread(video, now);
    }
  }

  private static List<Integer> wants(List<Subscription> video) {
    List<Integer> out = new ArrayList<>();
    for (Subscription s : video) {
      out.add(s.ssrc());
      out.add(s.wantedLayer());
    }
    return out;
  }

  /** Everybody's smallest picture first, then a step each in turn, the biggest wish first. */
  private void spread(List<Subscription> video, long now) {
    wants = wants(video);
    if (budget == NO_LIMIT) {
      video.forEach(s -> s.allow(Integer.MAX_VALUE));
      return;
    }
    video.forEach(s -> s.allow(0));
    List<Subscription> open = new ArrayList<>(video);
    open.sort(Comparator.comparingInt(Subscription::wantedLayer).reversed());
    boolean all = true;
    for (int layer = 1; layer <= 2; layer++) {
      for (Subscription s : open) {
        if (s.wantedLayer() < layer || s.allowed() != layer - 1) {
          continue;
        }
        if (spent(video, now) + s.cost(layer, now) - s.cost(layer - 1, now) <= budget) {
          s.allow(layer);
        } else {
          all = false;
        }
      }
    }
    if (all) {
      budget = NO_LIMIT;
      video.forEach(s -> s.allow(Integer.MAX_VALUE));
    }
  }

  private static long spent(List<Subscription> video, long now) {
    return video.stream().mapToLong(s -> s.cost(level(s), now)).sum();
  }

  private static long cheapestStep(List<Subscription> video, long now) {
    return video.stream()
        .filter(s -> level(s) < s.wantedLayer())
        .mapToLong(s -> s.cost(level(s) + 1, now) - s.cost(level(s), now))
        .min()
        .orElse(0);
  }

  private static int level(Subscription s) {
    return Math.min(s.allowed(), s.wantedLayer());
  }
}
