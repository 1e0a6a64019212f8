package dev.aye.media;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aye.media.transport.RtpExtensions;
import dev.aye.media.transport.RtpPacket;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What is known of an incoming stream, and of who speaks. */
class ReceptionTest {
  private static final long MILLI = 1_000_000L;

  private static RtpPacket packet(int sequence) {
    return new RtpPacket(
        96, false, sequence & 0xffff, sequence * 960, 1, RtpExtensions.NONE, new byte[100]);
  }

  @Test
  void aLostPacketIsAskedForAgainUntilItComes() {
    Uplink up = new Uplink(1, 48000);
    up.receive(packet(65_534), 0);
    up.receive(packet(65_537), 20 * MILLI);
    assertThat(up.due(30 * MILLI)).isEmpty();
    assertThat(up.due(50 * MILLI)).containsExactly(65_535, 0);
    assertThat(up.due(60 * MILLI)).isEmpty();
    assertThat(up.receive(packet(65_535), 70 * MILLI)).isTrue();
    assertThat(up.due(200 * MILLI)).containsExactly(0);
    for (int i = 0; i < 20; i++) {
      up.due((300 + 100 * i) * MILLI);
    }
    assertThat(up.due(9000 * MILLI)).isEmpty();
  }

  @Test
  void aPacketCountsOnce() {
    Uplink up = new Uplink(1, 48000);
    assertThat(up.receive(packet(10), 0)).isTrue();
    assertThat(up.receive(packet(10), 1)).isFalse();
    assertThat(up.receive(packet(11), 2)).isTrue();
    assertThat(up.receive(packet(10), 3)).isFalse();
  }

  /** What a browser does with a layer that it has no bandwidth for. */
  @Test
  void aStreamThatBringsNothingButPaddingIsNotAlive() {
    Uplink up = new Uplink(1, 90000);
    assertThat(up.alive(0)).isFalse();
    up.receive(packet(1), 0);
    up.receive(packet(2), 600 * MILLI);
    assertThat(up.alive(700 * MILLI)).isTrue();
    assertThat(up.bitrate(700 * MILLI)).isPositive();
    for (int i = 3; i < 40; i++) {
      assertThat(up.receive(padding(i), 600 * MILLI + 50L * i * MILLI)).isTrue();
    }
    assertThat(up.due(3000 * MILLI)).isEmpty();
    assertThat(up.alive(2600 * MILLI)).isFalse();
    assertThat(up.bitrate(2600 * MILLI)).isZero();
    up.receive(packet(40), 3000 * MILLI);
    assertThat(up.alive(3000 * MILLI)).isTrue();
  }

  private static RtpPacket padding(int sequence) {
    return new RtpPacket(
        96, false, sequence & 0xffff, sequence * 960, 1, RtpExtensions.NONE, new byte[0]);
  }

  @Test
  void lossIsReportedAsAFraction() {
    Uplink up = new Uplink(1, 48000);
    for (int i = 0; i < 400; i++) {
      if (i % 4 != 3) {
        up.receive(packet(i), i * 20L * MILLI);
      }
    }
    var report = up.report(8000 * MILLI).orElseThrow();
    assertThat(report.fractionLost()).isBetween(62, 65);
    assertThat(report.cumulativeLost()).isEqualTo(99);
  }

  @Test
  void framesComeOutWholeAndInOrderWhateverTheOrderOfPackets() {
    for (int seed = 0; seed < 50; seed++) {
      Random random = new Random(seed);
      List<RtpPacket> packets = new ArrayList<>();
      int sequence = 65_500;
      for (int frame = 0; frame < 40; frame++) {
        int parts = 1 + random.nextInt(4);
        for (int i = 0; i < parts; i++) {
          byte[] payload = {(byte) (i == 0 ? 0x10 : 0), (byte) (frame == 0 ? 0 : 1), (byte) frame};
          packets.add(
              new RtpPacket(
                  96, i == parts - 1, sequence++ & 0xffff, frame, 1, RtpExtensions.NONE, payload));
        }
      }
      for (int i = 1; i + 5 < packets.size(); i += 5) {
        Collections.shuffle(packets.subList(i, i + 5), random);
      }
      Vp8Frames frames = new Vp8Frames();
      List<Integer> got = new ArrayList<>();
      for (RtpPacket p : packets) {
        frames.add(p).forEach(f -> got.add(f.timestamp()));
      }
      assertThat(got).isSorted().doesNotHaveDuplicates();
      assertThat(got).hasSize(40);
    }
  }

  @Test
  void afterALossNothingComesOutUntilAKeyFrame() {
    Vp8Frames frames = new Vp8Frames();
    List<Integer> got = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      byte[] payload = {0x10, (byte) (i % 10 == 0 ? 0 : 1)};
      if (i != 4) {
        frames
            .add(new RtpPacket(96, true, i, i, 1, RtpExtensions.NONE, payload))
            .forEach(f -> got.add(f.timestamp()));
      }
    }
    assertThat(got).startsWith(0, 1, 2, 3, 10, 11).endsWith(29);
  }

  @Test
  void whoIsLoudSpeaksAndWhoFallsSilentStopsAWindowLater() {
    Speakers speakers = new Speakers();
    for (int i = 0; i < 20; i++) {
      speakers.heard("a", 20);
      speakers.heard("b", 90);
    }
    assertThat(speakers.window())
        .singleElement()
        .satisfies(c -> assertThat(c.sid() + c.active()).isEqualTo("atrue"));
    assertThat(speakers.window()).allMatch(Speakers.Change::active);
    assertThat(speakers.window()).singleElement().matches(c -> !c.active() && c.turned());
    assertThat(speakers.window()).isEmpty();
  }

  @Test
  void aRateAllowsItsBurstAndThenItsPace() {
    Rate rate = new Rate(10, 5, 0);
    boolean[] allowed = new boolean[12];
    for (int i = 0; i < 12; i++) {
      allowed[i] = rate.allow(0);
    }
    boolean[] expected = new boolean[12];
    Arrays.fill(expected, 0, 10, true);
    assertThat(allowed).isEqualTo(expected);
    assertThat(rate.allow(200 * MILLI)).isTrue();
    assertThat(rate.allow(200 * MILLI)).isFalse();
  }

  @Test
  void whoAsksAgainAndAgainGetsAPacketAFewTimesAndNoMoreThanWasSent() {
    Repairs repairs = new Repairs();
    int allowed = 0;
    for (int i = 0; i < 1000; i++) {
      allowed += repairs.allow(7, i * 5L * MILLI) ? 1 : 0;
    }
    assertThat(allowed).isEqualTo(6);
    for (int i = 0; i < 100_000; i++) {
      allowed += repairs.allow(i & 0xffff, 9000L * MILLI + i * MILLI) ? 1 : 0;
    }
    assertThat(allowed).isEqualTo(256);
    repairs.sent();
    assertThat(repairs.allow(8, 200_000L * MILLI)).isTrue();
    assertThat(repairs.allow(9, 200_000L * MILLI)).isFalse();
  }
}
