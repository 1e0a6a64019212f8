package dev.aye.companion;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;

/**
 * Tells speech from silence by its energy, and so cuts a stream of sound into segments.
 *
 * <p>Works on frames of 20 ms at 16 kHz. A frame is voiced when it is {@link #ABOVE_FLOOR} dB above
 * a noise floor that follows the quiet frames, and above an absolute level. A segment begins when
 * three of five frames are voiced, takes {@link #PRE_ROLL} frames before that along (so that soft
 * first sounds are in it), and ends after {@link #PAUSE} unvoiced frames. The longer it gets the
 * shorter a pause suffices; after {@link #LONGEST} frames it ends wherever it is.
 */
final class VoiceActivity {
  /** Samples in a frame. */
  static final int FRAME = Speech.RATE / 50;

  static final int PRE_ROLL = 15;
  static final int LONGEST = 750;
  private static final int PAUSE = 35;
  private static final int SHORT_PAUSE = 10;
  private static final int LONG = 500;
  private static final double ABOVE_FLOOR = 9;
  private static final double QUIETEST_SPEECH = -52; // dB below full scale
  private static final double LOWEST_FLOOR = -75;
  private static final double HIGHEST_FLOOR = -30;

  /** What a frame did. */
  enum Step {
    SILENCE,
    /** A segment began: it consists of {@link #preRoll} so far, this frame included. */
    BEGIN,
    SPEECH,
    /** This frame is the last of the segment. */
    END
  }

  private final Deque<short[]> recent = new ArrayDeque<>(PRE_ROLL);
  private double floor = -60;
  private int voicedBits;
  private boolean speaking;
  private int length;
  private int quiet;

  Step push(short[] frame) {
    if (frame.length != FRAME) {
      throw new IllegalArgumentException("a frame is " + FRAME + " samples");
    }
    boolean voiced = voiced(frame);
    if (!speaking) {
      recent.addLast(frame);
      if (recent.size() > PRE_ROLL) {
        recent.removeFirst();
      }
      voicedBits = (voicedBits << 1 | (voiced ? 1 : 0)) & 0b11111;
      if (Integer.bitCount(voicedBits) < 3) {
        return Step.SILENCE;
      }
      speaking = true;
      length = recent.size();
      quiet = 0;
      return Step.BEGIN;
    }
    length++;
    quiet = voiced ? 0 : quiet + 1;
    if (quiet >= (length > LONG ? SHORT_PAUSE : PAUSE) || length >= LONGEST) {
      reset();
      return Step.END;
    }
    return Step.SPEECH;
  }

  /** The frames of the segment that just began. */
  short[] preRoll() {
    short[] all = new short[recent.size() * FRAME];
    int at = 0;
    for (short[] frame : recent) {
      System.arraycopy(frame, 0, all, at, FRAME);
      at += FRAME;
    }
    return all;
  }

  /** Forgets all sound so far; keeps the noise floor. */
  void reset() {
    speaking = false;
    voicedBits = 0;
    length = 0;
    quiet = 0;
    recent.clear();
  }

  boolean speaking() {
    return speaking;
  }

  private boolean voiced(short[] frame) {
    double level = level(frame);
    if (level < floor) {
      floor = Math.max(LOWEST_FLOOR, floor + 0.2 * (level - floor)); // down within a few frames
    } else if (level < floor + ABOVE_FLOOR) {
      floor = Math.min(HIGHEST_FLOOR, floor + 0.02 * (level - floor)); // up within a second
    } else {
      floor =
          Math.min(HIGHEST_FLOOR, floor + 0.01); // half a dB a second, should the noise have jumped
    }
    return level > floor + ABOVE_FLOOR && level > QUIETEST_SPEECH;
  }

  /** Mean power in dB relative to full scale. */
  static double level(short[] frame) {
    double sum = 0;
    for (short s : frame) {
      sum += (double) s * s;
    }
    return 10 * Math.log10(sum / frame.length / (32_768.0 * 32_768.0) + 1e-12);
  }

  /** Cuts a whole recording as an ear would. */
  static List<short[]> segments(short[] samples) {
    var activity = new VoiceActivity();
    List<short[]> segments = new ArrayList<>();
    short[] current = new short[0];
    for (int at = 0; at + VoiceActivity.FRAME <= samples.length; at += VoiceActivity.FRAME) {
      short[] frame = Arrays.copyOfRange(samples, at, at + VoiceActivity.FRAME);
      switch (activity.push(frame)) {
        case SILENCE -> {}
        case BEGIN -> current = activity.preRoll();
        case SPEECH -> current = join(current, frame);
        case END -> {
          segments.add(join(current, frame));
          current = new short[0];
        }
      }
    }
    if (current.length > 0) {
      segments.add(current);
    }
    return segments;
  }

  private static short[] join(short[] a, short[] b) {
    short[] both = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, both, a.length, b.length);
    return both;
  }
}
