package dev.aye.app;

import dev.aye.companion.Engine;
import dev.aye.companion.SpeechBench;
import dev.aye.consent.Receipt;
import dev.aye.log.Checkpoint;
import dev.aye.log.Log;
import dev.aye.log.LogBench;
import dev.aye.log.Verdict;
import dev.aye.media.MediaBench;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What the commands of the command line do that are not the server itself. */
final class Commands {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private static final long LARGEST_RECEIPT = 256 * 1024;

  /** What can be measured, as it is named. */
  static final List<String> BENCHMARKS = List.of("log", "consent", "media", "speech");

  /** How much is measured: enough for figures, or only so much that each step is done once. */
  enum Length {
    FULL,
    GLANCE
  }

  private Commands() {}

  /** Has the running server perform a command on its folder, or opens the folder to do it here. */
  static int perform(AyeConfig config, Map<String, ?> command, PrintStream out)
      throws IOException, InterruptedException {
    Optional<JsonNode> done = ControlSocket.ask(config.data(), command);
    show(done.isPresent() ? done.get() : here(config, command), out);
    return 0;
  }

  private static JsonNode here(AyeConfig config, Map<String, ?> command)
      throws IOException, InterruptedException {
    if (!Files.isDirectory(config.data().resolve("log"))) {
      throw new Refusal(
          "There is nothing in the data folder " + config.data() + "; choose it with --data.");
    }
    FileChannel lock = Archive.lock(config.data());
    try (Archive archive = new Archive(config)) {
      archive.learning().forgetting().run();
      Workbench workbench =
          new Workbench(
              archive.consents(),
              archive.learning(),
              () -> {},
              () -> {},
              () -> new Says.Health("not serving", Map.of()),
              archive::backup);
      JsonNode done = JSON.valueToTree(workbench.perform(JSON.valueToTree(command)));
      archive.learning().forgetting().run(); // what a revocation asks for
      return done;
    } finally {
      Archive.unlock(lock);
    }
  }

  /** Makes a data folder of a backup, which no server may have open. */
  static void restore(
      AyeConfig config,
      Path from,
      Optional<Path> keys,
      Optional<Path> log,
      boolean current,
      PrintStream out)
      throws IOException {
    Checkpoint at = Backup.restore(config, from, keys, log, current);
    out.println("restored to " + config.data() + " with " + at.size() + " leaves in the log");
    if (keys.isEmpty()) {
      out.println("The keys were not restored: nothing but the log can be read without them.");
    }
    if (!current) {
      out.println(
          "It starts when a quorum of witnesses says that nothing was appended to the log since"
              + " then. Without witnesses, restore again with --nothing-after if you know that.");
    }
  }

  /** Revokes the grant of a handle, or every yes in a receipt file. */
  static int revoke(AyeConfig config, String what, PrintStream out)
      throws IOException, InterruptedException {
    return perform(config, Map.of("command", "revoke", "handles", handles(what)), out);
  }

  private static List<String> handles(String what) throws IOException {
    if (what.matches("[A-Za-z0-9_-]{43}") && !Files.exists(Path.of(what))) {
      return List.of(what);
    }
    Path file = Path.of(what);
    if (!Files.isRegularFile(file) || Files.size(file) > LARGEST_RECEIPT) {
      throw new Refusal(what + " is neither a receipt file nor the handle of a grant.");
    }
    String jws;
    try {
      jws = Wiring.strictJson().readTree(Files.readString(file)).path("receipt").asString("");
    } catch (JacksonException e) {
      throw new Refusal(file + " is no receipt file.");
    }
    return switch (Receipt.parse(jws)) {
      case Receipt.Parsed.Good(Receipt receipt) ->
          receipt.choices().stream()
              .filter(Receipt.Answer.Yes.class::isInstance)
              .map(answer -> ((Receipt.Answer.Yes) answer).handle().value())
              .toList();
      case Receipt.Parsed.Bad bad ->
          throw new Refusal(file + " is no good receipt: " + bad.reason().sentence());
    };
  }

  /** Checks every file of a folder's log; what is wrong is named. */
  static boolean checkLog(AyeConfig config, PrintStream out) throws IOException {
    Path folder = config.data().resolve("log");
    if (!Files.isDirectory(folder)) {
      throw new Refusal(
          "There is no log in the data folder " + config.data() + "; choose it with --data.");
    }
    return switch (Log.check(folder)) {
      case Verdict.Holds<Checkpoint>(Checkpoint at) -> {
        out.println("holds  the log " + at.origin() + " of " + at.size() + " leaves");
        yield true;
      }
      case Verdict.Fails<Checkpoint>(String reason) -> {
        out.println("FAILS  the log  " + reason);
        yield false;
      }
    };
  }

  private static void show(JsonNode done, PrintStream out) {
    if (done.isArray()) {
      if (done.isEmpty()) {
        out.println("There is none yet.");
      }
      done.forEach(item -> show(item, out));
      return;
    }
    StringBuilder line = new StringBuilder();
    done.properties()
        .forEach(field ->
            line.append(line.isEmpty() ? "" : "  ")
                .append(field.getKey())
                .append(' ')
                .append(field.getValue().asString(field.getValue().toString())));
    out.println(line);
  }

  /** Measures one part and prints the figures. */
  static void bench(String name, Length length, Optional<Path> json, PrintStream out)
      throws IOException, InterruptedException {
    boolean full = length == Length.FULL;
    Object figures =
        switch (name) {
          case "log" -> log(full ? 200_000 : 500, full ? 1_000_000 : 4_000);
          case "consent" -> ConsentBench.run(full ? 500 : 3);
          case "media" -> MediaBench.run(full ? Duration.ofSeconds(10) : Duration.ofMillis(200));
          case "speech" ->
              full
                  ? SpeechBench.measure(Engine.AUTO)
                  : SpeechBench.measure(Engine.AUTO, List.of("no"));
          default ->
              throw new Refusal(
                  "There is no benchmark named "
                      + name
                      + "; there are log, consent, media and speech.");
        };
    out.println(figures);
    if (json.isPresent()) {
      Files.writeString(
          json.get(), JSON.writerWithDefaultPrettyPrinter().writeValueAsString(figures));
    }
  }

  private static LogBench.Figures log(int appends, int entries) throws IOException {
    Path folder = Files.createTempDirectory("aye-log-bench-");
    try {
      return LogBench.run(
          folder, 8192, appends, 64, entries, new SecureRandom(), Clock.systemUTC());
    } finally {
      try (Stream<Path> files = Files.walk(folder)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }
}
