package dev.aye.log;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The tree as RFC 6962, section 2.1, defines it, by recursion over the entries and with no thought
 * of tiles; and the judge of a whole log.
 */
final class Oracle {
  private record Range(int from, int to) {}

  private final List<byte[]> entries;
  private final Map<Range, Hash> known = new HashMap<>();

  Oracle(List<byte[]> entries) {
    this.entries = entries;
  }

  Hash root(int size) {
    return size == 0 ? Hash.sha256() : hash(0, size);
  }

  List<Hash> inclusion(int index, int size) {
    return path(index, 0, size);
  }

  List<Hash> consistency(int older, int newer) {
    return older == 0 || older == newer ? List.of() : proof(older, 0, newer, true);
  }

  private Hash hash(int from, int to) {
    Hash hash = known.get(new Range(from, to));
    if (hash == null) {
      if (to - from == 1) {
        hash = Hash.sha256(new byte[] {0}, entries.get(from));
      } else {
        int k = split(to - from);
        hash =
            Hash.sha256(new byte[] {1}, hash(from, from + k).bytes(), hash(from + k, to).bytes());
      }
      known.put(new Range(from, to), hash);
    }
    return hash;
  }

  private List<Hash> path(int m, int from, int to) {
    if (to - from == 1) {
      return new ArrayList<>();
    }
    int k = split(to - from);
    List<Hash> path = m < k ? path(m, from, from + k) : path(m - k, from + k, to);
    path.add(m < k ? hash(from + k, to) : hash(from, from + k));
    return path;
  }

  private List<Hash> proof(int m, int from, int to, boolean whole) {
    if (m == to - from) {
      return new ArrayList<>(whole ? List.of() : List.of(hash(from, to)));
    }
    int k = split(to - from);
    List<Hash> proof = m <= k ? proof(m, from, from + k, whole) : proof(m - k, from + k, to, false);
    proof.add(m <= k ? hash(from + k, to) : hash(from, from + k));
    return proof;
  }

  private static int split(int n) {
    int k = 1;
    while (2 * k < n) {
      k *= 2;
    }
    return k;
  }

  /**
   * Judges a log from its disk: it has what was acknowledged, nothing that nobody appended, batches
   * whole or not at all; and its root, tiles, proofs and signatures are those of its entries.
   *
   * @param attempted all entries in the order in which they were appended, answered or not
   * @param ends the sizes that the log may have
   */
  static void judge(
      Disk disk, Store store, List<byte[]> attempted, List<Integer> ends, List<Checkpoint> acked)
      throws Exception {
    Checkpoint at = store.published().checkpoint();
    check(ends.contains((int) at.size()), "a size that no batch ended at: " + at.size());
    for (Checkpoint one : acked) {
      check(one.size() <= at.size(), "an acknowledged entry is lost");
    }
    List<byte[]> entries = attempted.subList(0, (int) at.size());
    Oracle oracle = new Oracle(entries);
    check(oracle.root(entries.size()).equals(at.root()), "the root is not that of the entries");

    List<Leaf> seen = new ArrayList<>();
    LogVerifier verifier = new LogVerifier(store.key().publicKey());
    Verdict<Checkpoint> verdict = verifier.folder(disk, acked, (index, leaf) -> seen.add(leaf));
    check(verdict.equals(new Verdict.Holds<>(at)), "the folder does not verify: " + verdict);
    check(seen.equals(entries.stream().map(Leaf::decode).toList()), "the entries differ");

    TileReader tiles = new TileReader(disk, store.published().edge());
    Merkle merkle = new Merkle();
    for (int i = 0; i < entries.size(); i += 97) {
      check(
          merkle.inclusion(i, entries.size(), tiles).equals(oracle.inclusion(i, entries.size())),
          "a proof differs");
    }
    for (Checkpoint one : acked) {
      check(
          LogVerifier.consistency(one, at, store.consistency(one.size())),
          "the log is not a continuation of what was acknowledged");
    }
  }

  private static void check(boolean holds, String claim) {
    if (!holds) {
      throw new AssertionError(claim);
    }
  }
}
