package dev.aye.app;

import dev.aye.consent.Receipt;
import dev.aye.consent.Salt;
import dev.aye.learn.Datasets;
import dev.aye.learn.Verification;
import dev.aye.log.Checkpoint;
import dev.aye.log.Hash;
import dev.aye.log.Leaf;
import dev.aye.log.LogVerifier;
import dev.aye.log.Verdict;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * {@code aye verify}: checks what is at a path with nothing but the log's public key. It reads
 * files and asks nobody. The key of an export or a receipt has to be given: one that comes along
 * with what is checked would vouch for itself.
 */
final class Verifying {
  private static final long LARGEST_RECEIPT = 256 * 1024;
  private static final long LARGEST_KEY = 4 * 1024;

  private Verifying() {}

  static boolean verify(Path path, Optional<String> key, PrintStream out) throws IOException {
    if (!Files.exists(path)) {
      throw new Refusal("There is nothing at " + path + ".");
    }
    if (Files.isRegularFile(path)) {
      return receipt(path, verifier(given(key), out), out);
    }
    if (Files.isRegularFile(path.resolve("checkpoint"))) {
      return log(path, verifier(given(key), out), out);
    }
    if (Files.isRegularFile(path.resolve("log/checkpoint"))
        && !Files.isRegularFile(path.resolve("croissant.json"))) {
      Key used = key.isPresent() ? given(key) : own(path);
      return log(path.resolve("log"), verifier(used, out), out);
    }
    if (!Files.isDirectory(path.resolve("proof"))) {
      throw new Refusal("There is no data folder, log, export or receipt at " + path + ".");
    }
    Key used = given(key);
    verifier(used, out);
    Verification verification = Datasets.verify(path, used.vkey());
    for (Verification.Claim claim : verification.claims()) {
      out.println((claim.holds() ? "holds  " : "FAILS  ") + claim.name() + "  " + claim.evidence());
    }
    return verification.holds();
  }

  private static boolean log(Path folder, LogVerifier verifier, PrintStream out)
      throws IOException {
    Map<String, Integer> leaves = new TreeMap<>();
    Verdict<Checkpoint> verdict =
        verifier.folder(
            folder,
            List.of(),
            (index, leaf) -> leaves.merge(leaf.getClass().getSimpleName(), 1, Integer::sum));
    return switch (verdict) {
      case Verdict.Holds<Checkpoint>(Checkpoint at) -> {
        out.println("holds  the log " + at.origin() + " of " + at.size() + " leaves  " + leaves);
        yield true;
      }
      case Verdict.Fails<Checkpoint> fails -> {
        out.println("FAILS  the log  " + fails);
        yield false;
      }
    };
  }

  /** A receipt file of docs/protocol.md. */
  private static boolean receipt(Path file, LogVerifier verifier, PrintStream out)
      throws IOException {
    if (Files.size(file) > LARGEST_RECEIPT) {
      throw new Refusal(file + " is too large for a receipt.");
    }
    JsonNode json;
    Salt salt;
    try {
      json = Wiring.strictJson().readTree(Files.readString(file));
      salt = new Salt(json.path("salt").asString(""));
    } catch (JacksonException | IllegalArgumentException e) {
      throw new Refusal(file + " is no receipt file.");
    }
    String jws = json.path("receipt").asString("");
    boolean signed = Receipt.parse(jws) instanceof Receipt.Parsed.Good;
    out.println((signed ? "holds  " : "FAILS  ") + "the receipt is signed by the key in it");
    Leaf leaf = new Leaf.Answer(Hash.of(Receipt.commitment(jws, salt)));
    boolean logged =
        verifier.proof(json.path("proof").asString(""), leaf) instanceof Verdict.Holds<?>;
    out.println((logged ? "holds  " : "FAILS  ") + "its commitment is in " + verifier.origin());
    return signed && logged;
  }

  /** A log's public key, and where it came from. */
  private record Key(String vkey, String from) {}

  private static LogVerifier verifier(Key key, PrintStream out) {
    return switch (LogVerifier.of(key.vkey())) {
      case Verdict.Holds<LogVerifier>(LogVerifier verifier) -> {
        out.println("key    " + key.vkey() + "  " + key.from());
        yield verifier;
      }
      case Verdict.Fails<LogVerifier> fails ->
          throw new Refusal("This is no log's public key (" + key.from() + ").");
    };
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
