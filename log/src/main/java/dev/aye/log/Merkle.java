package dev.aye.log;

import java.security.DigestException;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The Merkle tree of RFC 6962, section 2.1: its hashes, its proofs and their checks. An instance
 * holds one digest and belongs to one thread.
 */
final class Merkle {
  /** The root of the empty tree: SHA-256 of nothing. */
  static final Hash EMPTY = Hash.sha256();

  /** Where proofs find the hashes of complete subtrees. */
  @FunctionalInterface
  interface Nodes {
    /**
     * The root of the complete subtree over the leaves {@code [index << height, (index + 1) <<
     * height)}, all of which are in the tree.
     */
    Hash node(int height, long index);
  }

  private final MessageDigest digest = Hash.digest();

  static Hash leafHash(byte[] entry) {
    byte[] out = new byte[Hash.LENGTH];
    new Merkle().leaf(entry, 0, entry.length, out, 0);
    return Hash.of(out);
  }

  /** Writes {@code H(00 ‖ entry)}. */
  void leaf(byte[] entry, int offset, int length, byte[] out, int outOffset) {
    digest.update((byte) 0);
    digest.update(entry, offset, length);
    finish(out, outOffset);
  }

  /** Writes {@code H(01 ‖ pair)}, where the pair is two hashes side by side. */
  void node(byte[] pairs, int offset, byte[] out, int outOffset) {
    digest.update((byte) 1);
    digest.update(pairs, offset, 2 * Hash.LENGTH);
    finish(out, outOffset);
  }

  Hash node(Hash left, Hash right) {
    byte[] out = new byte[Hash.LENGTH];
    digest.update((byte) 1);
    digest.update(left.shared());
    digest.update(right.shared());
    finish(out, 0);
    return Hash.of(out);
  }

  /** The inclusion proof of a leaf in the tree of that size, from its sibling up (2.1.1). */
  List<Hash> inclusion(long index, long size, Nodes nodes) {
    if (index < 0 || index >= size) {
      throw new IllegalArgumentException("no leaf " + index + " in a tree of " + size);
    }
    List<Hash> path = new ArrayList<>();
    inclusion(index, 0, size, nodes, path);
    return path;
  }

  private void inclusion(long index, long from, long to, Nodes nodes, List<Hash> path) {
    if (to - from == 1) {
      return;
    }
    long middle = from + split(to - from);
    if (index < middle) {
      inclusion(index, from, middle, nodes, path);
      path.add(subtree(middle, to, nodes));
    } else {
      inclusion(index, middle, to, nodes, path);
      path.add(subtree(from, middle, nodes));
    }
  }

  /** The proof that the tree of the newer size extends the one of the older size (2.1.2). */
  List<Hash> consistency(long older, long newer, Nodes nodes) {
    if (older < 0 || older > newer) {
      throw new IllegalArgumentException("no tree of " + older + " in a tree of " + newer);
    }
    List<Hash> path = new ArrayList<>();
    if (older > 0 && older < newer) {
      consistency(older, 0, newer, true, nodes, path);
    }
    return path;
  }

  private void consistency(
      long older, long from, long to, boolean known, Nodes nodes, List<Hash> path) {
    if (older == to - from) {
      if (!known) {
        path.add(subtree(from, to, nodes));
      }
      return;
    }
    long split = split(to - from);
    if (older <= split) {
      consistency(older, from, from + split, known, nodes, path);
      path.add(subtree(from + split, to, nodes));
    } else {
      consistency(older - split, from + split, to, false, nodes, path);
      path.add(subtree(from, from + split, nodes));
    }
  }

  /** The root of the subtree over these leaves, complete or at the right edge. */
  Hash subtree(long from, long to, Nodes nodes) {
    long width = to - from;
    if (Long.bitCount(width) == 1) {
      int height = Long.numberOfTrailingZeros(width);
      return nodes.node(height, from >> height);
    }
    long middle = from + split(width);
    return node(subtree(from, middle, nodes), subtree(middle, to, nodes));
  }

  /** RFC 9162, section 2.1.3.2. */
  boolean includes(Hash leaf, long index, long size, List<Hash> path, Hash root) {
    if (index < 0 || index >= size) {
      return false;
    }
    long fn = index;
    long sn = size - 1;
    Hash r = leaf;
    for (Hash p : path) {
      if (sn == 0) {
        return false;
      }
      if ((fn & 1) == 1 || fn == sn) {
        r = node(p, r);
        while ((fn & 1) == 0 && fn != 0) {
          fn >>= 1;
          sn >>= 1;
        }
      } else {
        r = node(r, p);
      }
      fn >>= 1;
      sn >>= 1;
    }
    return sn == 0 && r.equals(root);
  }

  /** RFC 9162, section 2.1.4.2; the empty tree is a prefix of all, with an empty proof. */
  boolean extended(long older, Hash olderRoot, long newer, Hash newerRoot, List<Hash> path) {
    if (older < 0 || older > newer) {
      return false;
    }
    if (older == newer) {
      return path.isEmpty() && olderRoot.equals(newerRoot);
    }
    if (older == 0) {
      return path.isEmpty() && olderRoot.equals(EMPTY);
    }
    List<Hash> hashes = new ArrayList<>(path);
    if (Long.bitCount(older) == 1) {
      hashes.addFirst(olderRoot);
    }
    return prefix(older, newer, hashes)
        .filter(roots -> roots.older().equals(olderRoot) && roots.newer().equals(newerRoot))
        .isPresent();
  }

  /** The root over all leaves of a tree, and the one over the first of them. */
  record Roots(Hash older, Hash newer) {}

  /**
   * Where a consistency path leads whose first hash is always spelt out (2.1.4.2 without its step
   * 2); empty if it is none between these sizes. A path that leads to the root of a tree leads to
   * the one root that its first leaves have.
   */
  Optional<Roots> prefix(long older, long newer, List<Hash> path) {
    if (older < 1 || older >= newer || path.isEmpty()) {
      return Optional.empty();
    }
    long fn = older - 1;
    long sn = newer - 1;
    while ((fn & 1) == 1) {
      fn >>= 1;
      sn >>= 1;
    }
    Hash fr = path.getFirst();
    Hash sr = fr;
    for (Hash c : path.subList(1, path.size())) {
      if (sn == 0) {
        return Optional.empty();
      }
      if ((fn & 1) == 1 || fn == sn) {
        fr = node(c, fr);
        sr = node(c, sr);
        while ((fn & 1) == 0 && fn != 0) {
          fn >>= 1;
          sn >>= 1;
        }
      } else {
        sr = node(sr, c);
      }
      fn >>= 1;
      sn >>= 1;
    }
    return sn == 0 ? Optional.of(new Roots(fr, sr)) : Optional.empty();
  }

  /** The largest power of two below n, for n of at least 2. */
  private static long split(long n) {
    return Long.highestOneBit(n - 1);
  }

  private void finish(byte[] out, int offset) {
    try {
      digest.digest(out, offset, Hash.LENGTH);
    } catch (DigestException e) {
      throw new IllegalStateException("32 bytes are room enough for SHA-256", e);
    }
  }
}
