package dev.aye.log;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;

/**
 * The log on its disk: how it is written so that a crash at any moment loses nothing that was
 * answered, how it is read again, and how proofs are made from it. One thread writes; any may read.
 *
 * <p>After {@link #append} returns all of this is durable, and came to be so in this order:
 *
 * <ol>
 *   <li>the entries, staged under the size that they lead to;
 *   <li>the head: the signed checkpoint of that size in place of the one before. From here on the
 *       batch is in the log; a crash before leaves a log without it, and nobody was told otherwise;
 *   <li>the tiles and bundles, which {@link #open} makes again from what is staged;
 *   <li>the published checkpoint, which never names a tree whose tiles are not there.
 * </ol>
 */
final class Store {
  /** One published state: the checkpoint and the edge of its tree. */
  record Published(Checkpoint checkpoint, Edge.Snapshot edge) {}

  /** How many leaves are checked one by one at opening, counted from the newest. */
  private static final long CHECKED_AT_OPEN = 1 << 18;

  private final Disk disk;
  private final SigningKey key;
  private final Edge edge;
  private volatile Published published;
  private Checkpoint head;
  private boolean restored;
  private List<String> superfluous = List.of();

  private Store(Disk disk, SigningKey key, Edge edge, Published published, Checkpoint head)
      throws IOException {
    this.disk = disk;
    this.key = key;
    this.edge = edge;
    this.published = published;
    this.head = head;
    this.restored = disk.read(Layout.RESTORED, Layout.MAX_NOTE).isPresent();
  }

  static Store open(Disk disk, String origin, SecureRandom random) throws IOException {
    disk.makeFolder(Layout.PRIVATE);
    disk.makeFolder(Layout.STAGING);
    disk.makeFolder(Layout.TEMP);
    // A name that a dying process left is seen now, yet a power loss could still take it back.
    disk.force(Layout.STAGING);
    disk.force(Layout.PRIVATE);
    disk.force("");
    for (String name : disk.list(Layout.TEMP)) {
      disk.delete(Layout.TEMP + "/" + name);
    }
    SigningKey key = key(disk, origin, random);
    Optional<Checkpoint> head = checkpoint(disk, Layout.HEAD, key.publicKey());
    Optional<Checkpoint> last = checkpoint(disk, Layout.CHECKPOINT, key.publicKey());
    if (head.isEmpty()) {
      if (last.isPresent() || !disk.list("tile").isEmpty()) {
        throw new LogException.Corrupt(Layout.HEAD + " is missing, but the log has begun");
      }
      head = Optional.of(signed(key, 0, Merkle.EMPTY));
      replace(disk, Layout.HEAD, note(head.get()));
    }
    Checkpoint signed = head.get();
    if (last.isEmpty() && signed.size() > 0) {
      throw new LogException.Corrupt(Layout.CHECKPOINT + " is missing, but the log has begun");
    }
    if (last.isPresent()
        && (last.get().size() > signed.size()
            || (last.get().size() == signed.size() && !last.get().root().equals(signed.root())))) {
      throw new LogException.Corrupt(
          "what was published is not part of what was signed last: a file was put back or altered");
    }
    Checkpoint from = last.orElse(signed);
    Edge edge = restore(disk, from);
    Store store = new Store(disk, key, edge, new Published(from, edge.snapshot()), signed);
    if (signed.size() > from.size()) {
      store.replay(signed);
    } else if (last.isEmpty()) {
      replace(disk, Layout.CHECKPOINT, note(signed));
    }
    store.checkWitnessed();
    store.checkNewest();
    for (String name : disk.list(Layout.STAGING)) {
      disk.delete(Layout.STAGING + "/" + name);
    }
    return store;
  }

  /**
   * Checks everything in a log's folder, and changes nothing. A server may write there meanwhile:
   * what is read first can only be older than what is read later.
   */
  static Verdict<Checkpoint> check(Disk disk) throws IOException {
    SigningKey key;
    List<Checkpoint> seen;
    try {
      key = SigningKey.parse(present(disk, Layout.KEY, Layout.MAX_NOTE));
      seen = checkpoint(disk, Layout.WITNESSED, key.publicKey()).stream().toList();
      Verdict<Checkpoint> whole =
          new LogVerifier(key.publicKey()).folder(disk, seen, (index, leaf) -> {});
      if (!(whole instanceof Verdict.Holds<Checkpoint>(Checkpoint at))) {
        return whole;
      }
      Optional<Checkpoint> head = checkpoint(disk, Layout.HEAD, key.publicKey());
      if (head.isEmpty()) {
        return new Verdict.Fails<>(Layout.HEAD + " is missing");
      }
      if (head.get().size() < at.size()
          || (head.get().size() == at.size() && !head.get().root().equals(at.root()))) {
        return new Verdict.Fails<>(
            Layout.HEAD + " is older than what was published: a file was put back or altered");
      }
      if (head.get().size() > at.size()
          && disk.read(staged(head.get().size()), Layout.MAX_STAGED).isEmpty()
          && checkpoint(disk, Layout.CHECKPOINT, key.publicKey())
              .filter(now -> now.size() >= head.get().size())
              .isEmpty()) {
        return new Verdict.Fails<>(staged(head.get().size()) + " is missing");
      }
      return whole;
    } catch (Malformed e) {
      return new Verdict.Fails<>(Layout.KEY + " is altered: " + e.getMessage());
    } catch (LogException.Corrupt e) {
      return new Verdict.Fails<>(String.valueOf(e.getMessage()));
    }
  }

  Published published() {
    return published;
  }

  SigningKey key() {
    return key;
  }

  /**
   * Appends a batch; on return it is durable and published. After an exception this store must not
   * be used to append again: its edge is ahead of its disk.
   */
  Published append(List<byte[]> entries) throws IOException {
    Checkpoint old = head;
    Map<TilePath, byte[]> files = new LinkedHashMap<>();
    grow(entries, files);
    Checkpoint now = signed(key, edge.size(), edge.root());

    String staged = staged(now.size());
    disk.write(staged, stagedBytes(entries));
    disk.force(Layout.STAGING);
    // The entries are durable, and not yet in the log.

    byte[] found = disk.read(Layout.HEAD, Layout.MAX_NOTE).orElseGet(() -> new byte[0]);
    if (!Arrays.equals(found, note(old))) {
      throw new LogException.Corrupt(Layout.HEAD + " was changed by somebody else");
    }
    replace(disk, Layout.HEAD, note(now));
    head = now;
    // The entries are in the log, whatever happens.

    return publish(now, files);
  }

  /**
   * Publishes cosignatures of the newest checkpoint; those of an older one have no place any more.
   */
  void cosigned(Published at) throws IOException {
    Checkpoint now = published.checkpoint();
    if (at.checkpoint().size() == now.size() && at.checkpoint().root().equals(now.root())) {
      replace(disk, Layout.CHECKPOINT, note(at.checkpoint()));
      published = new Published(at.checkpoint(), published.edge());
    }
  }

  /** Keeps the newest checkpoint that a quorum cosigned, which no later opening may be behind. */
  void witnessed(Checkpoint at) throws IOException {
    replace(disk, Layout.WITNESSED, note(at));
  }

  /** Whether this folder was put back from a backup and nobody has said yet that it is current. */
  boolean isRestored() {
    return restored;
  }

  void forgetRestored() throws IOException {
    disk.delete(Layout.RESTORED);
    disk.force(Layout.PRIVATE);
    restored = false;
  }

  /** Brings a copy of this log up to date. */
  void copyTo(Disk to) throws IOException {
    LogCopy.make(disk, published, to);
  }

  /** Removes what the newest checkpoint made superfluous; a crash before only leaves it there. */
  void tidy() throws IOException {
    for (String path : superfluous) {
      for (String name : path.endsWith(".p") ? disk.list(path) : List.<String>of()) {
        disk.delete(path + "/" + name);
      }
      disk.delete(path);
    }
    superfluous = List.of();
  }

  String proof(Published at, long index) {
    return prover(at).proof(index);
  }

  Prover prover(Published at) {
    return new Prover(at, new TileReader(disk, at.edge()));
  }

  /** Makes proofs from one state of the log, and checks each before giving it away. */
  static final class Prover {
    private final Published at;
    private final TileReader tiles;
    private final Merkle merkle = new Merkle();

    private Prover(Published at, TileReader tiles) {
      this.at = at;
      this.tiles = tiles;
    }

    String proof(long index) {
      Checkpoint checkpoint = at.checkpoint();
      List<Hash> path = merkle.inclusion(index, checkpoint.size(), tiles);
      Hash leaf = tiles.node(0, index);
      if (!merkle.includes(leaf, index, checkpoint.size(), path, checkpoint.root())) {
        throw new LogException.Corrupt("the tiles above entry " + index + " are altered");
      }
      return new TlogProof(index, path, checkpoint.note()).text();
    }
  }

  List<Hash> consistency(long olderSize) {
    return consistency(published, olderSize);
  }

  List<Hash> consistency(Published at, long olderSize) {
    TileReader tiles = new TileReader(disk, at.edge());
    return new Merkle().consistency(olderSize, at.checkpoint().size(), tiles);
  }

  void leaves(long from, long to, LeafVisitor visitor) {
    Published at = published;
    if (from < 0 || to < from || to > at.checkpoint().size()) {
      throw new IllegalArgumentException("no leaves from " + from + " to " + to);
    }
    TileReader tiles = new TileReader(disk, at.edge());
    for (long index = from; index < to; ) {
      List<byte[]> entries = tiles.entries(index >> 8);
      for (int i = (int) index & 0xff; i < entries.size() && index < to; i++, index++) {
        visitor.leaf(index, Leaf.decode(entries.get(i)));
      }
    }
  }

  Optional<Resource> resource(String path) {
    Published at = published;
    if (path.equals(Layout.CHECKPOINT)) {
      return Optional.of(Resource.of(at.checkpoint()));
    }
    TileReader tiles = new TileReader(disk, at.edge());
    return TilePath.parse(path)
        .flatMap(tile -> {
          try {
            return tiles.content(tile);
          } catch (Malformed e) {
            throw new LogException.Corrupt(tile.text() + " is altered: " + e.getMessage());
          }
        })
        .map(bytes -> new Resource(bytes, "application/octet-stream", true));
  }

  private void grow(List<byte[]> entries, Map<TilePath, byte[]> files) {
    for (byte[] entry : entries) {
      edge.append(entry, files::put);
    }
  }

  /** Writes tiles, then the checkpoint that names them; both are durable on return. */
  private Published publish(Checkpoint now, Map<TilePath, byte[]> full) throws IOException {
    Published before = published;
    Published next = new Published(now, edge.snapshot());
    List<String> old = new ArrayList<>();
    for (TilePath path : before.edge().paths()) {
      old.add(path.text());
      if (next.edge().paths().stream().noneMatch(p -> p.partials().equals(path.partials()))) {
        old.add(path.partials());
      }
    }
    Map<TilePath, byte[]> files = new LinkedHashMap<>(full);
    for (TilePath path : next.edge().paths()) {
      if (!old.remove(path.text())) {
        files.put(path, next.edge().content(path.level()));
      }
    }
    old.add(staged(now.size()));

    Set<String> folders = new LinkedHashSet<>();
    int written = 0;
    for (byte[] content : files.values()) {
      disk.write(Layout.TEMP + "/" + written++, content);
    }
    int named = 0;
    for (TilePath tile : files.keySet()) {
      String path = tile.text();
      String folder = path.substring(0, path.lastIndexOf('/'));
      if (folders.add(folder)) {
        disk.makeFolder(folder);
      }
      disk.rename(Layout.TEMP + "/" + named++, path);
    }
    for (String folder : folders) {
      disk.force(folder);
    }
    // All tiles of the new tree are durable.

    replace(disk, Layout.CHECKPOINT, note(now));
    published = next;
    superfluous = old;
    return next;
  }

  private void replay(Checkpoint head) throws IOException {
    String staged = staged(head.size());
    byte[] bytes =
        disk.read(staged, Layout.MAX_STAGED)
            .orElseThrow(() -> new LogException.Corrupt(staged + " is missing"));
    Map<TilePath, byte[]> files = new LinkedHashMap<>();
    try {
      grow(Bundle.entries(bytes), files);
    } catch (Malformed | IllegalArgumentException e) {
      throw new LogException.Corrupt(staged + " is altered: " + e.getMessage());
    }
    if (edge.size() != head.size() || !edge.root().equals(head.root())) {
      throw new LogException.Corrupt(staged + " is altered: it does not lead to " + Layout.HEAD);
    }
    publish(head, files);
    tidy();
  }

  /** Reads the edge of a published tree and checks it against the root and the bundle. */
  private static Edge restore(Disk disk, Checkpoint at) throws IOException {
    List<byte[]> partials = new ArrayList<>();
    for (int level = 0; level < Edge.levels(at.size()); level++) {
      int width = Edge.width(at.size(), level);
      byte[] tile = new byte[0];
      if (width > 0) {
        TilePath path = new TilePath(level, Edge.tileIndex(at.size(), level), width);
        tile = present(disk, path.text(), Layout.TILE_BYTES);
        if (tile.length != width * Hash.LENGTH) {
          throw new LogException.Corrupt(path.text() + " is cut short");
        }
      }
      partials.add(tile);
    }
    int width = Edge.width(at.size(), 0);
    byte[] bundle = new byte[0];
    if (width > 0) {
      TilePath path = new TilePath(TilePath.ENTRIES, at.size() >> 8, width);
      bundle = present(disk, path.text(), Layout.MAX_BUNDLE);
    }
    Edge edge = Edge.restore(at.size(), partials, bundle);
    if (!edge.root().equals(at.root())) {
      throw new LogException.Corrupt("a partial tile is altered: they do not lead to the root");
    }
    if (width > 0) {
      new TileReader(disk, edge.snapshot()).entries(at.size() >> 8);
    }
    return edge;
  }

  /** What a quorum of witnesses has seen must be here. */
  private void checkWitnessed() throws IOException {
    Optional<Checkpoint> known = checkpoint(disk, Layout.WITNESSED, key.publicKey());
    if (known.isEmpty()) {
      return;
    }
    Checkpoint at = published.checkpoint();
    Checkpoint seen = known.get();
    if (seen.size() > at.size()) {
      throw new LogException.Behind(
          "witnesses have seen "
              + seen.size()
              + " leaves of this log, which has "
              + at.size()
              + " here: a file was put back");
    }
    Hash root =
        seen.size() == 0
            ? Merkle.EMPTY
            : new Merkle().subtree(0, seen.size(), new TileReader(disk, published.edge()));
    if (!root.equals(seen.root())) {
      throw new LogException.Corrupt("this is not the log that witnesses have seen");
    }
  }

  private void checkNewest() {
    check(Math.max(0, edge.size() - CHECKED_AT_OPEN), Long.MAX_VALUE, () -> false);
  }

  /** Checks what {@link #open} left out, from the oldest on, until it is told to stop. */
  void checkOldest(BooleanSupplier enough) {
    long size = published.checkpoint().size();
    check(0, size - CHECKED_AT_OPEN, enough);
  }

  /**
   * Walks down from the edge, whose hashes the root vouches for, through the full tiles over the
   * leaves of a range.
   */
  private void check(long first, long end, BooleanSupplier enough) {
    Published at = published;
    TileReader tiles = new TileReader(disk, at.edge());
    Merkle merkle = new Merkle();
    for (TilePath partial : at.edge().paths()) {
      if (partial.level() > 0) {
        byte[] hashes = at.edge().content(partial.level());
        check(tiles, merkle, partial.level(), partial.index() << 8, hashes, first, end, enough);
      }
    }
  }

  private void check(
      TileReader tiles,
      Merkle merkle,
      int level,
      long firstChild,
      byte[] hashes,
      long first,
      long end,
      BooleanSupplier enough) {
    for (int i = 0; i < hashes.length / Hash.LENGTH && !enough.getAsBoolean(); i++) {
      long child = firstChild + i;
      if ((child + 1) << (8 * level) <= first || child << (8 * level) >= end) {
        continue;
      }
      TilePath path = new TilePath(level - 1, child, TilePath.WIDTH);
      byte[] tile = tiles.full(path);
      if (!Edge.root(merkle, tile).equals(Hash.of(hashes, i * Hash.LENGTH, Hash.LENGTH))) {
        throw new LogException.Corrupt(path.text() + " is altered");
      }
      if (level > 1) {
        check(tiles, merkle, level - 1, child << 8, tile, first, end, enough);
      } else {
        tiles.entries(child);
      }
    }
  }

  private static SigningKey key(Disk disk, String origin, SecureRandom random) throws IOException {
    Optional<byte[]> file = disk.read(Layout.KEY, Layout.MAX_NOTE);
    if (file.isEmpty()) {
      if (disk.read(Layout.HEAD, Layout.MAX_NOTE).isPresent()
          || disk.read(Layout.CHECKPOINT, Layout.MAX_NOTE).isPresent()) {
        throw new LogException.Corrupt(Layout.KEY + " is missing, but the log has begun");
      }
      SigningKey key = SigningKey.generate(origin, random);
      replace(disk, Layout.KEY, key.file());
      return key;
    }
    try {
      SigningKey key = SigningKey.parse(file.get());
      if (!key.publicKey().name().equals(origin)) {
        throw new LogException.Corrupt(
            "this log is " + key.publicKey().name() + ", it cannot be opened as " + origin);
      }
      return key;
    } catch (Malformed e) {
      throw new LogException.Corrupt(Layout.KEY + " is altered: " + e.getMessage());
    }
  }

  private static Optional<Checkpoint> checkpoint(Disk disk, String path, NoteKey key)
      throws IOException {
    Optional<byte[]> file = disk.read(path, Layout.MAX_NOTE);
    if (file.isEmpty()) {
      return Optional.empty();
    }
    String note = new String(file.get(), StandardCharsets.UTF_8);
    return switch (new LogVerifier(key).checkpoint(note)) {
      case Verdict.Holds<Checkpoint>(Checkpoint checkpoint) -> Optional.of(checkpoint);
      case Verdict.Fails<Checkpoint>(String reason) ->
          throw new LogException.Corrupt(path + " is altered: " + reason);
    };
  }

  private static Checkpoint signed(SigningKey key, long size, Hash root) {
    String origin = key.publicKey().name();
    return new Checkpoint(origin, size, root, key.sign(Checkpoint.text(origin, size, root)));
  }

  /** Puts a file in place of another; on return it is durable, before that it is all old. */
  static void replace(Disk disk, String path, byte[] content) throws IOException {
    String temp = Layout.TEMP + "/" + path.replace('/', '-');
    disk.write(temp, content);
    disk.rename(temp, path);
    int slash = path.lastIndexOf('/');
    disk.force(slash < 0 ? "" : path.substring(0, slash));
  }

  private static byte[] present(Disk disk, String path, int limit) throws IOException {
    return disk.read(path, limit).orElseThrow(() -> new LogException.Corrupt(path + " is missing"));
  }

  private static byte[] note(Checkpoint checkpoint) {
    return checkpoint.note().getBytes(StandardCharsets.UTF_8);
  }

  private static String staged(long size) {
    return Layout.STAGING + "/" + size;
  }

  private static byte[] stagedBytes(List<byte[]> entries) {
    int length = 0;
    for (byte[] entry : entries) {
      length += 2 + entry.length;
    }
    byte[] bytes = new byte[length];
    int at = 0;
    for (byte[] entry : entries) {
      at = Bundle.write(entry, bytes, at);
    }
    return bytes;
  }
}
