package dev.aye.companion;

import io.github.jaredmdobson.concentus.OpusDecoder;
import io.github.jaredmdobson.concentus.OpusException;
import java.util.Arrays;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * Opus packets of one sender, put in order and decoded to 16 kHz mono (RFC 6716, RFC 7587).
 *
 * <p>Nobody listens to it live, so it waits for a missing packet until {@link #MOST_WAITING} later
 * ones are there or {@link #PATIENCE_MILLIS} went by. Then it conceals: with the redundancy in the
 * packet that follows where there is one, else by extrapolation; a long gap (or a sender's silence,
 * by RTP time) becomes silence. Everything is bounded; a packet that is not Opus is concealed like
 * a lost one.
 */
final class OpusStream {
  private static final int MOST_BYTES = 1_500;
  private static final int MOST_WAITING = 8;
  private static final int MOST_CONCEALED = 5;
  private static final long PATIENCE_MILLIS = 200;
  private static final int LONGEST_PACKET = Speech.RATE * 120 / 1000;
  private static final int LONGEST_SILENCE = Speech.RATE;
  private static final int RTP_PER_SAMPLE = 48_000 / Speech.RATE;
  private static final int NEW_STREAM = 3_000;

  private static final class Waiting {
    final byte[] opus;
    final long timestamp;
    final long arrival;

    Waiting(byte[] opus, long timestamp, long arrival) {
      this.opus = opus;
      this.timestamp = timestamp;
      this.arrival = arrival;
    }
  }

  private final TreeMap<Long, Waiting> waiting = new TreeMap<>();
  private final short[] buffer = new short[LONGEST_PACKET];
  private OpusDecoder decoder = decoder();
  private long next = -1; // sequence number, unwrapped; -1 before the first packet
  private long nextTimestamp;
  private int lastDuration = VoiceActivity.FRAME;

  private static OpusDecoder decoder() {
    try {
      return new OpusDecoder(Speech.RATE, 1);
    } catch (OpusException e) {
      throw new IllegalStateException("16 kHz mono is what Opus can do", e);
    }
  }

  /** Takes one packet; hands out whatever is in order now. */
  void push(int sequence, long timestamp, byte[] opus, long arrival, Consumer<short[]> pcm) {
    if (opus.length == 0 || opus.length > MOST_BYTES) {
      return;
    }
    long number = unwrap(sequence & 0xffff);
    if (next >= 0 && Math.abs(number - next) > NEW_STREAM) {
      restart();
      number = unwrap(sequence & 0xffff);
    }
    if (next < 0) {
      next = number;
      nextTimestamp = timestamp;
    }
    if (number < next) {
      return; // too late, its place was concealed
    }
    waiting.putIfAbsent(number, new Waiting(opus.clone(), timestamp, arrival));
    drain(arrival, pcm);
  }

  /** Lets time pass: gives up on packets that did not come. */
  void tick(long now, Consumer<short[]> pcm) {
    drain(now, pcm);
  }

  /** Forgets all sound and state. */
  void restart() {
    waiting.values().forEach(packet -> Arrays.fill(packet.opus, (byte) 0));
    waiting.clear();
    decoder = decoder();
    Arrays.fill(buffer, (short) 0);
    next = -1;
  }

  private void drain(long now, Consumer<short[]> pcm) {
    while (!waiting.isEmpty()) {
      var first = waiting.firstEntry();
      boolean inOrder = first.getKey() == next;
      boolean overdue =
          waiting.size() >= MOST_WAITING || now - first.getValue().arrival >= PATIENCE_MILLIS;
      if (!inOrder && !overdue) {
        return;
      }
      waiting.remove(first.getKey());
      fill(first.getKey() - next, first.getValue(), pcm);
      decode(first.getValue(), pcm);
      next = first.getKey() + 1;
    }
  }

  /**
   * Sound for what is missing before {@code packet}: {@code lost} packets, and time that had none.
   */
  private void fill(long lost, Waiting packet, Consumer<short[]> pcm) {
    long missing = (int) (packet.timestamp - nextTimestamp) / RTP_PER_SAMPLE; // RTP time wraps
    if (missing <= 0) {
      return;
    }
    if (lost > 0 && lost <= MOST_CONCEALED && missing <= lost * LONGEST_PACKET) {
      for (long i = lost; i > 0; i--) {
        boolean redundancy = i == 1;
        conceal(redundancy ? packet.opus : new byte[0], redundancy, pcm);
      }
    } else if (missing > VoiceActivity.FRAME / 2) {
      pcm.accept(new short[(int) Math.min(missing, LONGEST_SILENCE)]);
    }
  }

  private void decode(Waiting packet, Consumer<short[]> pcm) {
    int n = 0;
    try {
      n = decoder.decode(packet.opus, 0, packet.opus.length, buffer, 0, buffer.length, false);
    } catch (OpusException | RuntimeException | AssertionError e) {
      // The library trusts its input in places, and asserts what an attacker can break.
      decoder = decoder();
    }
    if (n > 0) {
      lastDuration = n;
      pcm.accept(Arrays.copyOf(buffer, n));
    } else {
      n = lastDuration;
      pcm.accept(new short[n]);
    }
    nextTimestamp = packet.timestamp + (long) n * RTP_PER_SAMPLE;
    Arrays.fill(packet.opus, (byte) 0);
  }

  private void conceal(byte[] following, boolean redundancy, Consumer<short[]> pcm) {
    try {
      int n =
          redundancy
              ? decoder.decode(following, 0, following.length, buffer, 0, lastDuration, true)
              : decoder.decode(null, 0, 0, buffer, 0, lastDuration, false);
      pcm.accept(Arrays.copyOf(buffer, n));
    } catch (OpusException | RuntimeException | AssertionError e) {
      decoder = decoder();
      pcm.accept(new short[lastDuration]);
    }
  }

  private long unwrap(int sequence) {
    if (next < 0) {
      return sequence + 0x10000L;
    }
    return next + (short) (sequence - (int) next);
  }
}
