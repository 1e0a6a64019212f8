package dev.aye.learn;

import dev.aye.consent.Handle;
import dev.aye.consent.Medium;
import dev.aye.consent.PersonId;
import dev.aye.consent.Purpose;
import dev.aye.consent.Receipt;
import dev.aye.consent.Salt;
import dev.aye.log.Checkpoint;
import dev.aye.log.Hash;
import dev.aye.log.Leaf;
import dev.aye.log.LogVerifier;
import dev.aye.log.Verdict;
import dev.aye.vault.BlockId;
import dev.aye.vault.Merkle;
import dev.aye.vault.Vault;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a stranger finds when they check an export, with nothing but the public key of the log.
 * Every claim was checked on its own, so that each one that fails is named. Trusts no file.
 */
public record Verification(List<Claim> claims) {

  /** Something that the export claims. */
  public record Claim(String name, boolean holds, String evidence) {}

  public Verification {
    claims = List.copyOf(claims);
  }

  public boolean holds() {
    return claims.stream().allMatch(Claim::holds);
  }

  /** The names of the claims that do not hold. */
  public List<String> failed() {
    return claims.stream().filter(claim -> !claim.holds()).map(Claim::name).toList();
  }

  static Verification of(Path folder, String vkey) throws IOException {
    return new Checker(folder, vkey).check();
  }

  /** The checks, in the order in which they build on each other. */
  private static final class Checker {
    private static final long MAX_FILE = 1L << 30;
    private final Path folder;
    private final Path proof;
    private final String vkey;
    private final List<Claim> claims = new ArrayList<>();

    /** The leaves that are about data sets, by index; everything else that they need, folded. */
    private final Map<Long, Leaf> leaves = new HashMap<>();

    private final Map<Handle, Long> ended = new HashMap<>();

    Checker(Path folder, String vkey) {
      this.folder = folder;
      this.proof = folder.resolve(Proof.FOLDER);
      this.vkey = vkey;
    }

    /** A claim that does not hold, and why. */
    private static final class Broken extends Exception {
      private static final long serialVersionUID = 1L;

      Broken(String why) {
        super(why);
      }
    }

    private interface Check {
      String evidence() throws Broken, IOException, SQLException;
    }

    private void claim(String name, Check check) throws IOException {
      try {
        claims.add(new Claim(name, true, check.evidence()));
      } catch (Broken | IllegalArgumentException e) {
        claims.add(new Claim(name, false, String.valueOf(e.getMessage())));
      } catch (SQLException e) {
        claims.add(new Claim(name, false, "the Parquet files cannot be read"));
      } catch (RuntimeException e) { // a file that no writer of ours made: it proves nothing
        claims.add(new Claim(name, false, "malformed: " + e.getClass().getSimpleName()));
      }
    }

    Verification check() throws IOException {
      LogVerifier verifier =
          switch (LogVerifier.of(vkey)) {
            case Verdict.Holds<LogVerifier>(LogVerifier good) -> good;
            case Verdict.Fails<LogVerifier>(String why) ->
                throw new IllegalArgumentException("the key of the log is none: " + why);
          };
      String strange = Proof.strangeFile(folder);
      if (!strange.isEmpty()) {
        claims.add(new Claim("the export holds plain files only", false, strange));
        return new Verification(claims);
      }
      Manifest manifest;
      byte[] manifestBytes;
      Proof.Seal seal;
      Proof.Receipts receipts;
      Proof.Captures captures;
      try {
        manifestBytes = file(Proof.MANIFEST);
        manifest = Json.read(manifestBytes, Manifest.class);
        seal = Json.read(file(Proof.SEAL), Proof.Seal.class);
        receipts = Json.read(file(Proof.RECEIPTS), Proof.Receipts.class);
        captures = Json.read(file(Proof.CAPTURES), Proof.Captures.class);
        if (!manifest.schema().equals(Manifest.SCHEMA)) {
          throw new IllegalArgumentException("the manifest is of another version");
        }
      } catch (Broken | IllegalArgumentException e) {
        claims.add(new Claim("the proof is complete", false, String.valueOf(e.getMessage())));
        return new Verification(claims);
      }
      claims.add(new Claim("the proof is complete", true, manifest.rows().size() + " rows"));

      Checkpoint[] pinned = {null};
      claim(
          "the pinned checkpoint is signed by the log",
          () -> {
            pinned[0] = holding(verifier.checkpoint(manifest.checkpoint()));
            return "size " + pinned[0].size();
          });
      claim(
          "the log is whole, signed, and continues the pinned checkpoint",
          () -> {
            List<Checkpoint> earlier = pinned[0] == null ? List.of() : List.of(pinned[0]);
            Checkpoint at = holding(verifier.folder(proof.resolve(Proof.LOG), earlier, this::see));
            return at.size() + " entries";
          });
      claim(
          "the data set is in the log, after its checkpoint",
          () -> {
            Hash hash = Manifest.leafHash(b64u(seal.salt()), manifestBytes);
            same(new Leaf.Dataset(hash), leaves.get(seal.index()), "DATASET");
            if (pinned[0] == null || seal.index() < pinned[0].size()) {
              throw new Broken("it is not after its checkpoint");
            }
            return "leaf " + seal.index();
          });
      long before = pinned[0] == null ? 0 : pinned[0].size();
      Map<String, Granted> granted = new HashMap<>();
      claim(
          "each grant has a receipt, signed by its person, whose answer is in the log",
          () -> answers(manifest, receipts, verifier.origin(), before, granted));
      claim("nobody in it withdrew", () -> nobodyWithdrew(manifest));
      Map<Long, Set<Hash>> captured = new HashMap<>();
      claim(
          "each capture is in the log, after the answers and before the checkpoint",
          () -> captures(manifest, captures, granted, before, captured));
      claim(
          "the rows are those that were captured and logged",
          () -> rows(manifest, captures, granted, captured));
      claim(
          "every file, card and metadata too, is the one that was exported",
          () -> files(verifier, seal.index()));
      return new Verification(claims);
    }

    private String files(LogVerifier verifier, long index) throws Broken, IOException {
      byte[] note = file(Proof.FILES);
      String signed = holding(verifier.note(new String(note, StandardCharsets.UTF_8)));
      String found = Proof.files(folder, index);
      if (!signed.equals(found)) {
        Set<String> differ = new TreeSet<>(found.lines().toList());
        signed
            .lines()
            .forEach(line -> {
              if (!differ.remove(line)) {
                differ.add(line);
              }
            });
        throw new Broken(
            "other than exported: "
                + differ.stream()
                    .map(line -> line.replaceFirst("^[0-9a-f]{64}  ", ""))
                    .distinct()
                    .collect(Collectors.joining(", ")));
      }
      return signed.lines().count() - 2 + " files, signed by the log";
    }

    private void see(long index, Leaf leaf) {
      if (leaf instanceof Leaf.Answer
          || leaf instanceof Leaf.Capture
          || leaf instanceof Leaf.Dataset) {
        leaves.put(index, leaf);
      }
      Set<Handle> gone = new HashSet<>();
      Workshop.ended(leaf, gone);
      gone.forEach(handle -> ended.putIfAbsent(handle, index));
    }

    /** Who gave a grant, and for which medium. */
    private record Granted(PersonId person, Medium medium, long index) {}

    private String answers(
        Manifest manifest,
        Proof.Receipts receipts,
        String origin,
        long before,
        Map<String, Granted> granted)
        throws Broken {
      for (Proof.ReceiptRef ref : receipts.receipts()) {
        if (!(Receipt.parse(ref.receipt()) instanceof Receipt.Parsed.Good good)) {
          throw new Broken("a receipt is not well signed");
        }
        Receipt receipt = good.receipt();
        if (!receipt.origin().equals(origin)) {
          throw new Broken("a receipt is for another log");
        }
        Hash commitment = Hash.of(Receipt.commitment(ref.receipt(), new Salt(ref.salt())));
        same(new Leaf.Answer(commitment), leaves.get(ref.index()), "ANSWER");
        if (ref.index() >= before) {
          throw new Broken("an answer came after the checkpoint");
        }
        for (Receipt.Answer answer : receipt.choices()) {
          if (answer instanceof Receipt.Answer.Yes yes
              && yes.purpose().id().equals(Purpose.TRAINING.id())) {
            granted.put(
                yes.handle().value(), new Granted(receipt.person(), yes.medium(), ref.index()));
          }
        }
      }
      for (Manifest.GrantRef grant : manifest.grants()) {
        Granted given = granted.get(grant.handle());
        if (given == null || given.index() != grant.answer()) {
          throw new Broken("a grant has no receipt with a yes to training");
        }
      }
      return manifest.grants().size() + " grants";
    }

    private String nobodyWithdrew(Manifest manifest) throws Broken {
      for (Manifest.Row row : manifest.rows()) {
        for (String handle : row.handles()) {
          Long index = ended.get(new Handle(handle));
          if (index != null) {
            throw new Broken("a grant ended at leaf " + index);
          }
        }
      }
      return ended.size() + " withdrawals in the log, none of them of these grants";
    }

    private String captures(
        Manifest manifest,
        Proof.Captures captures,
        Map<String, Granted> granted,
        long before,
        Map<Long, Set<Hash>> captured)
        throws Broken {
      for (Proof.CaptureRef ref : captures.captures()) {
        List<Hash> hashes = ref.leaves().stream().map(Hash::fromB64u).toList();
        same(new Leaf.Capture(Vault.captureRoot(hashes)), leaves.get(ref.index()), "CAPTURE");
        captured.put(ref.index(), new HashSet<>(hashes));
      }
      for (Manifest.Row row : manifest.rows()) {
        if (row.capture() >= before || !captured.containsKey(row.capture())) {
          throw new Broken("a row was not captured before the checkpoint");
        }
        for (String handle : row.handles()) {
          Granted given = granted.get(handle);
          if (given == null || given.index() >= row.capture()) {
            throw new Broken("a row was captured before its answer was in the log");
          }
        }
      }
      return captured.size() + " captures";
    }

    private String rows(
        Manifest manifest,
        Proof.Captures captures,
        Map<String, Granted> granted,
        Map<Long, Set<Hash>> captured)
        throws Broken, IOException, SQLException {
      Map<String, String> salts = new HashMap<>();
      captures.salts().forEach(ref -> salts.put(ref.block(), ref.salt()));
      Map<String, PersonId> speakers = new HashMap<>();
      Set<String> blocks = new HashSet<>();
      Merkle.Builder root = new Merkle.Builder();
      List<String> wrong = new ArrayList<>();
      int[] at = {0};
      try (Table table = Table.open()) {
        for (Path file : parquet()) {
          table.read(
              file,
              (id, row) -> {
                if (wrong.isEmpty() && at[0] < manifest.rows().size()) {
                  Manifest.Row expected = manifest.rows().get(at[0]);
                  root.add(row.leaf().bytes());
                  if (!blocks.add(expected.block())) {
                    wrong.add("a block is in it twice");
                  }
                  wrong.addAll(row(id, row, expected, salts, granted, captured, speakers));
                }
                at[0]++;
              });
        }
      }
      if (at[0] != manifest.rows().size()) {
        throw new Broken(
            "there are " + at[0] + " rows, and " + manifest.rows().size() + " in the manifest");
      }
      if (!wrong.isEmpty()) {
        throw new Broken(wrong.getFirst());
      }
      Hash computed = Hash.of(root.root());
      if (!computed.b64u().equals(manifest.root())) {
        throw new Broken("the rows do not lead to the root in the manifest");
      }
      return at[0] + " rows, root " + computed.b64u();
    }

    /** What is wrong with a row, at most one thing. */
    private static List<String> row(
        String id,
        Row row,
        Manifest.Row expected,
        Map<String, String> salts,
        Map<String, Granted> granted,
        Map<Long, Set<Hash>> captured,
        Map<String, PersonId> speakers) {
      String salt = salts.get(expected.block());
      if (!id.equals(expected.id()) || !row.leaf().b64u().equals(expected.leaf())) {
        return List.of("row " + id + " is not the one in the manifest");
      }
      if (row.bucket() != expected.bucket() || salt == null || expected.handles().isEmpty()) {
        return List.of("row " + id + " lacks bucket, salt or grant");
      }
      List<Handle> handles = expected.handles().stream().map(Handle::new).toList();
      Hash leaf =
          Vault.captureLeaf(
              b64u(salt),
              new BlockId(expected.block()),
              Hash.fromB64u(expected.digest()),
              row.segment().encode(),
              handles);
      if (!captured.getOrDefault(expected.capture(), Set.of()).contains(leaf)) {
        return List.of("row " + id + " is not what was captured");
      }
      for (String handle : expected.handles()) {
        Granted given = granted.get(handle);
        if (given == null || given.medium() != row.segment().medium()) {
          return List.of("row " + id + " is of a medium that its grant does not name");
        }
        String speaker = java.util.HexFormat.of().formatHex(row.speaker());
        PersonId before = speakers.putIfAbsent(speaker, given.person());
        if (before != null && !before.equals(given.person())) {
          return List.of("row " + id + " is under the pseudonym of somebody else");
        }
      }
      return List.of();
    }

    private List<Path> parquet() throws IOException, Broken {
      try (Stream<Path> files = Files.list(folder.resolve("data"))) {
        return files.filter(file -> file.toString().endsWith(".parquet")).sorted().toList();
      } catch (java.nio.file.NoSuchFileException e) {
        throw new Broken("there is no folder of rows");
      }
    }

    private byte[] file(String name) throws IOException, Broken {
      Path file = proof.resolve(name);
      if (!Files.isRegularFile(file) || Files.size(file) > MAX_FILE) {
        throw new Broken("proof/" + name + " is missing or too large");
      }
      return Files.readAllBytes(file);
    }

    private static void same(
        Leaf expected, @org.jspecify.annotations.Nullable Leaf found, String kind) throws Broken {
      if (!expected.equals(found)) {
        throw new Broken("the " + kind + " leaf in the log is another one");
      }
    }

    private static <T> T holding(Verdict<T> verdict) throws Broken {
      return switch (verdict) {
        case Verdict.Holds<T>(T value) -> value;
        case Verdict.Fails<T>(String why) -> throw new Broken(why);
      };
    }

    private static byte[] b64u(String text) {
      return Base64.getUrlDecoder().decode(text.getBytes(StandardCharsets.US_ASCII));
    }
  }
}
