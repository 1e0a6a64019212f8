package dev.aye.media;

/**
 * How much one member may send, as the server tells their browser (REMB). Room thread; pure.
 *
 * <p>It is the cap until a queue grows on the way here, as the send times in the packets tell
 * ({@link Queueing}); then what came through and a little less, and from there up again by a
 * twelfth a second. Random loss and jitter change nothing; heavy loss is the sender's to heed, who
 * reads it in the receiver reports.
 */
final class Upstream {
  static final long CAP = 4_000_000L;
  static final long LEAST = 150_000L;
  private static final long PATIENCE = 500_000_000L;
  private static final long SETTLE = 1_500_000_000L;
  private static final long STALE = 1_000_000_000L;

  private final Queueing queueing = new Queueing();
  private long sent;
  private boolean started;
  private long heardAt;
  private long allowance = CAP;

  /** The allowance from before the queue was seen, should it turn out to be none. */
  private long before = CAP;

  private long overSince = Long.MAX_VALUE;
  private long changedAt = Long.MIN_VALUE / 2;

  /** A send time as packets carry it: seconds in 6.18 fixed point, 24 bits (abs-send-time). */
  static byte[] sendTime(long nanos) {
    long t = (long) ((nanos / 1e9) * (1 << 18)) & 0xffffff;
    return new byte[] {(byte) (t >> 16), (byte) (t >> 8), (byte) t};
  }

  /** A packet came that carries its send time. */
  void received(byte[] sendTime, int bytes, long now) {
    if (sendTime.length != 3) {
      return;
    }
    int wire = (sendTime[0] & 0xff) << 16 | (sendTime[1] & 0xff) << 8 | (sendTime[2] & 0xff);
    sent = started ? sent + ((int) (wire - sent) << 8 >> 8) : wire;
    started = true;
    heardAt = now;
    queueing.add((sent * 1_000_000) >> 18, now / 1000, bytes + 40);
  }

  /** Judges anew, a few times a second; whether the sender should hear of it at once. */
  boolean lowered(long now) {
    boolean over = now - heardAt < STALE && queueing.waitingMicros() > Downlink.LONG_QUEUE_MICROS;
    overSince = over ? Math.min(overSince, now) : Long.MAX_VALUE;
    if (over && now - overSince >= PATIENCE && now - changedAt >= SETTLE) {
      if (queueing.unmoved(now)) {
        allowance = before;
        overSince = Long.MAX_VALUE;
        return false;
      }
      before = queueing.answered(now) ? allowance : before;
      allowance = Math.clamp(Math.min(allowance, queueing.delivered()) * 85 / 100, LEAST, CAP);
      changedAt = now;
      return true;
    }
    if (!over && allowance < CAP && now - changedAt >= 1_000_000_000L) {
      allowance = Math.min(CAP, allowance + allowance / 12);
      changedAt = now;
    }
    return false;
  }

  long allowance() {
    return allowance;
  }
}
