package dev.aye.log;

import java.util.Optional;

/**
 * The place of a tile or an entry bundle (C2SP tlog-tiles): its level, where {@link #ENTRIES}
 * stands for entry bundles; its number in the level; and how many of its 256 places are taken.
 */
record TilePath(int level, long index, int width) {
  static final int ENTRIES = -1;
  static final int WIDTH = 256;
  private static final int MAX_LEVEL = 6;

  TilePath {
    if (level < ENTRIES || level > MAX_LEVEL || index < 0 || width < 1 || width > WIDTH) {
      throw new IllegalArgumentException("no such tile");
    }
  }

  /** Relative to the log's folder, with {@code /} between. */
  String text() {
    return width == WIDTH ? stem() : partials() + "/" + width;
  }

  /** The folder of the partial versions of this tile. */
  String partials() {
    return stem() + ".p";
  }

  private String stem() {
    StringBuilder path = new StringBuilder();
    long rest = index;
    path.insert(0, threeDigits(rest % 1000));
    while ((rest /= 1000) > 0) {
      path.insert(0, "x" + threeDigits(rest % 1000) + "/");
    }
    return "tile/" + (level == ENTRIES ? "entries" : level) + "/" + path;
  }

  /** Reads a path from the network: empty unless it is exactly what {@link #text} writes. */
  static Optional<TilePath> parse(String path) {
    if (path.length() > 64 || !path.startsWith("tile/")) {
      return Optional.empty();
    }
    String[] parts = path.split("/", -1);
    if (parts.length < 3) {
      return Optional.empty();
    }
    try {
      int level = parts[1].equals("entries") ? ENTRIES : (int) Checkpoint.decimal(parts[1]);
      int last = parts.length - 1;
      int width = WIDTH;
      if (parts[last - 1].endsWith(".p")) {
        width = (int) Checkpoint.decimal(parts[last]);
        last--;
        parts[last] = parts[last].substring(0, parts[last].length() - 2);
      }
      long index = 0;
      for (int i = 2; i <= last; i++) {
        index = index * 1000 + group(parts[i], i < last);
      }
      TilePath tile = new TilePath(level, index, width);
      return tile.text().equals(path) ? Optional.of(tile) : Optional.empty();
    } catch (Malformed | IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static int group(String part, boolean more) throws Malformed {
    String digits = more && part.startsWith("x") ? part.substring(1) : part;
    if (digits.length() != 3 || !digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
      throw new Malformed("a group has three digits");
    }
    return Integer.parseInt(digits);
  }

  private static String threeDigits(long n) {
    return "" + (char) ('0' + n / 100) + (char) ('0' + n / 10 % 10) + (char) ('0' + n % 10);
  }
}
