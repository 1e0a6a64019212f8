package dev.aye.vault;

import java.security.SecureRandom;
import java.util.HexFormat;

/** The name of a block: 16 random bytes as 32 hexadecimal digits. It says nothing about anybody. */
public record BlockId(String hex) implements Comparable<BlockId> {
  public BlockId {
    if (hex.length() != 32 || !hex.chars().allMatch(c -> "0123456789abcdef".indexOf(c) >= 0)) {
      throw new IllegalArgumentException("a block id is 32 hexadecimal digits");
    }
  }

  static BlockId draw(SecureRandom random) {
    byte[] bytes = new byte[16];
    random.nextBytes(bytes);
    return of(bytes);
  }

  static BlockId of(byte[] bytes) {
    return new BlockId(HexFormat.of().formatHex(bytes));
  }

  byte[] bytes() {
    return HexFormat.of().parseHex(hex);
  }

  @Override
  public int compareTo(BlockId other) {
    return hex.compareTo(other.hex);
  }

  @Override
  public String toString() {
    return hex;
  }
}
