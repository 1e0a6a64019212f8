package dev.aye.app;

import dev.aye.companion.Companion;
import dev.aye.companion.Engine;
import dev.aye.companion.Hypothesis;
import dev.aye.companion.Reading;
import dev.aye.companion.Speech;
import dev.aye.companion.SpeechModel;
import dev.aye.companion.Wav;
import dev.aye.learn.CountModel;
import dev.aye.learn.DatasetVersion;
import dev.aye.learn.Learning;
import dev.aye.learn.ModelVersion;
import dev.aye.learn.Query;
import dev.aye.learn.Standing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import tools.jackson.databind.JsonNode;

/**
 * The commands that work on what was learned: each takes and gives JSON, in the server's process
 * when one runs, else in the command's own.
 */
final class Workbench {
  private static final int PAUSE = Speech.RATE * 4 / 10;
  private static final int QUIET = 200;

  /** Every command there is; a test looks at what each tells. */
  static final List<String> COMMANDS =
      List.of(
          "dataset build",
          "dataset list",
          "dataset export",
          "train",
          "model list",
          "model replay",
          "health",
          "hear");

  private final Learning learning;
  private final Runnable before;
  private final Runnable after;
  private final Supplier<Says.Health> health;

  /**
   * @param before run before a data set is cut: puts what was captured into the log
   * @param after run after a model was trained: takes it into use
   */
  Workbench(Learning learning, Runnable before, Runnable after, Supplier<Says.Health> health) {
    this.learning = learning;
    this.before = before;
    this.after = after;
    this.health = health;
  }

  /**
   * @throws Refusal when it cannot be done
   */
  Object perform(JsonNode command) throws IOException, InterruptedException {
    String name = command.path("command").asString("");
    if (!COMMANDS.contains(name)) {
      throw new Refusal("The server does not know this command.");
    }
    try {
      return switch (name) {
        case "dataset build" -> {
          before.run();
          yield said(learning.datasets().build(Query.everything()));
        }
        case "dataset list" -> learning.datasets().list().stream().map(Workbench::said).toList();
        case "dataset export" ->
            export(command.path("id").asString(""), Path.of(command.path("to").asString("")));
        case "train" -> train(command.path("id").asString(""));
        case "model list" -> learning.models().list().stream().map(Workbench::said).toList();
        case "model replay" ->
            Map.of("same", learning.models().replays(command.path("id").asString("")));
        case "health" -> health.get();
        case "hear" -> hear(Path.of(command.path("file").asString("")));
        default -> throw new IllegalStateException("the command is listed, and nothing does it");
      };
    } catch (IllegalStateException e) {
      throw new Refusal(String.valueOf(e.getMessage()));
    }
  }

  private Object export(String id, Path to) throws IOException {
    String wanted = id.isEmpty() ? newest() : id;
    if (Files.exists(to) && !isEmpty(to)) {
      throw new Refusal("The folder " + to + " is not empty; export into a new one.");
    }
    learning.datasets().export(wanted, to);
    return Map.of("id", wanted, "to", to.toString());
  }

  private static boolean isEmpty(Path folder) throws IOException {
    try (var files = Files.list(folder)) {
      return files.findAny().isEmpty();
    }
  }

  private Object train(String id) {
    ModelVersion model = learning.models().train(id.isEmpty() ? newest() : id);
    after.run();
    return said(model);
  }

  private String newest() {
    List<DatasetVersion> all = learning.datasets().list();
    return all.reversed().stream()
        .filter(dataset -> dataset.standing() == Standing.CURRENT)
        .findFirst()
        .map(DatasetVersion::id)
        .orElseThrow(() -> new Refusal("There is no data set yet: make one with dataset build."));
  }

  /** What the recogniser makes of a recording, alone and with the vocabulary in use. */
  private Object hear(Path file) throws IOException, InterruptedException {
    Optional<CountModel> model = learning.models().current();
    List<Map<String, String>> sentences = new ArrayList<>();
    try (SpeechModel speech = Companion.builtIn(Engine.AUTO)) {
      for (short[] sentence : sentences(Wav.read(file))) {
        if (speech.hear(whole(sentence), text -> {}) instanceof Reading.Heard heard) {
          List<Hypothesis> offered = heard.hypotheses();
          Map<String, String> said = new LinkedHashMap<>();
          said.put("alone", offered.getFirst().text());
          said.put(
              "learned",
              model
                  .map(m -> Vocabulary.of(m).rerank(offered).getFirst().text())
                  .orElse(offered.getFirst().text()));
          sentences.add(said);
        }
      }
    }
    return sentences;
  }

  /** Cuts a recording at its pauses. */
  private static List<short[]> sentences(short[] sound) {
    List<short[]> sentences = new ArrayList<>();
    int start = -1;
    int quiet = 0;
    for (int at = 0; at < sound.length; at++) {
      boolean loud = Math.abs(sound[at]) > QUIET;
      quiet = loud ? 0 : quiet + 1;
      if (loud && start < 0) {
        start = Math.max(0, at - PAUSE / 2);
      } else if (start >= 0 && quiet >= PAUSE) {
        sentences.add(Arrays.copyOfRange(sound, start, at));
        start = -1;
      }
    }
    if (start >= 0) {
      sentences.add(Arrays.copyOfRange(sound, start, sound.length));
    }
    return sentences;
  }

  private static Speech whole(short[] sound) {
    return (from, into) -> {
      int n = Math.min(into.length, sound.length - from);
      if (n <= 0) {
        return -1;
      }
      System.arraycopy(sound, from, into, 0, n);
      return n;
    };
  }

  private static Map<String, Object> said(DatasetVersion dataset) {
    Map<String, Object> said = new LinkedHashMap<>();
    said.put("id", dataset.id());
    said.put("standing", dataset.standing().name().toLowerCase(Locale.ROOT));
    said.put("built", Times.text(dataset.built()));
    said.put("rows", dataset.rows());
    said.put("grants", dataset.handles().size());
    said.put("root", dataset.root());
    said.put("index", dataset.index().orElse(-1L));
    said.put("exports", dataset.exports());
    return said;
  }

  private static Map<String, Object> said(ModelVersion model) {
    Map<String, Object> said = new LinkedHashMap<>();
    said.put("id", model.id());
    said.put("standing", model.standing().name().toLowerCase(Locale.ROOT));
    said.put("built", Times.text(model.built()));
    said.put("dataset", model.dataset());
    said.put("hash", model.hash());
    said.put("index", model.index().orElse(-1L));
    return said;
  }
}
