package dev.aye.log;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The right edge of a growing tree: the partial tile of each level and the partial entry bundle.
 * All that the log keeps in memory of its entries; at most 8 KiB a level, however large the tree.
 * Belongs to one thread.
 */
final class Edge {
  /** Takes what became full, in the order in which it did. */
  interface Full {
    void tile(TilePath path, byte[] content);
  }

  /** What the edge holds at one size, for readers: an immutable copy. */
  static final class Snapshot {
    private final long size;
    private final List<byte[]> tiles;
    private final byte[] bundle;

    private Snapshot(long size, List<byte[]> tiles, byte[] bundle) {
      this.size = size;
      this.tiles = List.copyOf(tiles);
      this.bundle = bundle;
    }

    long size() {
      return size;
    }

    /** The number of levels that have a hash at all. */
    int levels() {
      return tiles.size();
    }

    /** The partial tiles and the partial bundle, those that are not empty. */
    List<TilePath> paths() {
      List<TilePath> paths = new ArrayList<>();
      if (!tiles.isEmpty() && width(size, 0) > 0) {
        paths.add(new TilePath(TilePath.ENTRIES, size >> 8, width(size, 0)));
      }
      for (int level = 0; level < tiles.size(); level++) {
        if (width(size, level) > 0) {
          paths.add(new TilePath(level, tileIndex(size, level), width(size, level)));
        }
      }
      return paths;
    }

    /** The content of the partial tile or bundle of a level; not to be changed. */
    byte[] content(int level) {
      return level == TilePath.ENTRIES ? bundle : tiles.get(level);
    }
  }

  private final Merkle merkle = new Merkle();
  private final List<byte[]> tiles = new ArrayList<>();
  private final int longest;
  private byte[] bundle = new byte[TilePath.WIDTH * 64];
  private int bundleLength;
  private long size;

  /** The edge of the empty tree of a log of leaves. */
  Edge() {
    this(Leaf.MAX_LENGTH);
  }

  /**
   * @param longest how many bytes an entry can have at most
   */
  Edge(int longest) {
    this.longest = longest;
  }

  /** The edge of a tree whose partial tiles and bundle were read and are yet to be checked. */
  static Edge restore(long size, List<byte[]> partials, byte[] bundle) {
    Edge edge = new Edge();
    edge.size = size;
    for (byte[] partial : partials) {
      edge.tiles.add(Arrays.copyOf(partial, Layout.TILE_BYTES));
    }
    edge.bundleLength = bundle.length;
    edge.bundle = Arrays.copyOf(bundle, Math.max(bundle.length, edge.bundle.length));
    return edge;
  }

  /** How many places of the rightmost tile of a level a tree takes, 0 where it has just filled. */
  static int width(long size, int level) {
    return (int) (size >> (8 * level)) & 0xff;
  }

  /** The number of the rightmost tile of a level that is not full. */
  static long tileIndex(long size, int level) {
    return size >> (8 * (level + 1));
  }

  /** How many levels a tree has. */
  static int levels(long size) {
    int levels = 0;
    for (long rest = size; rest > 0; rest >>= 8) {
      levels++;
    }
    return levels;
  }

  long size() {
    return size;
  }

  /**
   * @throws IllegalArgumentException if the entry is longer than any can be
   */
  void append(byte[] entry, Full full) {
    if (entry.length > longest) {
      throw new IllegalArgumentException("an entry has at most " + longest + " bytes");
    }
    if (bundleLength + 2 + entry.length > bundle.length) {
      bundle = Arrays.copyOf(bundle, Math.max(2 * bundle.length, bundleLength + 2 + entry.length));
    }
    bundleLength = Bundle.write(entry, bundle, bundleLength);
    merkle.leaf(entry, 0, entry.length, tile(0), width(size, 0) * Hash.LENGTH);
    size++;
    if (width(size, 0) == 0) {
      full.tile(
          new TilePath(TilePath.ENTRIES, (size >> 8) - 1, TilePath.WIDTH),
          Arrays.copyOf(bundle, bundleLength));
      bundleLength = 0;
    }
    for (int level = 0; width(size, level) == 0; level++) {
      byte[] tile = tile(level);
      full.tile(new TilePath(level, tileIndex(size, level) - 1, TilePath.WIDTH), tile.clone());
      int place = ((int) (size >> (8 * (level + 1))) - 1) & 0xff;
      System.arraycopy(
          root(merkle, tile).shared(), 0, tile(level + 1), place * Hash.LENGTH, Hash.LENGTH);
    }
  }

  Hash root() {
    Hash below = null;
    for (int level = 0; level < tiles.size(); level++) {
      List<Hash> row = new ArrayList<>();
      for (int i = 0; i < width(size, level); i++) {
        row.add(Hash.of(tiles.get(level), i * Hash.LENGTH, Hash.LENGTH));
      }
      if (below != null) {
        row.add(below);
      }
      if (!row.isEmpty()) {
        below = root(row);
      }
    }
    return below == null ? Merkle.EMPTY : below;
  }

  Snapshot snapshot() {
    List<byte[]> copies = new ArrayList<>();
    for (int level = 0; level < tiles.size(); level++) {
      copies.add(Arrays.copyOf(tiles.get(level), width(size, level) * Hash.LENGTH));
    }
    return new Snapshot(size, copies, Arrays.copyOf(bundle, bundleLength));
  }

  /** The root of a full tile. */
  static Hash root(Merkle merkle, byte[] tile) {
    byte[] row = tile.clone();
    for (int width = TilePath.WIDTH; width > 1; width /= 2) {
      for (int i = 0; i < width / 2; i++) {
        merkle.node(row, 2 * i * Hash.LENGTH, row, i * Hash.LENGTH);
      }
    }
    return Hash.of(row, 0, Hash.LENGTH);
  }

  private Hash root(List<Hash> row) {
    if (row.size() == 1) {
      return row.getFirst();
    }
    int split = Integer.highestOneBit(row.size() - 1);
    return merkle.node(root(row.subList(0, split)), root(row.subList(split, row.size())));
  }

  private byte[] tile(int level) {
    while (tiles.size() <= level) {
      tiles.add(new byte[Layout.TILE_BYTES]);
    }
    return tiles.get(level);
  }
}
