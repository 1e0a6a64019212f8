package dev.aye.log;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
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
  private final WitnessPolicy policy;

  public LogVerifier(NoteKey key) {
    this(key, WitnessPolicy.NONE);
  }

  private LogVerifier(NoteKey key, WitnessPolicy policy) {
    this.key = key;
    this.policy = policy;
  }

  /** The verifier for the log with this vkey; fails if that is none. */
  public static Verdict<LogVerifier> of(String vkey) {
    return NoteKey.read(vkey).then(key -> new Verdict.Holds<>(new LogVerifier(key)));
  }

  /** The same, which takes no checkpoint without the cosignatures that this policy asks for. */
  public LogVerifier requiring(WitnessPolicy witnesses) {
    return new LogVerifier(key, witnesses);
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
                ? policy.check(checkpoint)
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

  /** Two checkpoints that the log signed, of which at most one can be true. */
  public record Fork(Checkpoint older, Checkpoint newer) {}

  /**
   * Checks the proof that the log contradicts itself (docs/protocol.md, "Comparing the log"): two
   * checkpoints of one size with different roots, or a path that leads to the newer root and shows
   * that its first leaves have another root than the older one. Nobody can make one for a log that
   * only grows.
   */
  public Verdict<Fork> fork(String older, String newer, List<Hash> path) {
    LogVerifier signed = new LogVerifier(key);
    return signed
        .checkpoint(older)
        .then(first ->
            signed
                .checkpoint(newer)
                .then(second ->
                    contradict(first, second, path)
                        ? new Verdict.Holds<>(new Fork(first, second))
                        : new Verdict.Fails<>("the two checkpoints do not contradict each other")));
  }

  private static boolean contradict(Checkpoint older, Checkpoint newer, List<Hash> path) {
    if (older.size() == newer.size()) {
      return path.isEmpty() && !older.root().equals(newer.root());
    }
    if (older.size() == 0) {
      return path.isEmpty() && !older.root().equals(Merkle.EMPTY);
    }
    return new Merkle()
        .prefix(older.size(), newer.size(), path)
        .filter(roots -> roots.newer().equals(newer.root()) && !roots.older().equals(older.root()))
        .isPresent();
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
    try {
      return whole(
          disk,
          earlier,
          Layout.MAX_BUNDLE,
          (index, entry) -> {
            try {
              visitor.leaf(index, Leaf.decode(entry));
            } catch (IllegalArgumentException e) {
              throw new NoLeaf(index);
            }
          });
    } catch (NoLeaf e) {
      return new Verdict.Fails<>(String.valueOf(e.getMessage()));
    }
  }

  /** Says that an entry of the log is none that a log of Aye has. */
  private static final class NoLeaf extends RuntimeException {
    private static final long serialVersionUID = 1L;

    NoLeaf(long index) {
      super("entry " + index + " is no leaf", null, false, false);
    }
  }

  /** As {@link #folder}, for any log in C2SP tlog-tiles, whatever its entries are. */
  public Verdict<Checkpoint> entries(
      Path folder, Collection<Checkpoint> earlier, EntryVisitor visitor) throws IOException {
    return whole(new FolderDisk(folder), earlier, Layout.MAX_FOREIGN_BUNDLE, visitor);
  }

  /**
   * As {@link #entries(Path, Collection, EntryVisitor)}, for a log that is served under a URL. Each
   * answer is bounded in size and time.
   *
   * @throws IllegalArgumentException if no log can be at this URL
   * @throws IOException if the log cannot be fetched
   */
  public Verdict<Checkpoint> entries(URI url, Collection<Checkpoint> earlier, EntryVisitor visitor)
      throws IOException {
    return whole(new Site(url), earlier, Layout.MAX_FOREIGN_BUNDLE, visitor);
  }

  /**
   * Checks that one checkpoint is a continuation of another with the few tiles in a log's folder
   * that this needs. Both must have been checked by {@link #checkpoint}.
   */
  public Verdict<Checkpoint> continues(Checkpoint older, Checkpoint newer, Path folder)
      throws IOException {
    return continues(older, newer, new FolderDisk(folder));
  }

  /** As {@link #continues(Checkpoint, Checkpoint, Path)}, for a log that is served under a URL. */
  public Verdict<Checkpoint> continues(Checkpoint older, Checkpoint newer, URI url)
      throws IOException {
    return continues(older, newer, new Site(url));
  }

  /** The newest checkpoint of a log that is served under a URL. */
  public Verdict<Checkpoint> newest(URI url) throws IOException {
    return newest(new Site(url));
  }

  /** The newest checkpoint in a log's folder. */
  public Verdict<Checkpoint> newest(Path folder) throws IOException {
    return newest(new FolderDisk(folder));
  }

  private Verdict<Checkpoint> newest(Source source) throws IOException {
    Optional<byte[]> file = source.read(Layout.CHECKPOINT, Layout.MAX_NOTE);
    if (file.isEmpty()) {
      return new Verdict.Fails<>("there is no checkpoint");
    }
    return checkpoint(new String(file.get(), StandardCharsets.UTF_8));
  }

  private Verdict<Checkpoint> continues(Checkpoint older, Checkpoint newer, Source source)
      throws IOException {
    if (!older.origin().equals(newer.origin())) {
      return new Verdict.Fails<>("the checkpoints are of different logs");
    }
    if (older.size() > newer.size()) {
      return new Verdict.Fails<>("the log is shorter than it was");
    }
    Merkle merkle = new Merkle();
    SourceNodes nodes = new SourceNodes(source, newer.size());
    try {
      List<Hash> path = merkle.consistency(older.size(), newer.size(), nodes);
      return consistency(older, newer, path)
          ? new Verdict.Holds<>(newer)
          : new Verdict.Fails<>("the log is not a continuation of what it was");
    } catch (UncheckedIOException e) {
      throw new IOException(e.getMessage(), e);
    } catch (SourceNodes.Missing e) {
      return new Verdict.Fails<>(String.valueOf(e.getMessage()));
    }
  }

  private Verdict<Checkpoint> whole(
      Source source, Collection<Checkpoint> earlier, int maxBundle, EntryVisitor visitor)
      throws IOException {
    return switch (newest(source)) {
      case Verdict.Fails<Checkpoint> fails -> fails;
      case Verdict.Holds<Checkpoint>(Checkpoint at) -> {
        try {
          walk(source, at, earlier, maxBundle, visitor);
          yield new Verdict.Holds<>(at);
        } catch (Malformed e) {
          yield e.verdict();
        }
      }
    };
  }

  private static void walk(
      Source source,
      Checkpoint at,
      Collection<Checkpoint> earlier,
      int maxBundle,
      EntryVisitor visitor)
      throws IOException, Malformed {
    for (Checkpoint known : earlier) {
      if (!known.origin().equals(at.origin()) || known.size() > at.size()) {
        throw new Malformed("the log is shorter than a checkpoint that it signed, or another one");
      }
    }
    Edge edge = new Edge(0xffff);
    List<TilePath> full = new ArrayList<>();
    List<byte[]> contents = new ArrayList<>();
    Edge.Full collect =
        (path, content) -> {
          full.add(path);
          contents.add(content);
        };
    long[] sizes =
        earlier.stream()
            .mapToLong(Checkpoint::size)
            .filter(size -> size > 0)
            .sorted()
            .distinct()
            .toArray();
    int next = 0;
    boolean forked = !continues(edge, earlier);
    while (edge.size() < at.size()) {
      int width = (int) Math.min(TilePath.WIDTH, at.size() - edge.size());
      TilePath path = new TilePath(TilePath.ENTRIES, edge.size() >> 8, width);
      List<byte[]> entries;
      try {
        entries = Bundle.entries(present(source, path, maxBundle));
      } catch (Malformed e) {
        throw new Malformed(path.text() + " is altered: " + e.getMessage());
      }
      if (entries.size() != width) {
        throw new Malformed(path.text() + " has not the entries that it should");
      }
      long first = edge.size();
      for (byte[] entry : entries) {
        edge.append(entry, collect);
        if (next < sizes.length && edge.size() == sizes[next]) {
          forked |= !continues(edge, earlier);
          next++;
        }
      }
      for (int i = 0; i < full.size(); i++) {
        if (full.get(i).level() != TilePath.ENTRIES) {
          same(source, full.get(i), contents.get(i));
        }
      }
      full.clear();
      contents.clear();
      for (byte[] entry : entries) {
        visitor.entry(first++, entry);
      }
    }
    Edge.Snapshot last = edge.snapshot();
    for (TilePath path : last.paths()) {
      if (path.level() != TilePath.ENTRIES) {
        same(source, path, last.content(path.level()));
      }
    }
    if (!edge.root().equals(at.root())) {
      throw new Malformed("the entries do not lead to the root that was signed");
    }
    if (forked) {
      throw new Malformed("the log is not a continuation of a checkpoint that it signed");
    }
  }

  /** Whether the tree up to here is that of the checkpoints of this size. */
  private static boolean continues(Edge edge, Collection<Checkpoint> earlier) {
    return earlier.stream()
        .filter(known -> known.size() == edge.size())
        .allMatch(known -> known.root().equals(edge.root()));
  }

  private static void same(Source source, TilePath path, byte[] expected)
      throws IOException, Malformed {
    if (!Arrays.equals(present(source, path, Layout.TILE_BYTES), expected)) {
      TilePath entries = new TilePath(TilePath.ENTRIES, path.index(), path.width());
      throw new Malformed(
          path.text()
              + " is not what the entries"
              + (path.level() == 0 ? " in " + entries.text() : "")
              + " lead to");
    }
  }

  /**
   * The content of a tile or bundle. Where a partial one is gone, because the log has grown since
   * its checkpoint was read, a wider one begins with the same content.
   */
  static byte[] present(Source source, TilePath path, int limit) throws IOException, Malformed {
    Optional<byte[]> exact = source.read(path.text(), limit);
    if (exact.isPresent()) {
      return exact.get();
    }
    for (TilePath wider : source.wider(path)) {
      Optional<byte[]> content = source.read(wider.text(), limit);
      if (content.isPresent()) {
        return path.level() == TilePath.ENTRIES
            ? Bundle.first(content.get(), path.width())
            : Arrays.copyOf(content.get(), path.width() * Hash.LENGTH);
      }
    }
    throw new Malformed(path.text() + " is missing");
  }
}
