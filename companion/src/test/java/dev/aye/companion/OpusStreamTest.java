package dev.aye.companion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class OpusStreamTest {
  private static final int PACKETS = 300;
  private List<byte[]> packets = List.of();
  private short[] said = new short[0];

  @BeforeEach
  void encode() throws IOException {
    said = Arrays.copyOf(Recordings.samples("yes"), PACKETS * 320);
    packets = Recordings.opus(said);
  }

  @Test
  void whatWasSaidComesOutAsLoudAndAsLong() {
    short[] heard = play(packets, inOrder());
    assertThat(heard).hasSameSizeAs(said);
    assertThat(VoiceActivity.level(heard)).isCloseTo(VoiceActivity.level(said), within(1.0));
    assertThat(correlation(said, heard)).isGreaterThan(0.9);
  }

  @Test
  void packetsOutOfOrderSoundAsIfTheyHadBeenInOrder() {
    int[] order = inOrder();
    for (int i = 10; i + 3 < PACKETS; i += 10) {
      int swap = order[i];
      order[i] = order[i + 3];
      order[i + 3] = swap;
    }
    assertThat(play(packets, order)).isEqualTo(play(packets, inOrder()));
  }

  @Test
  void lostPacketsAreConcealedAndTimeIsKept() {
    int[] order = Arrays.stream(inOrder()).filter(i -> i < 20 || i % 20 != 0).toArray();
    short[] heard = play(packets, order);
    assertThat(heard).hasSameSizeAs(said);
    assertThat(correlation(said, heard)).isGreaterThan(0.8);
  }

  @Test
  void aLongGapIsSilenceOfAtMostASecond() {
    int[] order = Arrays.stream(inOrder()).filter(i -> i < 50 || i > 250).toArray();
    assertThat(play(packets, order)).hasSize(order.length * 320 + Speech.RATE);
  }

  @Test
  void sequenceNumbersWrap() {
    var opus = new OpusStream();
    int[] samples = {0};
    for (int i = 0; i < PACKETS; i++) {
      opus.push(
          (65_500 + i) & 0xffff,
          (0xffff_f000L + 960L * i) & 0xffff_ffffL,
          packets.get(i),
          20L * i,
          pcm -> samples[0] += pcm.length);
    }
    assertThat(samples[0]).isEqualTo(said.length);
  }

  @Test
  void noPacketMakesItThrowOrSpeakForLong() {
    var random = new Random(11);
    var opus = new OpusStream();
    long[] samples = {0};
    for (int i = 0; i < 4_000; i++) {
      byte[] packet;
      if (random.nextBoolean()) {
        packet = new byte[random.nextInt(200)];
        random.nextBytes(packet);
      } else {
        packet = packets.get(random.nextInt(PACKETS)).clone();
        packet[random.nextInt(packet.length)] ^= (byte) (1 << random.nextInt(8));
      }
      int sequence = random.nextInt(20) == 0 ? random.nextInt() : i;
      long before = samples[0];
      opus.push(sequence, random.nextInt(), packet, 20L * i, pcm -> samples[0] += pcm.length);
      assertThat(samples[0] - before).isLessThan(30L * Speech.RATE);
    }
  }

  private static int[] inOrder() {
    return java.util.stream.IntStream.range(0, PACKETS).toArray();
  }

  private static short[] play(List<byte[]> packets, int[] order) {
    var opus = new OpusStream();
    short[][] heard = {new short[0]};
    java.util.function.Consumer<short[]> ear =
        pcm -> {
          short[] all = Arrays.copyOf(heard[0], heard[0].length + pcm.length);
          System.arraycopy(pcm, 0, all, heard[0].length, pcm.length);
          heard[0] = all;
        };
    long now = 0;
    for (int i : order) {
      now += 20;
      opus.push(1_000 + i, 960L * i, packets.get(i), now, ear);
    }
    opus.tick(now + 1_000, ear);
    return heard[0];
  }

  /** The best normalised correlation within the delay that Opus may have. */
  private static double correlation(short[] a, short[] b) {
    double best = 0;
    for (int delay = 0; delay < 400; delay++) {
      double ab = 0;
      double aa = 0;
      double bb = 0;
      for (int i = 0; i + delay < Math.min(a.length, b.length); i++) {
        ab += (double) a[i] * b[i + delay];
        aa += (double) a[i] * a[i];
        bb += (double) b[i + delay] * b[i + delay];
      }
      best = Math.max(best, ab / Math.sqrt(aa * bb));
    }
    return best;
  }
}
