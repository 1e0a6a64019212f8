package dev.aye.vault;

import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;

/**
 * The SHA-256 tree of RFC 6962 section 2.1, over leaves that fit in memory: leaf {@code
 * H(00‖data)}, node {@code H(01‖left‖right)}, empty root {@code H("")}.
 */
public final class Merkle {
  private Merkle() {}

  /** The hash of a leaf whose data are these parts, one after the other. */
  public static byte[] leaf(byte[]... parts) {
    MessageDigest digest = Sealing.sha256();
    digest.update((byte) 0);
    for (byte[] part : parts) {
      digest.update(part);
    }
    return digest.digest();
  }

  /** The root over leaf hashes in their order. */
  public static byte[] root(List<byte[]> leaves) {
    Builder builder = new Builder();
    leaves.forEach(builder::add);
    return builder.root();
  }

  /** A root in the making: holds one hash per level, however many leaves come. */
  public static final class Builder {
    private final List<byte[]> peaks = new ArrayList<>();
    private long size;

    /** Adds the hash of the next leaf. */
    public void add(byte[] leaf) {
      byte[] node = leaf;
      for (long n = size; (n & 1) == 1; n >>= 1) {
        node = node(peaks.removeLast(), node);
      }
      peaks.add(node);
      size++;
    }

    public long size() {
      return size;
    }

    public byte[] root() {
      if (peaks.isEmpty()) {
        return Sealing.sha256(new byte[0]);
      }
      byte[] root = peaks.getLast();
      for (int i = peaks.size() - 2; i >= 0; i--) {
        root = node(peaks.get(i), root);
      }
      return root;
    }

    private static byte[] node(byte[] left, byte[] right) {
      return Sealing.sha256(new byte[] {1}, left, right);
    }
  }
}
