package dev.aye.app;

import dev.aye.consent.ConsentRecord;
import dev.aye.consent.Notice;
import dev.aye.consent.PromiseVerifier;
import dev.aye.consent.Receipt;
import dev.aye.consent.ReceiptVerifier;
import dev.aye.learn.Datasets;
import dev.aye.learn.Verification;
import dev.aye.log.Checkpoint;
import dev.aye.log.EntryVisitor;
import dev.aye.log.Hash;
import dev.aye.log.Leaf;
import dev.aye.log.LogVerifier;
import dev.aye.log.Verdict;
import dev.aye.log.WitnessKey;
import dev.aye.log.WitnessPolicy;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.MissingNode;

/**
 * {@code aye verify}: checks what is at a path or a URL with nothing but the log's public key. For
 * a path it reads files and asks nobody. The key of an export or a receipt has to be given: one
 * that comes along with what is checked would vouch for itself.
 */
final class Verifying {
  private static final String FORK = "urn:aye:fork:1";
  private static final Pattern UNPRINTABLE = Pattern.compile("[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]");
  private static final int LONGEST_PATH = 128;
  private static final long LARGEST_RECEIPT = 256 * 1024;
  private static final long LARGEST_KEY = 4 * 1024;
  private static final long LARGEST_ENTRY = 0xffff;
  private static final String PROOF = "c2sp.org/tlog-proof@v1\n";

  private Verifying() {}

  /**
   * What is to be checked, and against what.
   *
   * @param what a path or a URL
   * @param vkey the log's public key, or a file with it
   * @param since files with checkpoints that the log signed before
   * @param log where the tiles are between two checkpoints: a path or a URL
   * @param entry the entry that a tlog-proof is of: a file, or its bytes in hexadecimal
   * @param witnesses public keys of witnesses
   * @param asOf when the log is known to have been as it is there
   * @param quorum how many of them must have cosigned; all when there are some and this is absent
   */
  record Request(
      String what,
      Optional<String> vkey,
      List<Path> since,
      Optional<String> log,
      Optional<String> entry,
      List<String> witnesses,
      Optional<Integer> quorum,
      Optional<Instant> asOf) {
    static Request of(String what, Optional<String> vkey) {
      return new Request(
          what,
          vkey,
          List.of(),
          Optional.empty(),
          Optional.empty(),
          List.of(),
          Optional.empty(),
          Optional.empty());
    }
  }

  /** Says line by line what holds; what was read stands in it without control characters. */
  static boolean verify(Request request, PrintStream out) throws IOException {
    return check(request, new Lines(out));
  }

  private static boolean check(Request request, PrintStream out) throws IOException {
    if (isUrl(request.what())) {
      return log(request, verifier(given(request.vkey()), request, out), out);
    }
    Path path = Path.of(request.what());
    if (!Files.exists(path)) {
      throw new Refusal("There is nothing at " + path + ".");
    }
    if (Files.isRegularFile(path)) {
      LogVerifier verifier = verifier(given(request.vkey()), request, out);
      String start = start(path);
      if (start.startsWith(PromiseVerifier.SCHEMA + "\n")) {
        return promise(path, request, verifier, out);
      }
      if (start.startsWith(PROOF)) {
        return proof(path, request, verifier, out);
      }
      return start.startsWith("{")
          ? kept(path, verifier, out)
          : checkpoint(path, request, verifier, out);
    }
    if (Files.isRegularFile(path.resolve("index.html"))) {
      return pages(path, request, verifier(given(request.vkey()), request, out), out);
    }
    if (Files.isRegularFile(path.resolve("checkpoint"))) {
      return log(request, verifier(given(request.vkey()), request, out), out);
    }
    if (Files.isRegularFile(path.resolve("log/checkpoint"))
        && !Files.isRegularFile(path.resolve("croissant.json"))) {
      Key used = request.vkey().isPresent() ? given(request.vkey()) : own(path);
      return log(
          new Request(
              path.resolve("log").toString(),
              request.vkey(),
              request.since(),
              request.log(),
              request.entry(),
              request.witnesses(),
              request.quorum(),
              request.asOf()),
          verifier(used, request, out),
          out);
    }
    if (!Files.isDirectory(path.resolve("proof"))) {
      throw new Refusal("There is no data folder, log, export or receipt at " + path + ".");
    }
    Key used = given(request.vkey());
    verifier(used, request, out);
    Verification verification = Datasets.verify(path, used.vkey());
    for (Verification.Claim claim : verification.claims()) {
      out.println((claim.holds() ? "holds  " : "FAILS  ") + claim.name() + "  " + claim.evidence());
    }
    return verification.holds();
  }

  /**
   * A terminal that somebody else's files cannot write to: what would move its cursor, hide text or
   * turn its direction is shown as a question mark.
   */
  private static final class Lines extends PrintStream {
    Lines(PrintStream out) {
      super(out, true, out.charset());
    }

    @Override
    public void println(@Nullable String line) {
      super.println(UNPRINTABLE.matcher(String.valueOf(line)).replaceAll("?"));
    }
  }

  private static boolean isUrl(String what) {
    return what.startsWith("http://") || what.startsWith("https://");
  }

  private static URI url(String text) {
    try {
      return new URI(text);
    } catch (URISyntaxException e) {
      throw new Refusal("This is no URL: " + text);
    }
  }

  /** The first bytes of a file, which tell what it is. */
  private static String start(Path file) throws IOException {
    try (var in = Files.newInputStream(file)) {
      return new String(in.readNBytes(64), StandardCharsets.UTF_8);
    }
  }

  /** The whole log: every entry, every tile, the root and the signature. */
  private static boolean log(Request request, LogVerifier verifier, PrintStream out)
      throws IOException {
    List<Checkpoint> earlier = new ArrayList<>();
    for (Path file : request.since()) {
      switch (verifier.requiring(WitnessPolicy.NONE).checkpoint(text(file))) {
        case Verdict.Holds<Checkpoint>(Checkpoint known) -> earlier.add(known);
        case Verdict.Fails<Checkpoint>(String reason) -> {
          out.println("FAILS  the checkpoint in " + file + "  " + reason);
          return false;
        }
      }
    }
    Map<String, Integer> leaves = new TreeMap<>();
    EntryVisitor count = (index, entry) -> leaves.merge(kind(entry), 1, Integer::sum);
    Verdict<Checkpoint> verdict;
    try {
      verdict =
          isUrl(request.what())
              ? verifier.entries(url(request.what()), earlier, count)
              : verifier.entries(Path.of(request.what()), earlier, count);
    } catch (IllegalArgumentException e) {
      throw new Refusal(String.valueOf(e.getMessage()));
    } catch (IOException e) {
      throw new Refusal("The log cannot be read: " + e.getMessage());
    }
    return switch (verdict) {
      case Verdict.Holds<Checkpoint>(Checkpoint at) -> {
        out.println("holds  the log " + at.origin() + " of " + at.size() + " leaves  " + leaves);
        for (Checkpoint known : earlier) {
          out.println("holds  it is a continuation of what it was with " + known.size());
        }
        yield true;
      }
      case Verdict.Fails<Checkpoint>(String reason) -> {
        out.println("FAILS  the log  " + reason);
        yield false;
      }
    };
  }

  private static String kind(byte[] entry) {
    try {
      return Leaf.decode(entry).getClass().getSimpleName();
    } catch (IllegalArgumentException e) {
      return "other";
    }
  }

  /** A checkpoint, and whether it is a continuation of earlier ones. */
  private static boolean checkpoint(
      Path file, Request request, LogVerifier verifier, PrintStream out) throws IOException {
    Checkpoint newer;
    switch (verifier.checkpoint(text(file))) {
      case Verdict.Holds<Checkpoint>(Checkpoint at) -> newer = at;
      case Verdict.Fails<Checkpoint>(String reason) -> {
        out.println("FAILS  the checkpoint in " + file + "  " + reason);
        return false;
      }
    }
    out.println("holds  the checkpoint of " + newer.origin() + " with " + newer.size());
    if (request.since().isEmpty()) {
      return true;
    }
    String tiles =
        request
            .log()
            .orElseThrow(() ->
                new Refusal("Say with --log where the tiles of the log are: a folder or a URL."));
    boolean all = true;
    for (Path since : request.since()) {
      Verdict<Checkpoint> verdict =
          verifier
              .requiring(WitnessPolicy.NONE)
              .checkpoint(text(since))
              .then(older -> continues(verifier, older, newer, tiles));
      switch (verdict) {
        case Verdict.Holds<Checkpoint> _ ->
            out.println("holds  it is a continuation of the checkpoint in " + since);
        case Verdict.Fails<Checkpoint>(String reason) -> {
          out.println("FAILS  as a continuation of the checkpoint in " + since + "  " + reason);
          all = false;
        }
      }
    }
    return all;
  }

  private static Verdict<Checkpoint> continues(
      LogVerifier verifier, Checkpoint older, Checkpoint newer, String tiles) {
    try {
      return isUrl(tiles)
          ? verifier.continues(older, newer, url(tiles))
          : verifier.continues(older, newer, Path.of(tiles));
    } catch (IOException e) {
      throw new Refusal("The tiles of the log cannot be read: " + e.getMessage());
    }
  }

  /** A promise of a withdrawal, against the log that made it. */
  private static boolean promise(Path file, Request request, LogVerifier verifier, PrintStream out)
      throws IOException {
    PromiseVerifier promise;
    switch (PromiseVerifier.of(text(file), verifier)) {
      case Verdict.Holds<PromiseVerifier>(PromiseVerifier made) -> promise = made;
      case Verdict.Fails<PromiseVerifier>(String reason) -> {
        out.println("FAILS  the promise  " + reason);
        return false;
      }
    }
    out.println("holds  it is a promise of " + verifier.origin() + ", made at " + promise.at());
    String where = where(request);
    return switch (entries(where, verifier, promise)) {
      case Verdict.Fails<Checkpoint>(String reason) -> {
        out.println("FAILS  the log  " + reason);
        yield false;
      }
      case Verdict.Holds<Checkpoint>(Checkpoint at) ->
          kept(promise.result(at, moment(request, isUrl(where))), out);
    };
  }

  /** A build of the pages: whether a server said in this log that it serves exactly these. */
  private static boolean pages(Path folder, Request request, LogVerifier verifier, PrintStream out)
      throws IOException {
    Hash hash = Hash.of(WebFiles.read(folder).hash());
    byte[] leaf = new Leaf.Build(hash).encode();
    List<Long> found = new ArrayList<>();
    EntryVisitor search =
        (index, entry) -> {
          if (Arrays.equals(entry, leaf)) {
            found.add(index);
          }
        };
    return switch (entries(where(request), verifier, search)) {
      case Verdict.Fails<Checkpoint>(String reason) -> {
        out.println("FAILS  the log  " + reason);
        yield false;
      }
      case Verdict.Holds<Checkpoint>(Checkpoint at) -> {
        out.println(
            found.isEmpty()
                ? "FAILS  these pages are not in the log of "
                    + at.size()
                    + " leaves  "
                    + hash.b64u()
                : "holds  these pages are leaf "
                    + found.getFirst()
                    + " of the log  "
                    + hash.b64u());
        yield !found.isEmpty();
      }
    };
  }

  private static String where(Request request) {
    return request
        .log()
        .orElseThrow(() -> new Refusal("Say with --log where the log is: a folder or a URL."));
  }

  /** Reads the whole log and checks it. */
  private static Verdict<Checkpoint> entries(
      String where, LogVerifier verifier, EntryVisitor visitor) {
    try {
      return isUrl(where)
          ? verifier.entries(url(where), List.of(), visitor)
          : verifier.entries(Path.of(where), List.of(), visitor);
    } catch (IOException | IllegalArgumentException e) {
      throw new Refusal("The log cannot be read: " + e.getMessage());
    }
  }

  /** When the log is known to have been as it was read: said, or now where it was asked for. */
  private static Optional<Instant> moment(Request request, boolean asked) {
    if (request.asOf().isPresent()) {
      return request.asOf();
    }
    return asked ? Optional.of(Instant.now()) : Optional.empty();
  }

  private static boolean kept(PromiseVerifier.Result result, PrintStream out) {
    return switch (result) {
      case PromiseVerifier.Result.Kept(long index, OptionalLong between) -> {
        out.println("holds  it was kept: the withdrawal is leaf " + index);
        between.ifPresent(leaf ->
            out.println(
                "note   leaf "
                    + leaf
                    + ", a use of somebody's data, came before it: its proof may not name this"
                    + " grant"));
        yield true;
      }
      case PromiseVerifier.Result.Broken(List<String> faults) -> {
        faults.forEach(fault -> out.println("FAILS  the promise was broken  " + fault));
        yield false;
      }
      case PromiseVerifier.Result.Open(Instant due) -> {
        out.println(
            "FAILS  it is not kept in this copy of the log, and whether it is broken cannot be said"
                + "  It is due at "
                + due
                + ": read the log by its URL after that, or say with --as-of when it was copied.");
        yield false;
      }
    };
  }

  /** A tlog-proof file, for the entry that was given. */
  private static boolean proof(Path file, Request request, LogVerifier verifier, PrintStream out)
      throws IOException {
    String given =
        request
            .entry()
            .orElseThrow(() ->
                new Refusal(
                    "Say with --entry what the proof is of: a file, or bytes in hexadecimal."));
    return switch (verifier.proof(text(file), Hash.ofEntry(entry(given)))) {
      case Verdict.Holds<LogVerifier.Proven>(LogVerifier.Proven proven) -> {
        out.println(
            "holds  the entry is number "
                + proven.index()
                + " of "
                + verifier.origin()
                + ", under its checkpoint with "
                + proven.checkpoint().size());
        yield true;
      }
      case Verdict.Fails<LogVerifier.Proven>(String reason) -> {
        out.println("FAILS  the proof  " + reason);
        yield false;
      }
    };
  }

  private static byte[] entry(String given) throws IOException {
    try {
      Path file = Path.of(given);
      if (Files.isRegularFile(file)) {
        if (Files.size(file) > LARGEST_ENTRY) {
          throw new Refusal("No entry of a log is as large as " + file + ".");
        }
        return Files.readAllBytes(file);
      }
      return HexFormat.of().parseHex(given);
    } catch (IllegalArgumentException e) {
      throw new Refusal("--entry is neither a file nor bytes in hexadecimal.");
    }
  }

  private static String text(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw new Refusal("There is no file at " + file + ".");
    }
    if (Files.size(file) > LARGEST_RECEIPT) {
      throw new Refusal(file + " is too large.");
    }
    return Files.readString(file);
  }

  /** A file of docs/protocol.md that a person keeps: a receipt, or the proof of a fork. */
  private static boolean kept(Path file, LogVerifier verifier, PrintStream out) throws IOException {
    if (Files.size(file) > LARGEST_RECEIPT) {
      throw new Refusal(file + " is too large for a receipt.");
    }
    byte[] bytes = Files.readAllBytes(file);
    JsonNode json;
    try {
      json = Wiring.strictJson().readTree(bytes);
    } catch (JacksonException e) {
      json = MissingNode.getInstance();
    }
    return json.path("schema").asString("").equals(FORK)
        ? fork(json, verifier, out)
        : receipt(bytes, verifier, out);
  }

  /** That the log signed two histories, which holds if it did. */
  private static boolean fork(JsonNode json, LogVerifier verifier, PrintStream out) {
    List<Hash> path = new ArrayList<>();
    try {
      for (JsonNode hash : json.path("path")) {
        path.add(Hash.fromB64(hash.asString("")));
      }
    } catch (IllegalArgumentException e) {
      out.println("FAILS  the proof of a fork  its path is malformed");
      return false;
    }
    if (path.size() > LONGEST_PATH) {
      out.println("FAILS  the proof of a fork  its path is too long");
      return false;
    }
    Verdict<LogVerifier.Fork> verdict =
        verifier.fork(json.path("older").asString(""), json.path("newer").asString(""), path);
    return switch (verdict) {
      case Verdict.Holds<LogVerifier.Fork>(
              LogVerifier.Fork(Checkpoint older, Checkpoint newer)) -> {
        out.println(
            "holds  "
                + verifier.origin()
                + " contradicts itself: what it signed at "
                + older.size()
                + " leaves is not the beginning of what it signed at "
                + newer.size());
        yield true;
      }
      case Verdict.Fails<LogVerifier.Fork>(String reason) -> {
        out.println("FAILS  the proof of a fork  " + reason);
        yield false;
      }
    };
  }

  /** A receipt file of docs/protocol.md: what was said in it, or each thing that is wrong. */
  private static boolean receipt(byte[] file, LogVerifier verifier, PrintStream out) {
    return switch (ReceiptVerifier.verify(file, verifier)) {
      case ReceiptVerifier.Result.Wrong(List<String> faults) -> {
        faults.forEach(fault -> out.println("FAILS  the receipt  " + fault));
        yield false;
      }
      case ReceiptVerifier.Result.Holds(
              Receipt receipt,
              long index,
              long logSize,
              Optional<Notice> notice) -> {
        out.println("holds  it is signed by the device key in it, on " + receipt.issued());
        out.println(
            "holds  it is leaf "
                + index
                + " of "
                + verifier.origin()
                + ", which had "
                + logSize
                + " leaves then");
        notice.ifPresent(text ->
            out.println(
                "holds  the text in the file is the one that was shown: version "
                    + text.version()
                    + ", "
                    + text.locale()));
        receipt.choices().forEach(choice -> out.println("said   " + said(choice)));
        out.println(
            "note   Whether a yes stands is in the log: it does until its withdrawal is there.");
        yield true;
      }
    };
  }

  /** Writes a receipt that holds as a record in the words of other systems. */
  static void record(Request request, Path to) throws IOException {
    Path path = Path.of(request.what());
    if (isUrl(request.what())
        || !Files.isRegularFile(path)
        || Files.size(path) > LARGEST_RECEIPT
        || !(LogVerifier.of(given(request.vkey()).vkey())
            instanceof Verdict.Holds<LogVerifier>(LogVerifier verifier))
        || !(ReceiptVerifier.verify(Files.readAllBytes(path), verifier.requiring(policy(request)))
            instanceof
            ReceiptVerifier.Result.Holds(
                Receipt receipt,
                long index,
                long _,
                Optional<Notice> notice))) {
      throw new Refusal("Only a receipt that holds can be written as a record.");
    }
    Files.writeString(to, ConsentRecord.of(receipt, index, notice));
  }

  private static String said(Receipt.Answer choice) {
    String row = choice.purpose().id() + ", " + choice.medium().id();
    return switch (choice) {
      case Receipt.Answer.Yes yes -> "yes to " + row + ", handle " + yes.handle().value();
      case Receipt.Answer.No _ -> "no to " + row;
    };
  }

  /** A log's public key, and where it came from. */
  private record Key(String vkey, String from) {}

  private static LogVerifier verifier(Key key, Request request, PrintStream out) {
    return switch (LogVerifier.of(key.vkey())) {
      case Verdict.Holds<LogVerifier>(LogVerifier verifier) -> {
        out.println("key    " + key.vkey() + "  " + key.from());
        yield verifier.requiring(policy(request));
      }
      case Verdict.Fails<LogVerifier> fails ->
          throw new Refusal("This is no log's public key (" + key.from() + ").");
    };
  }

  private static WitnessPolicy policy(Request request) {
    List<WitnessKey> keys = new ArrayList<>();
    for (String vkey : request.witnesses()) {
      switch (WitnessKey.read(vkey)) {
        case Verdict.Holds<WitnessKey>(WitnessKey witness) -> keys.add(witness);
        case Verdict.Fails<WitnessKey>(String reason) ->
            throw new Refusal("This is no witness's public key: " + reason);
      }
    }
    try {
      return new WitnessPolicy(keys, request.quorum().orElse(keys.size()));
    } catch (IllegalArgumentException e) {
      throw new Refusal(String.valueOf(e.getMessage()));
    }
  }

  /** The key that was given on the command line, itself or in a file. */
  private static Key given(Optional<String> given) {
    String text =
        given.orElseThrow(() ->
            new Refusal(
                "Say the log's public key with --vkey, from somewhere else than what is"
                    + " checked: a server tells its own at /log/vkey and keeps it in"
                    + " log.vkey."));
    try {
      Path file = Path.of(text);
      if (Files.isRegularFile(file)) {
        return read(file, "from the file " + text);
      }
    } catch (InvalidPathException e) {
      return new Key(text, "from --vkey");
    }
    if (!text.contains("+")) {
      throw new Refusal("--vkey is neither a log's public key nor a file: " + text + ".");
    }
    return new Key(text, "from --vkey");
  }

  /**
   * The key in a data folder, for its own log: that shows whether the folder agrees with itself.
   */
  private static Key own(Path data) {
    Path file = data.resolve(Archive.VKEY);
    if (!Files.isRegularFile(file)) {
      return given(Optional.empty());
    }
    return read(file, "from " + Archive.VKEY + " in this folder itself, which you have to trust");
  }

  private static Key read(Path file, String from) {
    try {
      if (Files.size(file) <= LARGEST_KEY) {
        return new Key(Files.readString(file).strip(), from);
      }
    } catch (IOException e) {
      throw new Refusal("The file of the log's public key cannot be read: " + file + ".");
    }
    throw new Refusal("The file of the log's public key is too large for one: " + file + ".");
  }
}
