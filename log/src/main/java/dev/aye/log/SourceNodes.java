package dev.aye.log;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Map;

/**
 * The hashes of a tree, read from the tiles of a log that is checked: none of them counts before it
 * has led to a signed root. Belongs to one thread.
 */
final class SourceNodes implements Merkle.Nodes {
  /** A tile that is not there, or not of the right length. */
  static final class Missing extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Missing(String message) {
      super(message, null, false, false);
    }
  }

  private final Source source;
  private final long size;
  private final Merkle merkle = new Merkle();
  private final Map<TilePath, byte[]> tiles = new HashMap<>();

  SourceNodes(Source source, long size) {
    this.source = source;
    this.size = size;
  }

  @Override
  public Hash node(int height, long index) {
    int level = height / 8;
    int rise = height % 8;
    long first = index << rise;
    byte[] tile = tile(level, first >> 8);
    int at = (int) (first & 0xff);
    byte[] row = new byte[Hash.LENGTH << rise];
    if ((at + (1 << rise)) * Hash.LENGTH > tile.length) {
      throw new Missing("a tile of level " + level + " is cut short");
    }
    System.arraycopy(tile, at * Hash.LENGTH, row, 0, row.length);
    for (int width = 1 << rise; width > 1; width /= 2) {
      for (int i = 0; i < width / 2; i++) {
        merkle.node(row, 2 * i * Hash.LENGTH, row, i * Hash.LENGTH);
      }
    }
    return Hash.of(row, 0, Hash.LENGTH);
  }

  private byte[] tile(int level, long index) {
    int width = index == Edge.tileIndex(size, level) ? Edge.width(size, level) : TilePath.WIDTH;
    TilePath path = new TilePath(level, index, width);
    byte[] known = tiles.get(path);
    if (known != null) {
      return known;
    }
    try {
      byte[] read = LogVerifier.present(source, path, Layout.TILE_BYTES);
      tiles.put(path, read);
      return read;
    } catch (IOException e) {
      throw new UncheckedIOException(path.text() + " could not be read", e);
    } catch (Malformed e) {
      throw new Missing(String.valueOf(e.getMessage()));
    }
  }
}
