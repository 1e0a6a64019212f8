package dev.aye.log;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * Checks what a log says, offline, with nothing but the log's public key. Trusts no input; every
 * size is bounded.
 */
public final class LogVerifier {
  /** A leaf proved to be in the log: its place, and the checkpoint under which it was. */
  public record Proven(long index, Checkpoint checkpoint) {}

  private final NoteKey key;

  public LogVerifier(NoteKey key) {
    this.key = key;
  }

  /** The verifier for the log with this vkey; fails if that is none. */
  public static Verdict<LogVerifier> of(String vkey) {
    return NoteKey.read(vkey).then(key -> new Verdict.Holds<>(new LogVerifier(key)));
  }

  /** The origin of the log, which is the name of its key. */
  public String origin() {
    return key.name();
  }

  /** The text of a note that the log signed: a promise or an account. Never a checkpoint. */
  public Verdict<String> note(String note) {
    return key.verify(note)
        .then(text ->
            text.startsWith(origin() + "\n")
                ? new Verdict.Fails<>("the note is a checkpoint")
                : new Verdict.Holds<>(text));
  }

  /** A checkpoint of this log, if the log signed it. */
  public Verdict<Checkpoint> checkpoint(String note) {
    return key.verify(note)
        .then(text -> {
          try {
            Checkpoint checkpoint = Checkpoint.parse(text, note);
            return checkpoint.origin().equals(origin())
                ? new Verdict.Holds<>(checkpoint)
                : new Verdict.Fails<>("the checkpoint is of another origin");
          } catch (Malformed e) {
            return e.verdict();
          }
        });
  }

  /** Checks a tlog-proof text for a leaf: signature, origin and path. */
  public Verdict<Proven> proof(String tlogProof, Leaf leaf) {
    return proof(tlogProof, leaf.leafHash());
  }

  public Verdict<Proven> proof(String tlogProof, Hash leafHash) {
    TlogProof proof;
    try {
      proof = TlogProof.parse(tlogProof);
    } catch (Malformed e) {
      return e.verdict();
    }
    return checkpoint(proof.checkpoint())
        .then(at ->
            inclusion(leafHash, proof.index(), proof.path(), at)
                ? new Verdict.Holds<>(new Proven(proof.index(), at))
                : new Verdict.Fails<>("the path does not lead from the leaf to the root"));
  }

  /** Whether the path leads from the leaf hash to the root (RFC 9162, section 2.1.3.2). */
  public static boolean inclusion(Hash leafHash, long index, List<Hash> path, Checkpoint at) {
    return new Merkle().includes(leafHash, index, at.size(), path, at.root());
  }

  /** Whether the newer tree extends the older one (RFC 9162, section 2.1.4.2). */
  public static boolean consistency(Checkpoint older, Checkpoint newer, List<Hash> path) {
    return new Merkle().extended(older.size(), older.root(), newer.size(), newer.root(), path);
  }

  /**
   * Checks a whole log from its folder (the one with {@code checkpoint} and {@code tile/}): reads
   * every entry, rebuilds the tree and compares each tile, the root and the signature. Memory does
   * not grow with the log.
   *
   * @param earlier checkpoints known from elsewhere, of which this log must be a continuation
   * @param visitor sees each leaf; what it saw counts only if the verdict holds
   * @throws IOException if the folder cannot be read
   */
  public Verdict<Checkpoint> folder(
      Path folder, Collection<Checkpoint> earlier, LeafVisitor visitor) throws IOException {
    return folder(new FolderDisk(folder), earlier, visitor);
  }

  Verdict<Checkpoint> folder(Disk disk, Collection<Checkpoint> earlier, LeafVisitor visitor)
      throws IOException {
    Optional<byte[]> file = disk.read(Layout.CHECKPOINT, Layout.MAX_NOTE);
    if (file.isEmpty()) {
      return new Verdict.Fails<>("the folder has no checkpoint");
    }
    String note = new String(file.get(), StandardCharsets.UTF_8);
    return switch (checkpoint(note)) {
      case Verdict.Fails<Checkpoint> fails -> fails;
      case Verdict.Holds<Checkpoint>(Checkpoint at) -> {
        try {
          walk(disk, at, earlier, visitor);
          yield new Verdict.Holds<>(at);
        } catch (Malformed e) {
          yield e.verdict();
        }
      }
    };
  }

  private static void walk(
      Disk disk, Checkpoint at, Collection<Checkpoint> earlier, LeafVisitor visitor)
      throws IOException, Malformed {
    for (Checkpoint known : earlier) {
      if (!known.origin().equals(at.origin()) || known.size() > at.size()) {
        throw new Malformed("the log is shorter than a checkpoint that it signed, or another one");
      }
    }
    Edge edge = new Edge();
    List<TilePath> full = new ArrayList<>();
    List<byte[]> contents = new ArrayList<>();
    Edge.Full collect =
        (path, content) -> {
          full.add(path);
          contents.add(content);
        };
    long[] sizes = earlier.stream().mapToLong(Checkpoint::size).sorted().distinct().toArray();
    int next = 0;
    next = compare(edge, earlier, sizes, next);
    while (edge.size() < at.size()) {
      int width = (int) Math.min(TilePath.WIDTH, at.size() - edge.size());
      TilePath bundle = new TilePath(TilePath.ENTRIES, edge.size() >> 8, width);
      List<byte[]> entries = Bundle.entries(present(disk, bundle));
      if (entries.size() != width) {
        throw new Malformed(bundle.text() + " has not the entries that it should");
      }
      for (byte[] entry : entries) {
        visitor.leaf(edge.size(), leaf(bundle, entry));
        edge.append(entry, collect);
        next = compare(edge, earlier, sizes, next);
      }
      for (int i = 0; i < full.size(); i++) {
        same(disk, full.get(i), contents.get(i));
      }
      full.clear();
      contents.clear();
    }
    Edge.Snapshot last = edge.snapshot();
    for (TilePath path : last.paths()) {
      same(disk, path, last.content(path.level()));
    }
    if (!edge.root().equals(at.root())) {
      throw new Malformed("the entries do not lead to the root that was signed");
    }
  }

  private static int compare(Edge edge, Collection<Checkpoint> earlier, long[] sizes, int next)
      throws Malformed {
    if (next == sizes.length || edge.size() != sizes[next]) {
      return next;
    }
    Hash root = edge.root();
    for (Checkpoint known : earlier) {
      if (known.size() == edge.size() && !known.root().equals(root)) {
        throw new Malformed("the log is not a continuation of a checkpoint that it signed");
      }
    }
    return next + 1;
  }

  private static Leaf leaf(TilePath bundle, byte[] entry) throws Malformed {
    try {
      return Leaf.decode(entry);
    } catch (IllegalArgumentException e) {
      throw new Malformed(bundle.text() + " has an entry that is no leaf");
    }
  }

  private static void same(Disk disk, TilePath path, byte[] expected)
      throws IOException, Malformed {
    if (!Arrays.equals(present(disk, path), expected)) {
      throw new Malformed(path.text() + " is not what the entries lead to");
    }
  }

  /**
   * The content of a tile or bundle. Where a partial one is gone, because the log has grown since
   * its checkpoint was read, a wider one begins with the same content.
   */
  private static byte[] present(Disk disk, TilePath path) throws IOException, Malformed {
    Optional<byte[]> exact = disk.read(path.text(), Layout.MAX_BUNDLE);
    if (exact.isPresent()) {
      return exact.get();
    }
    for (int width = path.width() + 1; width <= TilePath.WIDTH; width++) {
      TilePath wider = new TilePath(path.level(), path.index(), width);
      Optional<byte[]> content = disk.read(wider.text(), Layout.MAX_BUNDLE);
      if (content.isPresent()) {
        return path.level() == TilePath.ENTRIES
            ? Bundle.first(content.get(), path.width())
            : Arrays.copyOf(content.get(), path.width() * Hash.LENGTH);
      }
    }
    throw new Malformed(path.text() + " is missing");
  }
}
