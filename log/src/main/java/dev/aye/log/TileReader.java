package dev.aye.log;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads a log of one size: partial tiles from its edge, full ones from the disk, a few of which it
 * keeps. Belongs to one thread.
 */
final class TileReader implements Merkle.Nodes {
  private static final int KEPT = 48;

  private final Disk disk;
  private final Edge.Snapshot edge;
  private final Merkle merkle = new Merkle();
  private final Map<TilePath, Tile> tiles =
      new LinkedHashMap<>(64, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<TilePath, Tile> eldest) {
          return size() > KEPT;
        }
      };

  TileReader(Disk disk, Edge.Snapshot edge) {
    this.disk = disk;
    this.edge = edge;
  }

  @Override
  public Hash node(int height, long index) {
    int level = height / 8;
    int rise = height % 8;
    long first = index << rise;
    Tile tile = tile(level, first >> 8);
    return tile.node(rise, (int) (first & 0xff) >> rise);
  }

  /** The bytes of a tile or bundle that is in the tree of this size. */
  Optional<byte[]> content(TilePath path) throws Malformed {
    int level = Math.max(path.level(), 0);
    long last = Edge.tileIndex(edge.size(), level);
    int lastWidth = Edge.width(edge.size(), level);
    if (path.index() > last || (path.index() == last && path.width() > lastWidth)) {
      return Optional.empty();
    }
    byte[] widest =
        path.index() == last
            ? edge.content(path.level())
            : full(new TilePath(path.level(), path.index(), TilePath.WIDTH));
    if (path.level() == TilePath.ENTRIES) {
      return Optional.of(Bundle.first(widest, path.width()));
    }
    return Optional.of(Arrays.copyOf(widest, path.width() * Hash.LENGTH));
  }

  /** The entries of a bundle, each checked against its hash in the level 0 tile. */
  List<byte[]> entries(long index) {
    long last = edge.size() >> 8;
    int width = index == last ? Edge.width(edge.size(), 0) : TilePath.WIDTH;
    TilePath path = new TilePath(TilePath.ENTRIES, index, width);
    try {
      List<byte[]> entries =
          Bundle.entries(
              content(path).orElseThrow(() -> new IllegalArgumentException("no such bundle")));
      Tile tile = tile(0, index);
      boolean right = entries.size() == width;
      byte[] hash = new byte[Hash.LENGTH];
      for (int i = 0; i < width && right; i++) {
        byte[] entry = entries.get(i);
        merkle.leaf(entry, 0, entry.length, hash, 0);
        right = tile.node(0, i).equals(Hash.of(hash));
      }
      if (right) {
        return entries;
      }
    } catch (Malformed e) {
      throw new LogException.Corrupt(path.text() + " is altered: " + e.getMessage());
    }
    throw new LogException.Corrupt(path.text() + " is altered: its entries do not hash to tile 0");
  }

  /** A full tile or bundle as it is on the disk; a tile has the right length. */
  byte[] full(TilePath path) {
    int limit = path.level() == TilePath.ENTRIES ? Layout.MAX_BUNDLE : Layout.TILE_BYTES;
    try {
      byte[] content =
          disk.read(path.text(), limit)
              .orElseThrow(() -> new LogException.Corrupt(path.text() + " is missing"));
      if (path.level() != TilePath.ENTRIES && content.length != Layout.TILE_BYTES) {
        throw new LogException.Corrupt(path.text() + " is cut short");
      }
      return content;
    } catch (IOException e) {
      throw new UncheckedIOException("could not read " + path.text(), e);
    }
  }

  private Tile tile(int level, long index) {
    boolean partial = index == Edge.tileIndex(edge.size(), level);
    int width = partial ? Edge.width(edge.size(), level) : TilePath.WIDTH;
    TilePath path = new TilePath(level, index, width);
    Tile tile = tiles.get(path);
    if (tile == null) {
      tile = new Tile(merkle, partial ? edge.content(level) : full(path), width);
      tiles.put(path, tile);
    }
    return tile;
  }

  /** The hashes of a tile, and of the complete subtrees within it once they were asked for. */
  private static final class Tile {
    private final Merkle merkle;
    private final byte[][] rows = new byte[8][];
    private final int width;

    Tile(Merkle merkle, byte[] hashes, int width) {
      this.merkle = merkle;
      this.width = width;
      rows[0] = hashes;
    }

    Hash node(int rise, int place) {
      return Hash.of(row(rise), place * Hash.LENGTH, Hash.LENGTH);
    }

    private byte[] row(int rise) {
      byte @Nullable [] row = rows[rise];
      if (row == null) {
        byte[] below = row(rise - 1);
        row = new byte[(width >> rise) * Hash.LENGTH];
        for (int i = 0; i < width >> rise; i++) {
          merkle.node(below, 2 * i * Hash.LENGTH, row, i * Hash.LENGTH);
        }
        rows[rise] = row;
      }
      return row;
    }
  }
}
