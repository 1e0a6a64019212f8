package dev.aye.learn;

import dev.aye.consent.Handle;
import dev.aye.vault.BlockId;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;

/**
 * Which blocks of a data set are under which handle: what a forgetting job reads instead of the
 * whole manifest. Pairs of {@code handle(32) ‖ block id(16)}, one for each handle of each row.
 */
final class Members {
  private static final int HANDLE = 32;
  private static final int BLOCK = 16;

  private Members() {}

  static byte[] encode(List<Manifest.Row> rows) {
    int pairs = rows.stream().mapToInt(row -> row.handles().size()).sum();
    ByteBuffer out = ByteBuffer.allocate(Math.multiplyExact(pairs, HANDLE + BLOCK));
    for (Manifest.Row row : rows) {
      for (String handle : row.handles()) {
        out.put(new Handle(handle).bytes()).put(HexFormat.of().parseHex(row.block()));
      }
    }
    return out.array();
  }

  /** The blocks under any of these handles. */
  static Set<BlockId> of(byte[] encoded, Set<String> handles) {
    Set<ByteBuffer> wanted = new HashSet<>();
    handles.forEach(handle -> wanted.add(ByteBuffer.wrap(new Handle(handle).bytes())));
    Set<BlockId> blocks = new HashSet<>();
    for (int at = 0; at < encoded.length; at += HANDLE + BLOCK) {
      if (wanted.contains(ByteBuffer.wrap(encoded, at, HANDLE))) {
        blocks.add(
            new BlockId(HexFormat.of().formatHex(encoded, at + HANDLE, at + HANDLE + BLOCK)));
      }
    }
    return blocks;
  }
}
