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
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * {@code aye verify}: checks what is at a path with nothing but the log's public key. It reads
 * files and asks nobody.
 */
final class Verifying {
  private static final long LARGEST_RECEIPT = 256 * 1024;

  private Verifying() {}

  static boolean verify(Path path, Optional<String> key, PrintStream out) throws IOException {
    if (!Files.exists(path)) {
      throw new Refusal("There is nothing at " + path + ".");
    }
    if (Files.isRegularFile(path)) {
      return receipt(path, verifier(path, key), out);
    }
    if (Files.isRegularFile(path.resolve("checkpoint"))) {
      return log(path, verifier(path, key), out);
    }
    if (Files.isRegularFile(path.resolve("log/checkpoint"))
        && !Files.isRegularFile(path.resolve("croissant.json"))) {
      return log(path.resolve("log"), verifier(path, key), out);
    }
    Verification verification = Datasets.verify(path, vkey(path, key));
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

  private static LogVerifier verifier(Path path, Optional<String> key) throws IOException {
    return switch (LogVerifier.of(vkey(path, key))) {
      case Verdict.Holds<LogVerifier>(LogVerifier verifier) -> verifier;
      case Verdict.Fails<LogVerifier> fails -> throw new Refusal("This is no log's public key.");
    };
  }

  /** The key that was given, else the one beside what is verified, or in the data folder here. */
  private static String vkey(Path path, Optional<String> given) throws IOException {
    if (given.isPresent()) {
      Path file = Path.of(given.get());
      return given.get().contains("+") ? given.get() : Files.readString(file).strip();
    }
    Path absolute = path.toAbsolutePath();
    Path beside = absolute.resolveSibling(Archive.VKEY);
    for (Path file :
        List.of(
            absolute.resolve(Archive.VKEY),
            beside,
            absolute.resolveSibling("data").resolve(Archive.VKEY),
            Path.of("data").resolve(Archive.VKEY))) {
      if (Files.isRegularFile(file)) {
        return Files.readString(file).strip();
      }
    }
    throw new Refusal("Say the log's public key with --vkey; a server tells it at /log/vkey.");
  }
}
