package dev.aye.app;

import dev.aye.companion.Engine;
import dev.aye.companion.Hypothesis;
import dev.aye.companion.SpeechBench;
import dev.aye.consent.Consents;
import dev.aye.consent.Grant;
import dev.aye.consent.Handle;
import dev.aye.consent.State;
import dev.aye.consent.Withdrawal;
import dev.aye.learn.CountModel;
import dev.aye.learn.DatasetVersion;
import dev.aye.learn.Learning;
import dev.aye.learn.ModelVersion;
import dev.aye.learn.Query;
import dev.aye.learn.Standing;
import dev.aye.vault.Corrupt;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Supplier;
import tools.jackson.databind.JsonNode;

/**
 * The commands that work on grants and on what was learned: each takes and gives JSON, in the
 * server's process when one runs, else in the command's own.
 */
final class Workbench {
  private static final int MOST_HANDLES = 64;
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  /** Every command there is; a test looks at what each tells. */
  static final List<String> COMMANDS =
      List.of(
          "dataset build",
          "dataset list",
          "dataset export",
          "revoke",
          "train",
          "model list",
          "model replay",
          "backup",
          "health",
          "model judge");

  private final Consents consents;
  private final Learning learning;
  private final Runnable before;
  private final Runnable after;
  private final Supplier<Says.Health> health;
  private final Saving saving;

  /** Makes a backup: of the data, and of the keys if they have a place to go. */
  @FunctionalInterface
  interface Saving {
    void backup(Path to, Optional<Path> keys) throws IOException;
  }

  /**
   * @param before run before a data set is cut: puts what was captured into the log
   * @param after run after a model was trained: takes it into use
   */
  Workbench(
      Consents consents,
      Learning learning,
      Runnable before,
      Runnable after,
      Supplier<Says.Health> health,
      Saving saving) {
    this.consents = consents;
    this.saving = saving;
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
        case "revoke" -> revoke(command.path("handles"));
        case "train" -> train(command.path("id").asString(""));
        case "model list" -> learning.models().list().stream().map(Workbench::said).toList();
        case "model replay" ->
            Map.of("same", learning.models().replays(command.path("id").asString("")));
        case "backup" -> backup(command.path("to").asString(""), command.path("keys").asString(""));
        case "health" -> health.get();
        case "model judge" -> judge();
        default -> throw new IllegalStateException("the command is listed, and nothing does it");
      };
    } catch (Corrupt e) {
      throw e; // nothing that a person at a terminal could do otherwise
    } catch (IllegalStateException e) {
      throw new Refusal(String.valueOf(e.getMessage()));
    }
  }

  private Object backup(String to, String keys) throws IOException {
    saving.backup(Path.of(to), keys.isEmpty() ? Optional.empty() : Optional.of(Path.of(keys)));
    return keys.isEmpty() ? Map.of("to", to) : Map.of("to", to, "keys", keys);
  }

  /** Ends grants by their handles, and waits until the log has it. */
  private Object revoke(JsonNode handles) throws InterruptedException {
    if (handles.isEmpty() || handles.size() > MOST_HANDLES) {
      throw new Refusal("There is nothing to revoke in this, or too much at once.");
    }
    List<Map<String, Object>> done = new ArrayList<>();
    for (JsonNode text : handles) {
      Handle handle;
      try {
        handle = new Handle(text.asString(""));
      } catch (IllegalArgumentException e) {
        throw new Refusal("This is no handle of a grant: it has 43 characters.");
      }
      Map<String, Object> said = new LinkedHashMap<>();
      said.put("handle", handle.value());
      switch (consents.revoke(handle)) {
        case Consents.Revoking.Promised(Grant grant, String promise) -> {
          said.put("state", "revoked");
          said.put("purpose", grant.purpose().id());
          said.put("medium", grant.medium().id());
          said.put("index", leaf(handle));
          said.put("promise", promise);
        }
        case Consents.Revoking.AlreadyOver(Grant grant, State state, Optional<String> _) -> {
          said.put("state", "was " + state.id() + " before");
          said.put("purpose", grant.purpose().id());
          said.put("medium", grant.medium().id());
        }
        case Consents.Revoking.Unknown() -> said.put("state", "unknown here");
      }
      done.add(said);
    }
    return done;
  }

  /** Where in the log the end of a grant is; -1 while it is not there yet. */
  private long leaf(Handle handle) throws InterruptedException {
    for (long waited = 0; waited < PATIENCE.toMillis(); waited += 20) {
      OptionalLong index =
          consents.withdrawals().stream()
              .filter(withdrawal -> withdrawal.handle().equals(handle))
              .findFirst()
              .map(Withdrawal::index)
              .orElse(OptionalLong.empty());
      if (index.isPresent()) {
        return index.getAsLong();
      }
      Thread.sleep(20);
      consents.tick();
    }
    return -1;
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

  /**
   * How the recogniser understands the project's own held-out sentences, alone and with the
   * vocabulary in use. It can hear nothing else: this takes no file.
   */
  private Object judge() throws IOException, InterruptedException {
    Optional<CountModel> model = learning.models().current();
    List<Map<String, String>> sentences = new ArrayList<>();
    for (List<Hypothesis> offered : SpeechBench.heldOut(Engine.AUTO)) {
      String alone = offered.getFirst().text();
      Map<String, String> said = new LinkedHashMap<>();
      said.put("alone", alone);
      said.put(
          "learned",
          model.map(m -> Vocabulary.of(m).rerank(offered).getFirst().text()).orElse(alone));
      sentences.add(said);
    }
    return sentences;
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
