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
  private List<String> superfluous = List.of();

  private Store(Disk disk, SigningKey key, Edge edge, Published published) {
    this.disk = disk;
    this.key = key;
    this.edge = edge;
    this.published = published;
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
    Store store = new Store(disk, key, edge, new Published(from, edge.snapshot()));
    if (signed.size() > from.size()) {
      store.replay(signed);
    } else if (last.isEmpty()) {
      replace(disk, Layout.CHECKPOINT, note(signed));
    }
    store.checkNewest();
    for (String name : disk.list(Layout.STAGING)) {
      disk.delete(Layout.STAGING + "/" + name);
    }
    return store;
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
    Checkpoint old = published.checkpoint();
    Map<TilePath, byte[]> files = new LinkedHashMap<>();
    grow(entries, files);
    Checkpoint now = signed(key, edge.size(), edge.root());

    String staged = staged(now.size());
    disk.write(staged, stagedBytes(entries));
    disk.force(Layout.STAGING);
    // The entries are durable, and not yet in the log.

    byte[] head = disk.read(Layout.HEAD, Layout.MAX_NOTE).orElseGet(() -> new byte[0]);
    if (!Arrays.equals(head, note(old))) {
      throw new LogException.Corrupt(Layout.HEAD + " was changed by somebody else");
    }
    replace(disk, Layout.HEAD, note(now));
    // The entries are in the log, whatever happens.

    return publish(now, files);
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
    Published at = published;
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
      return Optional.of(new Resource(note(at.checkpoint()), "text/plain; charset=utf-8", false));
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

  /** Walks down from the edge, whose hashes the root vouches for, through the newest full tiles. */
  private void checkNewest() {
    TileReader tiles = new TileReader(disk, published.edge());
    long first = Math.max(0, edge.size() - CHECKED_AT_OPEN);
    Merkle merkle = new Merkle();
    for (TilePath partial : published.edge().paths()) {
      if (partial.level() > 0) {
        byte[] hashes = published.edge().content(partial.level());
        check(tiles, merkle, partial.level(), partial.index() << 8, hashes, first);
      }
    }
  }

  private void check(
      TileReader tiles, Merkle merkle, int level, long firstChild, byte[] hashes, long first) {
    for (int i = 0; i < hashes.length / Hash.LENGTH; i++) {
      long child = firstChild + i;
      if ((child + 1) << (8 * level) <= first) {
        continue;
      }
      TilePath path = new TilePath(level - 1, child, TilePath.WIDTH);
      byte[] tile = tiles.full(path);
      if (!Edge.root(merkle, tile).equals(Hash.of(hashes, i * Hash.LENGTH, Hash.LENGTH))) {
        throw new LogException.Corrupt(path.text() + " is altered");
      }
      if (level > 1) {
        check(tiles, merkle, level - 1, child << 8, tile, first);
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
  private static void replace(Disk disk, String path, byte[] content) throws IOException {
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
