package dev.aye.media;

import dev.aye.media.transport.Rtcp;
import dev.aye.media.transport.RtpPacket;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The receiving end of one incoming RTP stream: statistics for reports (RFC 3550, A.3 and A.8),
 * which packets to ask for again, the rate, and the stream's last sender report.
 */
final class Uplink {
  private static final int WINDOW = 512;
  private static final long FIRST_NACK = 25_000_000L;
  private static final long NEXT_NACK = 70_000_000L;
  private static final int MAX_NACKS = 8;
  private static final int MAX_MISSING = 128;
  private static final long RATE_WINDOW = 500_000_000L;

  private final int ssrc;
  private final int clock;

  private boolean started;
  private long highest;
  private long base;
  private long received;
  private long expectedBefore;
  private long receivedBefore;
  private double jitter;
  private long transitBefore;

  /** Extended sequence number last seen in a slot of the window. */
  private final long[] seen = new long[WINDOW];

  private final List<Missing> missing = new ArrayList<>();

  private long windowStart;
  private long windowBits;
  private long bitrate;
  private boolean bringsMedia;
  private long lastMediaNanos;

  private Rtcp.SenderReport lastReport = new Rtcp.SenderReport(0, 0, 0, 0, 0, List.of());
  private long lastReportNanos;
  private boolean reported;

  private static final class Missing {
    private final long sequence;
    private long due;
    private int asked;

    Missing(long sequence, long due) {
      this.sequence = sequence;
      this.due = due;
    }
  }

  Uplink(int ssrc, int clock) {
    this.ssrc = ssrc;
    this.clock = clock;
  }

  int ssrc() {
    return ssrc;
  }

  /** Counts a packet; false if it was here before. */
  boolean receive(RtpPacket packet, long now) {
    long sequence = extend(packet.sequence());
    if (!started) {
      started = true;
      base = sequence;
      highest = sequence;
      windowStart = now;
    } else if (sequence > highest) {
      if (sequence - highest > WINDOW) {
        missing.clear();
      } else {
        for (long s = highest + 1; s < sequence && missing.size() < MAX_MISSING; s++) {
          missing.add(new Missing(s, now + FIRST_NACK));
        }
      }
      highest = sequence;
    } else if (highest - sequence >= WINDOW || seen[slot(sequence)] == sequence + 1) {
      return false;
    }
    if (sequence < highest) {
      missing.removeIf(m -> m.sequence == sequence);
    }
    seen[slot(sequence)] = sequence + 1;
    received++;
    measure(packet, now);
    return true;
  }

  private static int slot(long sequence) {
    return Math.floorMod(sequence, WINDOW);
  }

  private void measure(RtpPacket packet, long now) {
    long transit = now / 1000 * clock / 1_000_000 - Integer.toUnsignedLong(packet.timestamp());
    if (received > 1) {
      long d = (int) (transit - transitBefore);
      jitter += (Math.abs(d) - jitter) / 16;
    }
    transitBefore = transit;
    if (packet.payload().length == 0) {
      return;
    }
    windowBits += 8L * (packet.payload().length + 12);
    if (now - windowStart >= RATE_WINDOW) {
      long rate = windowBits * 1_000_000_000L / (now - windowStart);
      bitrate = bitrate == 0 ? rate : (bitrate + rate) / 2;
      windowBits = 0;
      windowStart = now;
    }
    bringsMedia = true;
    lastMediaNanos = now;
  }

  private long extend(int sequence) {
    if (!started) {
      return 0x10000L + sequence;
    }
    return highest + (short) (sequence - (int) (highest & 0xffff));
  }

  /** Bits per second over the last half second or so; zero if nothing came for a second. */
  long bitrate(long now) {
    return alive(now) ? bitrate : 0;
  }

  /**
   * Whether media came within the last second. Padding is none: a browser that has no bandwidth for
   * a layer goes on sending that in its stream, to find out whether there is more.
   */
  boolean alive(long now) {
    return bringsMedia && now - lastMediaNanos < 1_000_000_000L;
  }

  /** Sequence numbers to ask for now; each is asked for a few times, then given up. */
  List<Integer> due(long now) {
    List<Integer> out = new ArrayList<>();
    missing.removeIf(m -> m.asked >= MAX_NACKS || highest - m.sequence >= WINDOW);
    for (Missing m : missing) {
      if (m.due <= now) {
        m.asked++;
        m.due = now + NEXT_NACK;
        out.add((int) (m.sequence & 0xffff));
      }
    }
    return out;
  }

  void senderReport(Rtcp.SenderReport report, long now) {
    lastReport = report;
    lastReportNanos = now;
    reported = true;
  }

  /** The RTP timestamp of this stream at an NTP time, as its sender reports tell. */
  Optional<Integer> timestampAt(long ntp) {
    if (!reported) {
      return Optional.empty();
    }
    double seconds = (ntp - lastReport.ntp()) / 4294967296.0;
    return Math.abs(seconds) > 60
        ? Optional.empty()
        : Optional.of(lastReport.rtpTimestamp() + (int) Math.round(seconds * clock));
  }

  /** The NTP time of an RTP timestamp of this stream. */
  Optional<Long> ntpAt(int timestamp) {
    if (!reported) {
      return Optional.empty();
    }
    double seconds = (timestamp - lastReport.rtpTimestamp()) / (double) clock;
    return Optional.of(lastReport.ntp() + Math.round(seconds * 4294967296.0));
  }

  /** The report block since the last one. */
  Optional<Rtcp.ReportBlock> report(long now) {
    if (!started) {
      return Optional.empty();
    }
    long expected = highest - base + 1;
    long expectedNow = expected - expectedBefore;
    long lostNow = expectedNow - (received - receivedBefore);
    expectedBefore = expected;
    receivedBefore = received;
    int fraction =
        expectedNow <= 0 || lostNow <= 0 ? 0 : (int) Math.min(255, (lostNow << 8) / expectedNow);
    int lsr = reported ? (int) (lastReport.ntp() >>> 16) : 0;
    int dlsr = reported ? (int) ((now - lastReportNanos) / 1000 * 65536 / 1_000_000) : 0;
    return Optional.of(
        new Rtcp.ReportBlock(
            ssrc,
            fraction,
            Math.clamp(expected - received, -0x7fffff, 0x7fffff),
            (int) highest,
            (int) jitter,
            lsr,
            dlsr));
  }
}
