package dev.aye.app;

import dev.aye.consent.ParticipantId;
import dev.aye.media.TapSink;
import dev.aye.media.VoiceFrame;
import io.github.jaredmdobson.concentus.OpusDecoder;
import io.github.jaredmdobson.concentus.OpusException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The server, and a printed line for each voice frame that leaves a tap: how much of one tone is in
 * it. For the browser test of muting. Arguments: TCP port, UDP port, data folder, tone in Hz.
 *
 * <p>{@code frame <stream> <when, ms since 1970> <samples> <tone> <all>}, where {@code tone} and
 * {@code all} are dB of the tone's and of all of the frame's power, 0 for a sine of full scale; an
 * empty frame is one of no samples at {@link #NOTHING}. {@code open <stream> <when>} and {@code
 * closed <stream> <when>} stand around them. The time is taken on the thread that pours, decoding
 * and printing are done on another, so that watching holds nothing up.
 */
final class ToneAtTheTap {
  private static final int RATE = 48_000;
  private static final int LONGEST = RATE * 120 / 1000;
  private static final double NOTHING = -120;

  private final BlockingQueue<Runnable> work = new LinkedBlockingQueue<>();
  private final AtomicInteger streams = new AtomicInteger();
  private final InstantSource clock = InstantSource.system();
  private final double hertz;

  private ToneAtTheTap(double hertz) {
    this.hertz = hertz;
  }

  public static void main(String[] arguments) throws InterruptedException, OpusException {
    Main.quietLibraries();
    ToneAtTheTap watch = new ToneAtTheTap(Double.parseDouble(arguments[3]));
    Map<String, String> flags =
        Map.of("port", arguments[0], "udp-port", arguments[1], "data", arguments[2]);
    Server.start(AyeConfig.read(flags, System.getenv()), watch::over);
    while (true) {
      watch.work.take().run();
    }
  }

  private TapSink over(ParticipantId participant, TapSink ear) {
    return new Watched(ear, streams.incrementAndGet());
  }

  private final class Watched implements TapSink {
    private final TapSink ear;
    private final int stream;
    private final OpusDecoder decoder;
    private final short[] samples = new short[LONGEST];

    Watched(TapSink ear, int stream) {
      this.ear = ear;
      this.stream = stream;
      try {
        this.decoder = new OpusDecoder(RATE, 1);
      } catch (OpusException e) {
        throw new IllegalStateException("48 kHz mono is what Opus can do", e);
      }
      String when = now();
      work.add(() -> System.out.printf("open %d %s%n", stream, when));
    }

    @Override
    public void voice(VoiceFrame frame) {
      String when = now();
      byte[] opus = frame.opus().clone();
      work.add(() -> print(when, opus));
      ear.voice(frame);
    }

    private void print(String when, byte[] opus) {
      int length = 0;
      try {
        length =
            opus.length == 0 ? 0 : decoder.decode(opus, 0, opus.length, samples, 0, LONGEST, false);
      } catch (OpusException e) {
        throw new IllegalStateException("what left the tap is not Opus", e);
      }
      System.out.printf(
          Locale.ROOT,
          "frame %d %s %d %.1f %.1f%n",
          stream,
          when,
          length,
          decibels(tone(length)),
          decibels(all(length)));
    }

    /** Power at the tone's frequency, 1 for a sine of full scale (Goertzel's recurrence). */
    private double tone(int length) {
      double turn = 2 * Math.cos(2 * Math.PI * hertz / RATE);
      double last = 0;
      double before = 0;
      for (int i = 0; i < length; i++) {
        double now = samples[i] / 32_768.0 + turn * last - before;
        before = last;
        last = now;
      }
      double power = last * last + before * before - turn * last * before;
      return length == 0 ? 0 : 4 * power / ((double) length * length);
    }

    private double all(int length) {
      double sum = 0;
      for (int i = 0; i < length; i++) {
        sum += samples[i] / 32_768.0 * (samples[i] / 32_768.0);
      }
      return length == 0 ? 0 : 2 * sum / length;
    }

    @Override
    public void chat(byte[] message, long arrivalMillis) {
      ear.chat(message, arrivalMillis);
    }

    @Override
    public void closed() {
      String when = now();
      work.add(() -> System.out.printf("closed %d %s%n", stream, when));
      ear.closed();
    }
  }

  private static double decibels(double power) {
    return Math.max(NOTHING, 10 * Math.log10(power));
  }

  /** Milliseconds since 1970, to the microsecond. */
  private String now() {
    long micros = Duration.between(Instant.EPOCH, clock.instant()).toNanos() / 1_000;
    return String.format(Locale.ROOT, "%.3f", micros / 1_000.0);
  }
}
