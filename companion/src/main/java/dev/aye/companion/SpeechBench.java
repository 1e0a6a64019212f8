package dev.aye.companion;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * Measures the built-in engines on a folder of recordings: word error rate, real-time factor,
 * memory, readings.
 *
 * <p>{@code SpeechBench FOLDER [sphinx4|pocketsphinx|auto]…}, with {@code NAME.wav} and what is
 * said in it in {@code texts/NAME.txt} (its first line is not spoken). {@code
 * -Daye.bench.words=true} shows the words: use it on recordings of nobody only.
 */
public final class SpeechBench {
  private SpeechBench() {}

  /**
   * What an engine did.
   *
   * @param realTimeFactor decoding time by time of sound
   * @param oracle errors if always the best of the offered readings were chosen
   * @param megabytes most memory that its process had resident
   */
  public record Figures(
      String model,
      WordErrors errors,
      WordErrors oracle,
      double realTimeFactor,
      double secondsOfSound,
      double startSeconds,
      long megabytes) {
    @Override
    public String toString() {
      return String.format(
          Locale.ROOT,
          "%s: word error rate %.1f %% (%d of %d; %.1f %% with the best reading offered), real-time factor %.2f on"
              + " %.0f s of sound, start %.1f s, %d MB",
          model,
          100 * errors.rate(),
          errors.errors(),
          errors.words(),
          100 * oracle.rate(),
          realTimeFactor,
          secondsOfSound,
          startSeconds,
          megabytes);
    }
  }

  public static void main(String[] arguments) throws IOException, InterruptedException {
    Path folder = Path.of(arguments.length > 0 ? arguments[0] : "speech");
    List<String> engines =
        arguments.length > 1
            ? List.of(arguments).subList(1, arguments.length)
            : List.of("sphinx4", "auto");
    for (String engine : engines) {
      System.out.println(measure(Engine.valueOf(engine.toUpperCase(Locale.ROOT)), folder));
    }
  }

  /** Decodes every recording of a folder with one engine. */
  public static Figures measure(Engine engine, Path folder)
      throws IOException, InterruptedException {
    return measure(engine, recordings(folder));
  }

  /** Decodes some recordings with one engine. */
  public static Figures measure(Engine engine, List<Path> recordings)
      throws IOException, InterruptedException {
    try (var model = new SpeechProcess(SpeechProcess.Settings.of(engine))) {
      long started = System.nanoTime();
      model.warm();
      double startSeconds = (System.nanoTime() - started) / 1e9;
      WordErrors errors = WordErrors.NONE;
      WordErrors oracle = WordErrors.NONE;
      double sound = 0;
      double time = 0;
      for (Path file : recordings) {
        List<String> lines = Files.readAllLines(text(file));
        List<short[]> segments = segments(Wav.read(file));
        var first = new StringBuilder();
        var best = new StringBuilder();
        for (int i = 0; i < segments.size(); i++) {
          short[] segment = segments.get(i);
          long begun = System.nanoTime();
          Reading reading = model.hear(whole(segment), text -> {});
          time += (System.nanoTime() - begun) / 1e9;
          sound += (double) segment.length / Speech.RATE;
          if (reading instanceof Reading.Heard heard) {
            String said = segments.size() == lines.size() - 1 ? lines.get(i + 1) : "";
            first.append(heard.hypotheses().getFirst().text()).append(' ');
            best.append(closest(said, heard.hypotheses())).append(' ');
            if (Boolean.getBoolean("aye.bench.words")) {
              heard.hypotheses().stream()
                  .limit(Integer.getInteger("aye.bench.readings", 1))
                  .forEach(h -> System.out.printf("  %8.1f %s%n", h.score(), h.text()));
            }
          } else {
            throw new IllegalStateException("not decoded: " + reading);
          }
        }
        String said = String.join(" ", lines.subList(1, lines.size()));
        errors = errors.plus(WordErrors.between(said, first.toString()));
        oracle = oracle.plus(WordErrors.between(said, best.toString()));
      }
      return new Figures(
          model.model(), errors, oracle, time / sound, sound, startSeconds, memory(model.pid()));
    }
  }

  private static List<Path> recordings(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> file.toString().endsWith(".wav") && Files.exists(text(file)))
          .sorted()
          .toList();
    }
  }

  private static Path text(Path recording) {
    String name = recording.getFileName().toString().replaceFirst("\\.wav$", ".txt");
    return recording.resolveSibling("texts").resolve(name);
  }

  private static String closest(String said, List<Hypothesis> readings) {
    return readings.stream()
        .map(Hypothesis::text)
        .min(
            java.util.Comparator.comparingInt(
                text -> said.isEmpty() ? 0 : WordErrors.between(said, text).errors()))
        .orElse("");
  }

  /** Cuts a recording as an ear would. */
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

  /** Speech that is complete. */
  static Speech whole(short[] samples) {
    return (from, into) -> {
      if (from >= samples.length) {
        return -1;
      }
      int n = Math.min(into.length, samples.length - from);
      System.arraycopy(samples, from, into, 0, n);
      return n;
    };
  }

  private static long memory(long pid) throws IOException {
    Path status = Path.of("/proc/" + pid + "/status");
    if (!Files.isReadable(status)) {
      return -1;
    }
    try (Stream<String> lines = Files.lines(status)) {
      return lines
          .filter(line -> line.startsWith("VmHWM:"))
          .map(line -> Long.parseLong(line.replaceAll("\\D", "")) / 1024)
          .findFirst()
          .orElse(-1L);
    }
  }
}
