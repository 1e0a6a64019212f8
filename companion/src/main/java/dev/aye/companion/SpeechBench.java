package dev.aye.companion;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Measures the built-in engines on the project's own recordings, and on nothing else: word error
 * rate, real-time factor, memory, readings.
 *
 * <p>{@code SpeechBench [sphinx4|pocketsphinx|auto]…}. {@code -Daye.bench.words=true} shows the
 * words.
 */
public final class SpeechBench {
  private static final Map<Engine, List<List<Hypothesis>>> HELD_OUT = new EnumMap<>(Engine.class);

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
    List<String> engines = arguments.length > 0 ? List.of(arguments) : List.of("sphinx4", "auto");
    for (String engine : engines) {
      System.out.println(measure(Engine.valueOf(engine.toUpperCase(Locale.ROOT))));
    }
  }

  /** Decodes every recording with one engine. */
  public static Figures measure(Engine engine) throws IOException, InterruptedException {
    return measure(engine, Recording.NAMES);
  }

  /**
   * What an engine offers for each sentence that no model learns from, best first: by this a
   * learned vocabulary is judged. The recordings and the engine never change, so each engine hears
   * them once in a process' life.
   */
  public static List<List<Hypothesis>> heldOut(Engine engine)
      throws IOException, InterruptedException {
    synchronized (HELD_OUT) {
      List<List<Hypothesis>> known = HELD_OUT.get(engine);
      if (known == null) {
        List<List<Hypothesis>> offered = new ArrayList<>();
        try (var model = new SpeechProcess(SpeechProcess.Settings.of(engine))) {
          for (Recording sentence : Recording.sentences("heldout")) {
            offered.add(List.copyOf(heard(model, sentence)));
          }
        }
        known = List.copyOf(offered);
        HELD_OUT.put(engine, known);
      }
      return known;
    }
  }

  private static List<Hypothesis> heard(SpeechModel model, Recording sentence)
      throws InterruptedException {
    return switch (model.hear(sentence, text -> {})) {
      case Reading.Heard(List<Hypothesis> hypotheses) -> hypotheses;
      case Reading.Discarded d -> throw new IllegalStateException("nobody withdraws a recording");
      case Reading.Failed(String reason) -> throw new IllegalStateException(reason);
    };
  }

  /** Decodes some recordings with one engine. */
  public static Figures measure(Engine engine, List<String> names)
      throws IOException, InterruptedException {
    try (var model = new SpeechProcess(SpeechProcess.Settings.of(engine))) {
      long started = System.nanoTime();
      model.warm();
      double startSeconds = (System.nanoTime() - started) / 1e9;
      WordErrors errors = WordErrors.NONE;
      WordErrors oracle = WordErrors.NONE;
      double sound = 0;
      double time = 0;
      for (String name : names) {
        List<String> lines = Recording.lines(name);
        List<Recording> sentences = Recording.sentences(name);
        var first = new StringBuilder();
        var best = new StringBuilder();
        for (int i = 0; i < sentences.size(); i++) {
          long begun = System.nanoTime();
          List<Hypothesis> offered = heard(model, sentences.get(i));
          time += (System.nanoTime() - begun) / 1e9;
          sound += (double) sentences.get(i).size() / Speech.RATE;
          String said = sentences.size() == lines.size() ? lines.get(i) : "";
          first.append(offered.getFirst().text()).append(' ');
          best.append(closest(said, offered)).append(' ');
          if (Boolean.getBoolean("aye.bench.words")) {
            offered.stream()
                .limit(Integer.getInteger("aye.bench.readings", 1))
                .forEach(h -> System.out.printf("  %8.1f %s%n", h.score(), h.text()));
          }
        }
        String said = String.join(" ", lines);
        errors = errors.plus(WordErrors.between(said, first.toString()));
        oracle = oracle.plus(WordErrors.between(said, best.toString()));
      }
      return new Figures(
          model.model(), errors, oracle, time / sound, sound, startSeconds, memory(model.pid()));
    }
  }

  private static String closest(String said, List<Hypothesis> readings) {
    return readings.stream()
        .map(Hypothesis::text)
        .min(
            java.util.Comparator.comparingInt(
                text -> said.isEmpty() ? 0 : WordErrors.between(said, text).errors()))
        .orElse("");
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
