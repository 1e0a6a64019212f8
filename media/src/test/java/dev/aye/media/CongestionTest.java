package dev.aye.media;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aye.media.transport.Rtcp;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * What is taken for congestion and what is not, on a path with a constant delay, random loss and
 * jitter, and a link of limited speed with a long queue.
 */
class CongestionTest {
  private static final long MILLI = 1_000_000L;

  /** A link: packets wait for those before them; then constant delay and jitter. */
  private static final class Link {
    private final Random random = new Random(4);
    private final double loss;
    private final int jitterMillis;
    private long bitsPerSecond;
    private long freeAt;

    Link(double loss, int jitterMillis, long bitsPerSecond) {
      this.loss = loss;
      this.jitterMillis = jitterMillis;
      this.bitsPerSecond = bitsPerSecond;
    }

    /** When a packet that is sent now arrives; -1 if it is lost. */
    long send(int bytes, long now) {
      if (random.nextDouble() < loss) {
        return -1;
      }
      freeAt = Math.max(freeAt, now) + bytes * 8L * 1_000_000_000 / bitsPerSecond;
      long jitter = jitterMillis == 0 ? 0 : random.nextInt(jitterMillis) * MILLI;
      return freeAt + 20 * MILLI + jitter;
    }
  }

  /** A member who publishes at a pace, with the judgement of what they send. */
  private static List<Long> allowances(Link link, long bitsPerSecond, int seconds) {
    Upstream up = new Upstream();
    var arrivals = new java.util.TreeMap<Long, Long>();
    List<Long> out = new ArrayList<>();
    long gap = 1000 * 8 * 1_000_000_000L / bitsPerSecond;
    long next = 0;
    for (long now = 0; now < seconds * (1000 * MILLI); now += 250 * MILLI) {
      for (; next < now; next += Math.max(gap, 8_000_000_000_000L / up.allowance())) {
        long at = link.send(1040, next);
        if (at >= 0) {
          arrivals.put(at, next);
        }
      }
      while (!arrivals.isEmpty() && arrivals.firstKey() <= now) {
        var first = arrivals.pollFirstEntry();
        up.received(Upstream.sendTime(first.getValue()), 1000, first.getKey());
      }
      up.lowered(now);
      out.add(up.allowance());
    }
    return out;
  }

  @Test
  void lossAndJitterAloneTakeNothingFromTheUplink() {
    assertThat(allowances(new Link(0.05, 100, 50_000_000), 2_000_000, 60))
        .containsOnly(Upstream.CAP);
  }

  @Test
  void aNarrowUplinkIsAllowedAboutWhatItCarries() {
    List<Long> all = allowances(new Link(0.02, 30, 800_000), 2_000_000, 60);
    List<Long> late = all.subList(40, all.size());
    assertThat(late).allMatch(a -> a < 1_200_000);
    assertThat(late.stream().mapToLong(a -> a).average().orElse(0)).isBetween(450e3, 900e3);
  }

  @Test
  void anUplinkThatIsFreeAgainIsUsedAgain() {
    Link link = new Link(0, 10, 500_000);
    Upstream up = new Upstream();
    long now = 0;
    for (long sent = 0; now < 8_000 * MILLI; sent += 5 * MILLI) {
      now = link.send(1040, sent);
      up.received(Upstream.sendTime(sent), 1000, now);
      up.lowered(now);
    }
    assertThat(up.allowance()).isLessThan(600_000);
    long start = now + 20_000 * MILLI;
    for (now = start; now < start + 60_000 * MILLI; now += 50 * MILLI) {
      up.received(Upstream.sendTime(now), 1000, now + 20 * MILLI);
      up.lowered(now + 20 * MILLI);
    }
    assertThat(up.allowance()).isEqualTo(Upstream.CAP);
  }

  @Test
  void aClockThatJumpsIsNotAQueueForLong() {
    Upstream up = new Upstream();
    for (long now = 0; now < 30_000 * MILLI; now += 5 * MILLI) {
      long jump = now > 5_000 * MILLI ? 220 * MILLI : 0;
      up.received(Upstream.sendTime(now - jump), 1000, now);
      if (now % (250 * MILLI) == 0) {
        up.lowered(now);
      }
    }
    assertThat(up.allowance()).isEqualTo(Upstream.CAP);
  }

  @Test
  void aFreakPacketIsNotTheMeasure() {
    Queueing queueing = new Queueing();
    queueing.add(1_000_000, 700_000, 100);
    for (long t = 0; t < 3_000_000; t += 10_000) {
      queueing.add(t, t + 20_000, 1000);
    }
    assertThat(queueing.waitingMicros()).isZero();
    assertThat(queueing.delivered()).isEqualTo(800_000);
  }

  /** A downlink on which so much is sent for a while; what it thought each quarter second. */
  private static List<Boolean> limits(Link link, long bitsPerSecond, int seconds, int reference) {
    Downlink down = new Downlink();
    Arrivals arrivals = new Arrivals();
    var way = new java.util.TreeMap<Long, Integer>();
    List<Boolean> out = new ArrayList<>();
    long gap = 1000 * 8 * 1_000_000_000L / bitsPerSecond;
    long next = 0;
    long shift = reference * (64 * MILLI);
    for (long now = 0; now < seconds * (1000 * MILLI); now += 50 * MILLI) {
      for (; next < now; next += gap) {
        int number = down.number();
        long at = link.send(1040, next);
        down.sent(number, 1000, next);
        if (at >= 0) {
          way.put(at, number);
        }
      }
      while (!way.isEmpty() && way.firstKey() <= now) {
        var first = way.pollFirstEntry();
        arrivals.add(first.getValue(), first.getKey() + shift);
      }
      long then = now;
      arrivals
          .report(1, 1)
          .ifPresent(f -> {
            byte[] bytes = Rtcp.encode(List.of(f));
            var read = Rtcp.parse(bytes, bytes.length).orElseThrow().getFirst();
            down.feedback((Rtcp.TransportFeedback) read, then);
          });
      if (now % (250 * MILLI) == 0) {
        down.allocate(List.of(), now);
        out.add(down.over(now));
      }
    }
    return out;
  }

  @Test
  void lossAndJitterAloneTakeNothingFromTheDownlink() {
    assertThat(limits(new Link(0.05, 100, 50_000_000), 3_000_000, 60, 0)).containsOnly(false);
  }

  @Test
  void theClockOfTheReceiverMayWrap() {
    assertThat(limits(new Link(0.05, 100, 50_000_000), 3_000_000, 20, 0xffffff - 100))
        .containsOnly(false);
  }

  @Test
  void aQueueOnTheDownlinkIsNoticedWithinThreeSeconds() {
    List<Boolean> limited = limits(new Link(0.05, 100, 1_000_000), 2_000_000, 3, 0);
    assertThat(limited.subList(8, 12)).containsOnly(true);
  }

  @Test
  void heavyLossIsHeededWithoutAQueue() {
    List<Boolean> limited = limits(new Link(0.3, 20, 50_000_000), 2_000_000, 6, 0);
    assertThat(limited.subList(8, 20)).contains(true);
  }

  @Test
  void forgedReportsChangeNothingButTheirSendersOwnEstimate() {
    Downlink down = new Downlink();
    Random random = new Random(7);
    for (int i = 0; i < 2000; i++) {
      long now = i * (10 * MILLI);
      down.sent(down.number(), 1000, now);
      List<Integer> lies = new ArrayList<>();
      for (int n = random.nextInt(300); n >= 0; n--) {
        lies.add(random.nextBoolean() ? Rtcp.TransportFeedback.LOST : random.nextInt());
      }
      down.feedback(
          new Rtcp.TransportFeedback(
              1, 1, random.nextInt(65536), i & 0xff, random.nextInt(1 << 24), lies),
          now);
      down.allocate(List.of(), now);
    }
    down.sent(down.number(), 1000, 30_000 * MILLI);
    assertThat(down.over(30_000 * MILLI)).isFalse();
  }
}
