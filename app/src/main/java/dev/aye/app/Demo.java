package dev.aye.app;

import dev.aye.companion.WordErrors;
import dev.aye.consent.Event;
import dev.aye.consent.Receipt;
import dev.aye.consent.ReceiptVerifier;
import dev.aye.learn.Datasets;
import dev.aye.learn.Verification;
import dev.aye.log.Checkpoint;
import dev.aye.log.Leaf;
import dev.aye.log.LogVerifier;
import dev.aye.log.Verdict;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The whole story with four simulated people, against a server of its own: told line by line, then
 * a table of claims, each checked against what really happened. Nothing here knows the outcome
 * beforehand but the texts that were spoken.
 */
final class Demo {
  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final String YES = "Anna";
  private static final String NO = "Bram";
  private static final String WITHDRAWN = "Chris";
  private static final String UNANSWERED = "Dora";
  private static final List<String> PURPOSES = List.of("captions", "notes", "training");
  private static final List<String> SAID_YES = List.of("lantern", "budget");
  private static final List<String> SAID_WITHDRAWN = List.of("submarine", "telescope");
  private static final List<String> NEVER = List.of("pineapple", "violin", "dinosaur", "trumpet");

  /** What {@code withdrawn.wav} speaks of and {@code heldout.wav} asks for. */
  private static final List<String> LEARNABLE = List.of("pier", "berth");

  /** Something that the product promises, and whether it held just now. */
  record Claim(String name, boolean holds, String evidence) {}

  private final Path home;
  private final Path work;
  private final Path data;
  private final PrintStream out;
  private final List<Claim> claims = new ArrayList<>();
  private final Map<String, Object> figures = new LinkedHashMap<>();
  private final long began = System.nanoTime();

  private Demo(Path home, Path work, PrintStream out) {
    this.home = home;
    this.work = work;
    this.data = work.resolve("data");
    this.out = out;
  }

  /** Lives through the story; says whether every claim held. */
  static boolean run(Optional<Path> json, Optional<Path> keep, PrintStream out)
      throws IOException, InterruptedException {
    Path home = Path.of(System.getProperty("aye.home", ".")).toAbsolutePath();
    if (!Files.isDirectory(home.resolve("speech"))) {
      throw new Refusal("The demo needs the recordings in the folder speech of the project.");
    }
    Path work = keep.isPresent() ? fresh(keep.get()) : Files.createTempDirectory("aye-demo-");
    Demo demo = new Demo(home, work, out);
    try {
      demo.story();
    } finally {
      if (keep.isEmpty()) {
        delete(work);
      }
    }
    demo.table();
    if (json.isPresent()) {
      Files.writeString(
          json.get(),
          JSON.writerWithDefaultPrettyPrinter()
              .writeValueAsString(Map.of("claims", demo.claims, "figures", demo.figures)));
    }
    return demo.claims.stream().allMatch(Claim::holds);
  }

  private static Path fresh(Path folder) throws IOException {
    Path absolute = folder.toAbsolutePath();
    Files.createDirectories(absolute);
    try (Stream<Path> files = Files.list(absolute)) {
      if (files.findAny().isPresent()) {
        throw new Refusal("The folder " + folder + " is not empty; keep the demo in a new one.");
      }
    }
    return absolute;
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }

  private void story() throws IOException, InterruptedException {
    tell("A server starts, and beside it a process of simulated people.");
    Files.createDirectories(work);
    List<JsonNode> accounts = new ArrayList<>();
    try (Child server = Child.serve(data, work.resolve("server.err"));
        Crowd crowd = Crowd.start(server.url(), work.resolve("people.err"))) {
      figures.put("server_ready_seconds", seconds());
      meet(crowd);
      speak(crowd);
      written(crowd);
      Learned learned = learn(crowd);
      changeOfMind(crowd, learned);
      search(server);
      end(crowd);
      for (String who : List.of(YES, NO, WITHDRAWN, UNANSWERED)) {
        accounts.add(crowd.ask("account", who, Map.of()));
      }
    }
    receipts(accounts);
    everythingKept(accounts);
    wholeLog();
  }

  private void meet(Crowd crowd) throws IOException, InterruptedException {
    crowd.ask("create", "", Map.of("title", "The demo"));
    crowd.ask("join", YES, Map.of("host", true));
    for (String who : List.of(NO, WITHDRAWN, UNANSWERED)) {
      crowd.ask("join", who, Map.of());
    }
    crowd.ask("show", YES, Map.of("film", film("one")));
    crowd.ask("show", NO, Map.of("film", film("two")));
    tell(
        YES + ", " + NO + ", " + WITHDRAWN + " and " + UNANSWERED + " meet, end-to-end encrypted.");
    crowd.ask("answer", YES, Map.of("yes", PURPOSES));
    crowd.ask("answer", NO, Map.of("no", PURPOSES));
    crowd.ask("answer", WITHDRAWN, Map.of("yes", PURPOSES));
    tell(YES + " and " + WITHDRAWN + " say yes, " + NO + " says no, " + UNANSWERED + " nothing.");
  }

  private String film(String name) {
    return home.resolve("demo-media").resolve(name).toString();
  }

  private Map<String, String> voice(String name) {
    return Map.of("voice", home.resolve("speech").resolve(name + ".wav").toString());
  }

  private void speak(Crowd crowd) throws IOException, InterruptedException {
    tell("They talk, two at a time.");
    together(crowd.begin("say", YES, voice("yes")), crowd.begin("say", NO, voice("no")));
    together(
        crowd.begin("say", WITHDRAWN, voice("withdrawn")),
        crowd.begin("say", UNANSWERED, voice("unanswered")));
    tell("The companion finishes writing down what it may hear.");
    settle(crowd);
  }

  private static void together(CompletableFuture<JsonNode> one, CompletableFuture<JsonNode> other)
      throws IOException, InterruptedException {
    Crowd.await(one, "say");
    Crowd.await(other, "say");
  }

  /** Waits until no caption has come or changed for six seconds, at most a minute. */
  private void settle(Crowd crowd) throws IOException, InterruptedException {
    String before = "";
    long same = System.nanoTime();
    long until = same + 60_000_000_000L;
    while (System.nanoTime() < until && System.nanoTime() - same < 6_000_000_000L) {
      Thread.sleep(500);
      String now = crowd.ask("report", NO, Map.of()).path("captions").toString();
      if (!now.equals(before)) {
        before = now;
        same = System.nanoTime();
      }
    }
  }

  private void written(Crowd crowd) throws IOException, InterruptedException {
    Map<String, JsonNode> reports = new TreeMap<>();
    for (String who : List.of(YES, NO, WITHDRAWN, UNANSWERED)) {
      reports.put(who, crowd.ask("report", who, Map.of()));
    }
    List<String> deaf = new ArrayList<>();
    reports.forEach((who, report) ->
        reports.keySet().stream()
            .filter(other -> !other.equals(who))
            .filter(other -> report.path("heard").path(other).asLong(0) < 100)
            .forEach(other -> deaf.add(who + " did not hear " + other)));
    claim(
        "Everybody hears everybody",
        deaf.isEmpty(),
        deaf.isEmpty() ? "each of the 12 pairs, decrypted" : String.join(", ", deaf));
    long frames = of(reports, UNANSWERED).path("seen").path(YES).asLong(0);
    claim("Pictures move", frames > 20, frames + " frames of " + YES + " reached " + UNANSWERED);

    String captions = captions(of(reports, NO), "");
    claim(
        "Who said yes is written down, for everybody",
        hasAll(captions(of(reports, NO), YES), SAID_YES)
            && hasAll(captions(of(reports, NO), WITHDRAWN), SAID_WITHDRAWN),
        found(captions, SAID_YES) + ", " + found(captions, SAID_WITHDRAWN) + " in the captions");
    String notes = crowd.ask("notes", NO, Map.of()).toString().toLowerCase(Locale.ROOT);
    claim("The notes hold it", hasAll(notes, SAID_YES), found(notes, SAID_YES) + " in the notes");
    claim(
        "Who did not agree is in no caption and no note",
        hasNone(captions, NEVER)
            && hasNone(notes, NEVER)
            && captions(of(reports, NO), NO).isEmpty()
            && captions(of(reports, NO), UNANSWERED).isEmpty(),
        found(captions + notes, NEVER));
    String said = Files.readString(home.resolve("speech/texts/yes.txt"));
    WordErrors errors =
        WordErrors.between(said.substring(said.indexOf('\n') + 1), captions(of(reports, NO), YES));
    figures.put("word_error_rate", errors.rate());
    figures.put("speech_model", health().path("parts").path("speech").asString(""));
    tell(
        String.format(
            Locale.ROOT,
            "The recogniser got %.0f %% of the words of %s wrong.",
            100 * errors.rate(),
            YES));
    int receipts =
        of(reports, YES).path("receipts").size() + of(reports, NO).path("receipts").size();
    claim(
        "A yes and a no each have a receipt for Learning and one for the rest, with proofs that check",
        receipts == 4,
        receipts + " receipts, proofs checked by their devices against the log's key");
  }

  private static JsonNode of(Map<String, JsonNode> reports, String who) {
    return Objects.requireNonNull(reports.get(who));
  }

  /** What there was before somebody changed their mind. */
  private record Learned(String root, String hash, HeldOut alone) {}

  private Learned learn(Crowd crowd) throws IOException, InterruptedException {
    tell("A data set is cut, exported and verified; a vocabulary is learned from it.");
    JsonNode dataset = command(Map.of("command", "dataset build"));
    Path export = work.resolve("export");
    command(
        Map.of(
            "command",
            "dataset export",
            "id",
            dataset.path("id").asString(""),
            "to",
            export.toString()));
    Verification verification = Datasets.verify(export, vkey());
    claim(
        "The data set verifies offline",
        verification.holds() && dataset.path("rows").asLong() > 0,
        dataset.path("rows").asLong()
            + " rows; "
            + (verification.holds()
                ? verification.claims().size() + " checks"
                : String.join(", ", verification.failed())));
    nothingElse(export);
    HeldOut alone = heldOut("alone");
    JsonNode model = command(Map.of("command", "train"));
    HeldOut learned = heldOut("learned");
    figures.put("held_out_before_learning", alone);
    figures.put("held_out_after_learning", learned);
    claim(
        "What was learned helps with phrases it never heard",
        learned.recognised() > alone.recognised() && learned.errors() < alone.errors(),
        alone + " before, " + learned + " after");
    JsonNode account = crowd.ask("account", WITHDRAWN, Map.of());
    claim(
        "A person sees what used their words",
        account.path("used").size() >= 2 && account.path("held").size() > 0,
        account.path("held").size() + " pieces held, used by " + account.path("used").size());
    return new Learned(dataset.path("root").asString(""), model.path("hash").asString(""), alone);
  }

  /** What whoever has an export can read of what its people said to the rows of the card. */
  private void nothingElse(Path export) throws IOException {
    Set<String> answered = new TreeSet<>();
    int receipts = 0;
    for (JsonNode ref :
        JSON.readTree(Files.readAllBytes(export.resolve("proof/receipts.json"))).path("receipts")) {
      if (Receipt.parse(ref.path("receipt").asString("")) instanceof Receipt.Parsed.Good good) {
        good.receipt().choices().forEach(choice -> answered.add(choice.purpose().id()));
        receipts++;
      }
    }
    claim(
        "An export shows what its people said to Learning, and to nothing else",
        receipts == 2 && answered.equals(Set.of("training")),
        receipts + " receipts in it, of " + answered);
  }

  /**
   * How sentences that were in no meeting are understood.
   *
   * @param wanted sentences with a word that can be learned from the meeting
   * @param recognised those in which just this word was understood
   * @param words said in all sentences
   * @param errors words wrong, missing or made up
   */
  private record HeldOut(int wanted, int recognised, int words, int errors) {
    @Override
    public String toString() {
      return String.format(
          Locale.ROOT,
          "%d of %d words learned from the meeting, %d of all %d words wrong (%.1f %%)",
          recognised,
          wanted,
          errors,
          words,
          100.0 * errors / words);
    }
  }

  /**
   * @param which {@code alone} for the recogniser by itself, {@code learned} with the vocabulary
   */
  private HeldOut heldOut(String which) throws IOException {
    List<String> said = Files.readAllLines(home.resolve("speech/texts/heldout.txt"));
    said = said.subList(1, said.size());
    JsonNode heard = command(Map.of("command", "model judge"));
    if (heard.size() != said.size()) {
      throw new IOException(heard.size() + " held-out sentences were heard of " + said.size());
    }
    int wanted = 0;
    int recognised = 0;
    WordErrors errors = WordErrors.NONE;
    for (int i = 0; i < said.size(); i++) {
      String text = heard.path(i).path(which).asString("");
      errors = errors.plus(WordErrors.between(said.get(i), text));
      for (String word : LEARNABLE) {
        if (holds(said.get(i), word)) {
          wanted++;
          recognised += holds(text, word) ? 1 : 0;
        }
      }
    }
    return new HeldOut(wanted, recognised, errors.words(), errors.errors());
  }

  private static boolean holds(String sentence, String word) {
    return List.of(sentence.toLowerCase(Locale.ROOT).split("[^a-z']+")).contains(word);
  }

  private void changeOfMind(Crowd crowd, Learned learned) throws IOException, InterruptedException {
    String before = captions(crowd.ask("report", NO, Map.of()), WITHDRAWN);
    long clicked = System.nanoTime();
    Map<String, Object> more = new LinkedHashMap<>(voice("withdrawn"));
    more.put("seconds", 6);
    CompletableFuture<JsonNode> talking = crowd.begin("say", WITHDRAWN, more);
    JsonNode promises = crowd.ask("withdraw", WITHDRAWN, Map.of("defiant", true));
    figures.put("withdrawal_to_promises_ms", (System.nanoTime() - clicked) / 1_000_000);
    tell(WITHDRAWN + " changes their mind; their device would go on sending.");
    Crowd.await(talking, "say");
    JsonNode account = crowd.ask("account", WITHDRAWN, Map.of());
    long until = System.nanoTime() + 40_000_000_000L;
    while (!accounted(account) && System.nanoTime() < until) {
      Thread.sleep(250);
      account = crowd.ask("account", WITHDRAWN, Map.of());
    }
    figures.put("withdrawal_to_account_ms", sinceWithdrawal(account));
    settle(crowd);
    claim(
        "A promise signed by the log comes back at once",
        promises.size() == account.path("withdrawals").size() && promises.size() > 0,
        promises.size() + " grants withdrawn, each with a promise");
    String after = captions(crowd.ask("report", NO, Map.of()), WITHDRAWN);
    JsonNode device = crowd.ask("report", WITHDRAWN, Map.of());
    long shutOut = device.path("shutOutAfterMs").asLong(-1);
    claim(
        "After that nothing more is heard of them",
        after.equals(before) && shutOut >= 0 && device.path("defiantFrames").asLong() > 0,
        after.equals(before)
            ? "no new caption in 6 s of talking; their device sent "
                + device.path("defiantFrames")
                + " frames more, until the server shut it out after "
                + shutOut
                + " ms"
            : "a caption came");
    LogVerifier verifier = verifier();
    int notes = 0;
    for (JsonNode withdrawal : account.path("withdrawals")) {
      if (verifier.note(withdrawal.path("account").asString("")) instanceof Verdict.Holds<String>) {
        notes++;
      }
    }
    claim(
        "They get a signed account of what was forgotten",
        accounted(account) && notes == account.path("withdrawals").size(),
        notes + " accounts signed by the log; nothing held: " + account.path("held").isEmpty());
    claim(
        "Nothing is held of them any more",
        account.path("held").isEmpty(),
        account.path("held").size() + " pieces");

    JsonNode recut = current(command(Map.of("command", "dataset list")));
    JsonNode unlearned = current(command(Map.of("command", "model list")));
    JsonNode fresh = command(Map.of("command", "dataset build"));
    claim(
        "The data set without them equals a fresh one",
        fresh.path("root").equals(recut.path("root"))
            && !fresh.path("root").asString("").equals(learned.root()),
        "root " + recut.path("root").asString(""));
    HeldOut forgotten = heldOut("learned");
    JsonNode again = command(Map.of("command", "train"));
    claim(
        "The model without them equals one that never knew them",
        again.path("hash").equals(unlearned.path("hash"))
            && !again.path("hash").asString("").equals(learned.hash()),
        "hash " + shortened(unlearned.path("hash").asString("")));
    figures.put("held_out_after_forgetting", forgotten);
    claim(
        "What was learned from them helps no more",
        forgotten.recognised() == learned.alone().recognised(),
        forgotten + " after forgetting");
  }

  private static String shortened(String hash) {
    return hash.substring(0, Math.min(16, hash.length())) + "…";
  }

  private static long sinceWithdrawal(JsonNode account) {
    long longest = -1;
    for (JsonNode withdrawal : account.path("withdrawals")) {
      for (JsonNode step : withdrawal.path("steps")) {
        if (step.path("step").asString("").equals("account") && step.has("at")) {
          longest =
              Math.max(
                  longest,
                  java.time.Duration.between(
                          java.time.Instant.parse(withdrawal.path("at").asString("")),
                          java.time.Instant.parse(step.path("at").asString("")))
                      .toMillis());
        }
      }
    }
    return longest;
  }

  private static boolean accounted(JsonNode account) {
    if (account.path("withdrawals").isEmpty()) {
      return false;
    }
    for (JsonNode withdrawal : account.path("withdrawals")) {
      if (!withdrawal.has("account") || !withdrawal.has("proof")) {
        return false;
      }
    }
    return true;
  }

  private static JsonNode current(JsonNode list) {
    JsonNode newest = JSON.createObjectNode();
    for (JsonNode item : list) {
      if (item.path("standing").asString("").equals("current")) {
        newest = item;
      }
    }
    return newest;
  }

  private void search(Child server) throws IOException, InterruptedException {
    tell("The files of the data folder and the server's Java heap are searched.");
    Path control = work.resolve("control.txt");
    StringBuilder exported = new StringBuilder();
    Datasets.texts(work.resolve("export"), text -> exported.append(text).append('\n'));
    Files.writeString(control, exported);
    List<String> mayBeThere = Stream.concat(SAID_YES.stream(), SAID_WITHDRAWN.stream()).toList();
    Set<String> there = Search.of(control, mayBeThere);
    Files.delete(control);
    Set<String> onDisk = new TreeSet<>();
    int searched = 0;
    try (Stream<Path> files = Files.walk(data)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        onDisk.addAll(Search.of(file, NEVER));
        onDisk.addAll(Search.of(file, SAID_WITHDRAWN));
        searched++;
      }
    }
    claim(
        "No file of the data folder has, unencrypted, words of who said no or took it back",
        onDisk.isEmpty() && there.containsAll(mayBeThere),
        onDisk.isEmpty()
            ? searched + " files; in the rows exported before, unpacked, this search finds " + there
            : "found " + onDisk);
    Path dump = work.resolve("server.hprof");
    Process jcmd =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                Long.toString(server.pid()),
                "GC.heap_dump",
                "-all",
                dump.toString())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    jcmd.waitFor();
    Set<String> inMemory = Search.of(dump, NEVER);
    Set<String> inUse = Search.of(dump, SAID_YES);
    Files.deleteIfExists(dump);
    claim(
        "Words of those who did not agree are nowhere in the server's Java heap",
        inMemory.isEmpty() && inUse.containsAll(SAID_YES),
        inMemory.isEmpty() ? "the same search finds " + inUse + " in it" : "found " + inMemory);
  }

  private void end(Crowd crowd) throws IOException, InterruptedException {
    crowd.ask("end", YES, Map.of());
    JsonNode notes = crowd.ask("notes", YES, Map.of());
    long until = System.nanoTime() + 30_000_000_000L;
    while (!notes.path("ready").asBoolean() && System.nanoTime() < until) {
      Thread.sleep(250);
      notes = crowd.ask("notes", YES, Map.of());
    }
    String text = notes.toString().toLowerCase(Locale.ROOT);
    claim(
        "The summary rests on what may still be kept",
        notes.path("summary").size() > 0 && hasNone(text, SAID_WITHDRAWN) && hasNone(text, NEVER),
        notes.path("summary").size() + " sentences");
    tell("The meeting ends.");
  }

  /** Each person's receipts as files, and what anybody who has such a file finds offline. */
  private void receipts(List<JsonNode> accounts) throws IOException {
    Path folder = Files.createDirectories(work.resolve("receipts"));
    LogVerifier log = verifier();
    int good = 0;
    int all = 0;
    for (JsonNode account : accounts) {
      for (JsonNode answer : account.path("answers")) {
        Map<String, Object> kept = new LinkedHashMap<>();
        kept.put("receipt", answer.path("receipt").asString(""));
        kept.put("salt", answer.path("salt").asString(""));
        kept.put("index", answer.path("index").asLong());
        kept.put("proof", answer.path("proof").asString(""));
        kept.put("noticeText", answer.path("noticeText").asString(""));
        byte[] file = JSON.writeValueAsBytes(kept);
        Files.write(folder.resolve("aye-receipt-" + answer.path("index").asLong() + ".json"), file);
        all++;
        good += ReceiptVerifier.verify(file, log) instanceof ReceiptVerifier.Result.Holds ? 1 : 0;
      }
    }
    claim(
        "Each receipt verifies offline, with the text that was shown",
        all == 6 && good == all,
        good + " of " + all + " receipts; who said nothing has none");
  }

  /**
   * What is held of each of the four, opened for each by their own device's key, which is the only
   * way there is; the stopped server's vault shows that this is all of it.
   */
  private void everythingKept(List<JsonNode> accounts) throws IOException {
    List<String> held = new ArrayList<>();
    accounts.forEach(account -> account.path("held").forEach(piece -> held.add(piece.toString())));
    StringBuilder opened = new StringBuilder(String.join("\n", held));
    int blocks;
    FileChannel lock = Archive.lock(data);
    try (Archive archive = new Archive(AyeConfig.read(Map.of("data", data.toString()), Map.of()))) {
      blocks = archive.vault().blocks().size();
      for (Event event : new ConsentFacts(archive.database(), archive.box()).load()) {
        opened.append('\n').append(event.encode());
      }
      for (String kind : List.of("members", "parameters", "manifest", "lineage")) {
        archive.vault().artefacts(kind).stream()
            .flatMap(id -> archive.vault().artefact(id).stream())
            .forEach(bytes ->
                opened.append('\n').append(new String(bytes, StandardCharsets.ISO_8859_1)));
      }
    } finally {
      Archive.unlock(lock);
    }
    String all = opened.toString().toLowerCase(Locale.ROOT);
    List<String> kept =
        Stream.concat(NEVER.stream(), SAID_WITHDRAWN.stream()).filter(all::contains).toList();
    claim(
        "Vault and consents, decrypted, have no word of who said no or took it back",
        kept.isEmpty() && hasAll(all, SAID_YES) && held.size() == blocks,
        kept.isEmpty()
            ? held.size()
                + " of "
                + blocks
                + " blocks, opened by their own people; the same search finds "
                + found(all, SAID_YES)
                + " in them"
            : "found " + kept);
  }

  private void wholeLog() throws IOException {
    Map<String, Integer> leaves = new TreeMap<>();
    Verdict<Checkpoint> verdict =
        verifier()
            .folder(
                data.resolve("log"),
                List.of(),
                (index, leaf) -> leaves.merge(kind(leaf), 1, Integer::sum));
    claim(
        "The whole log verifies, and holds each answer and withdrawal",
        verdict instanceof Verdict.Holds
            && leaves.getOrDefault("Answer", 0) == 6
            && leaves.getOrDefault("Withdraw", 0) > 0
            && leaves.containsKey("Shred"),
        leaves.toString());
    figures.put("seconds", seconds());
  }

  private static String kind(Leaf leaf) {
    return leaf.getClass().getSimpleName();
  }

  private LogVerifier verifier() throws IOException {
    return switch (LogVerifier.of(vkey())) {
      case Verdict.Holds<LogVerifier>(LogVerifier verifier) -> verifier;
      case Verdict.Fails<LogVerifier> fails -> throw new IOException("the log's key is none");
    };
  }

  private String vkey() throws IOException {
    return Files.readString(data.resolve(Archive.VKEY)).strip();
  }

  private JsonNode health() throws IOException {
    return command(Map.of("command", "health"));
  }

  private JsonNode command(Map<String, ?> command) throws IOException {
    return ControlSocket.ask(data, command)
        .orElseThrow(() -> new IOException("the server does not answer commands"));
  }

  private static String captions(JsonNode report, String name) {
    StringBuilder text = new StringBuilder();
    List<JsonNode> captions = new ArrayList<>();
    report.path("captions").forEach(captions::add);
    captions.sort(Comparator.comparing(caption -> caption.path("at").asString("")));
    for (JsonNode caption : captions) {
      if (name.isEmpty() || caption.path("name").asString("").equals(name)) {
        text.append(caption.path("text").asString("")).append(' ');
      }
    }
    return text.toString().toLowerCase(Locale.ROOT).strip();
  }

  private static boolean hasAll(String text, List<String> words) {
    return words.stream().allMatch(text::contains);
  }

  private static boolean hasNone(String text, List<String> words) {
    return words.stream().noneMatch(text::contains);
  }

  private static String found(String text, List<String> words) {
    List<String> there = words.stream().filter(text::contains).toList();
    return there.isEmpty() ? "none of " + words : String.join(", ", there);
  }

  private double seconds() {
    return Math.round((System.nanoTime() - began) / 1e8) / 10.0;
  }

  private void tell(String sentence) {
    out.printf(Locale.ROOT, "%6.1f s  %s%n", seconds(), sentence);
    out.flush();
  }

  private void claim(String name, boolean holds, String evidence) {
    claims.add(new Claim(name, holds, evidence));
    out.printf(Locale.ROOT, "%6.1f s    %s %s%n", seconds(), holds ? "✓" : "✗", name);
    out.flush();
  }

  private void table() {
    out.println();
    int width = claims.stream().mapToInt(claim -> claim.name().length()).max().orElse(0);
    for (Claim claim : claims) {
      out.printf(
          "%s  %-" + width + "s  %s%n",
          claim.holds() ? "holds" : "FAILS",
          claim.name(),
          claim.evidence());
    }
    out.println();
    figures.forEach((name, value) -> out.printf(Locale.ROOT, "%s: %s%n", name, value));
    out.flush();
  }

  /** A search for words in raw bytes: as ASCII and as UTF-16, in any case of letters. */
  static final class Search {
    private Search() {}

    static Set<String> of(Path file, List<String> words) throws IOException {
      Set<String> found = new TreeSet<>();
      if (!Files.exists(file)) {
        return found;
      }
      int overlap = 64;
      byte[] window = new byte[(4 << 20) + overlap];
      int kept = 0;
      try (var in = Files.newInputStream(file)) {
        for (int n = in.readNBytes(window, kept, window.length - kept);
            n > 0;
            n = in.readNBytes(window, kept, window.length - kept)) {
          String ascii = new String(window, 0, kept + n, StandardCharsets.ISO_8859_1);
          String lower = ascii.toLowerCase(Locale.ROOT);
          String narrow = lower.replace("\0", "");
          for (String word : words) {
            if (lower.contains(word) || narrow.contains(word)) {
              found.add(word);
            }
          }
          int end = kept + n;
          kept = Math.min(overlap, end);
          System.arraycopy(window, end - kept, window, 0, kept);
        }
      }
      return found;
    }
  }
}
