package dev.aye.media;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aye.media.transport.RtpExtensions;
import dev.aye.media.transport.RtpPacket;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Properties of the rewriting, for many seeds. */
class ForwarderTest {
  private static final long MILLI = 1_000_000L;

  private record Arrival(int source, RtpPacket packet, long at) {}

  private static RtpPacket vp8(int sequence, int timestamp, int picture, int tl0, boolean key) {
    byte[] payload = new byte[20];
    payload[0] = (byte) 0x90;
    payload[1] = (byte) 0xe0;
    payload[2] = (byte) (0x80 | (picture >> 8 & 0x7f));
    payload[3] = (byte) picture;
    payload[4] = (byte) tl0;
    payload[5] = 0;
    payload[6] = (byte) (key ? 0 : 1);
    return new RtpPacket(96, true, sequence & 0xffff, timestamp, 5, RtpExtensions.NONE, payload);
  }

  private static RtpPacket audio(int sequence, int timestamp) {
    return new RtpPacket(
        111, false, sequence & 0xffff, timestamp, 9, RtpExtensions.NONE, new byte[10]);
  }

  /** Three layers that switch at random, with reordering: out comes one unbroken stream. */
  @Test
  void whateverTheSwitchesTheReceiverSeesOneStream() {
    for (int seed = 0; seed < 200; seed++) {
      Random random = new Random(seed);
      Forwarder f = new Forwarder(77, 90000, true, random.nextInt(0x10000), random.nextInt());
      int[] sequence = {random.nextInt(0x10000), random.nextInt(0x10000), random.nextInt(0x10000)};
      int[] timestamp = {random.nextInt(), random.nextInt(), random.nextInt()};
      int[] picture = {random.nextInt(0x8000), random.nextInt(0x8000), random.nextInt(0x8000)};
      List<Arrival> arrivals = new ArrayList<>();
      long at = 1000 * MILLI;
      List<Integer> wants = new ArrayList<>();
      for (int i = 0; i < 400; i++) {
        at += 33 * MILLI;
        for (int s = 0; s < 3; s++) {
          boolean key = random.nextInt(20) == 0;
          arrivals.add(
              new Arrival(
                  s, vp8(sequence[s]++, timestamp[s] += 3000, picture[s]++, picture[s], key), at));
        }
      }
      for (int i = 0; i + 4 < arrivals.size(); i += 2) {
        if (random.nextInt(10) == 0) {
          Collections.swap(arrivals, i, i + 3);
        }
      }
      Set<Integer> sequences = new HashSet<>();
      List<RtpPacket> out = new ArrayList<>();
      for (int i = 0; i < arrivals.size(); i++) {
        if (i % 97 == 0) {
          wants.add(random.nextInt(3));
          f.want(wants.getLast());
        }
        Arrival a = arrivals.get(i);
        f.forward(a.source, a.packet, Vp8.parse(a.packet.payload()), a.at, Optional.empty())
            .ifPresent(out::add);
      }
      assertThat(out.size()).isGreaterThan(50);
      for (RtpPacket p : out) {
        assertThat(p.ssrc()).isEqualTo(77);
        assertThat(sequences.add(p.sequence())).as("seed %d sends a number twice", seed).isTrue();
      }
      List<RtpPacket> ordered = new ArrayList<>(out);
      RtpPacket first = out.getFirst();
      ordered.sort((a, b) ->
          (short) (a.sequence() - first.sequence()) - (short) (b.sequence() - first.sequence()));
      int missing = 0;
      for (int i = 1; i < ordered.size(); i++) {
        RtpPacket p = ordered.get(i - 1);
        RtpPacket q = ordered.get(i);
        missing += (q.sequence() - p.sequence() & 0xffff) - 1;
        assertThat(q.timestamp() - p.timestamp()).as("seed %d", seed).isGreaterThanOrEqualTo(0);
        Vp8 a = Vp8.parse(p.payload());
        Vp8 b = Vp8.parse(q.payload());
        int step = b.pictureId() - a.pictureId() & 0x7fff;
        assertThat(step).as("seed %d", seed).isBetween(1, 8);
      }
      // Only what was reordered around a switch may be missing.
      assertThat(missing).isLessThanOrEqualTo(3 * wants.size());
    }
  }

  @Test
  void nothingIsForwardedBeforeAKeyFrame() {
    Forwarder f = new Forwarder(1, 90000, true, 10, 10);
    f.want(0);
    for (int i = 0; i < 50; i++) {
      RtpPacket p = vp8(i, i * 3000, i, i, false);
      assertThat(f.forward(0, p, Vp8.parse(p.payload()), i, Optional.empty())).isEmpty();
    }
    assertThat(f.waits()).isTrue();
    RtpPacket key = vp8(50, 150_000, 50, 50, true);
    assertThat(f.forward(0, key, Vp8.parse(key.payload()), 50, Optional.empty())).isPresent();
    assertThat(f.waits()).isFalse();
  }

  @Test
  void theOldLayerGoesOnUntilTheNewOneHasAKeyFrame() {
    Forwarder f = new Forwarder(1, 90000, true, 10, 10);
    f.want(0);
    RtpPacket key = vp8(1, 3000, 1, 1, true);
    f.forward(0, key, Vp8.parse(key.payload()), 0, Optional.empty());
    f.want(2);
    RtpPacket old = vp8(2, 6000, 2, 2, false);
    RtpPacket fresh = vp8(900, 900, 9, 9, false);
    assertThat(f.forward(0, old, Vp8.parse(old.payload()), 1, Optional.empty())).isPresent();
    assertThat(f.forward(2, fresh, Vp8.parse(fresh.payload()), 1, Optional.empty())).isEmpty();
  }

  @Test
  void aPauseOfSoundLeavesNoGapInTheNumbers() {
    Forwarder f = new Forwarder(1, 48000, false, 10, 10);
    f.want(0);
    RtpPacket a = f.forward(0, audio(5, 960), Vp8.NONE, 0, Optional.empty()).orElseThrow();
    f.restart();
    RtpPacket b =
        f.forward(0, audio(305, 960 * 301), Vp8.NONE, 6000 * MILLI, Optional.empty()).orElseThrow();
    assertThat(b.sequence()).isEqualTo(a.sequence() + 1);
    assertThat(b.timestamp() - a.timestamp()).isEqualTo(6 * 48000);
  }

  @Test
  void soundRunsThroughTheWrapOfItsNumbers() {
    Forwarder f = new Forwarder(1, 48000, false, 65_000, -5000);
    f.want(0);
    int last = -1;
    for (int i = 0; i < 70_000; i++) {
      RtpPacket out =
          f.forward(0, audio(60_000 + i, i * 960), Vp8.NONE, i * 20L * MILLI, Optional.empty())
              .orElseThrow();
      if (last >= 0) {
        assertThat(out.sequence()).isEqualTo(last + 1 & 0xffff);
      }
      last = out.sequence();
    }
  }

  @Test
  void aDescriptorThatIsCutShortIsNone() {
    Random random = new Random(1);
    for (int i = 0; i < 20_000; i++) {
      byte[] payload = new byte[random.nextInt(8)];
      random.nextBytes(payload);
      Vp8 vp8 = Vp8.parse(payload);
      assertThat(vp8.size()).isLessThanOrEqualTo(payload.length);
      if (vp8.present()) {
        Vp8 again = Vp8.parse(vp8.rewrite(payload, vp8.pictureId() + 1, vp8.tl0() + 1));
        assertThat(again.size()).isEqualTo(vp8.size());
        if (vp8.pictureIdAt() >= 0) {
          assertThat(again.pictureId())
              .isEqualTo(vp8.pictureId() + 1 & (vp8.wide() ? 0x7fff : 0x7f));
        }
      }
    }
  }
}
