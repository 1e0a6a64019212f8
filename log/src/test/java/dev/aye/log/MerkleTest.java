package dev.aye.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class MerkleTest {
  private static final int MOST = 600;

  /** The eight entries and roots of the reference implementation of Certificate Transparency. */
  private static final String[] ENTRIES = {
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f"
  };

  private static final String[] ROOTS = {
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
  };

  private static List<byte[]> random(int count, long seed) {
    Random random = new Random(seed);
    List<byte[]> entries = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      byte[] entry = new byte[random.nextInt(Leaf.MAX_LENGTH + 1)];
      random.nextBytes(entry);
      entries.add(entry);
    }
    return entries;
  }

  @Test
  void theRootsAreThoseOfTheReferenceImplementation() {
    Edge edge = new Edge();
    assertThat(edge.root().hex())
        .isEqualTo("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    for (int i = 0; i < ENTRIES.length; i++) {
      edge.append(HexFormat.of().parseHex(ENTRIES[i]), (path, content) -> {});
      assertThat(edge.root().hex()).isEqualTo(ROOTS[i]);
    }
  }

  /** Also the root from the edge, and the tiles, since every proof is made from them. */
  @Test
  void everyProofOfEveryTreeIsTheOneOfTheDefinitionAndHolds() {
    List<byte[]> entries = random(MOST, 1);
    Oracle oracle = new Oracle(entries);
    SimDisk disk = new SimDisk();
    Merkle merkle = new Merkle();
    Edge edge = new Edge();
    for (int size = 1; size <= MOST; size++) {
      edge.append(entries.get(size - 1), (path, content) -> disk.put(path.text(), content));
      Hash root = oracle.root(size);
      assertThat(edge.root()).isEqualTo(root);
      TileReader tiles = new TileReader(disk, edge.snapshot());
      for (int index = 0; index < size; index++) {
        List<Hash> path = merkle.inclusion(index, size, tiles);
        Hash leaf = Merkle.leafHash(entries.get(index));
        if (!path.equals(oracle.inclusion(index, size))
            || !merkle.includes(leaf, index, size, path, root)) {
          throw new AssertionError("inclusion of " + index + " in " + size);
        }
      }
      for (int older = 0; older <= size; older++) {
        List<Hash> path = merkle.consistency(older, size, tiles);
        if (!path.equals(oracle.consistency(older, size))
            || !merkle.extended(older, oracle.root(older), size, root, path)) {
          throw new AssertionError("consistency of " + older + " with " + size);
        }
      }
    }
  }

  @Test
  void aProofWithAnythingElseInItDoesNotHold() {
    List<byte[]> entries = random(MOST, 2);
    Oracle oracle = new Oracle(entries);
    Merkle merkle = new Merkle();
    Random random = new Random(3);
    for (int round = 0; round < 20_000; round++) {
      int size = 2 + random.nextInt(MOST - 1);
      int index = random.nextInt(size);
      Hash leaf = Merkle.leafHash(entries.get(index));
      List<Hash> path = new ArrayList<>(oracle.inclusion(index, size));
      Hash root = oracle.root(size);
      switch (random.nextInt(5)) {
        case 0 -> leaf = Merkle.leafHash(entries.get((index + 1) % size));
        case 1 -> index = other(random, index, size);
        case 2 -> path.remove(random.nextInt(path.size()));
        case 3 -> path.add(random.nextInt(path.size() + 1), root);
        default -> path.set(random.nextInt(path.size()), root);
      }
      if (merkle.includes(leaf, index, size, path, root)) {
        throw new AssertionError("round " + round + " of inclusion");
      }
      int older = 1 + random.nextInt(size - 1);
      List<Hash> proof = new ArrayList<>(oracle.consistency(older, size));
      Hash olderRoot = oracle.root(older);
      switch (random.nextInt(4)) {
        case 0 -> olderRoot = oracle.root(older == 1 ? 2 : older - 1);
        case 1 -> proof.remove(random.nextInt(proof.size()));
        case 2 -> proof.add(random.nextInt(proof.size() + 1), root);
        default -> proof.set(random.nextInt(proof.size()), root);
      }
      if (merkle.extended(older, olderRoot, size, root, proof)) {
        throw new AssertionError("round " + round + " of consistency");
      }
    }
  }

  private static int other(Random random, int index, int size) {
    int other = random.nextInt(size - 1);
    return other < index ? other : other + 1;
  }

  /** The example of C2SP tlog-tiles, "Partial Tiles": a tree of size 70,000. */
  @Test
  void aTreeOfSeventyThousandHasTheTilesOfTheSpecification() {
    Edge edge = new Edge();
    List<String> full = new ArrayList<>();
    byte[] entry = LogTest.leaf(0).encode();
    for (int i = 0; i < 70_000; i++) {
      edge.append(entry, (path, content) -> full.add(path.text()));
    }
    assertThat(full.stream().filter(path -> path.startsWith("tile/0/"))).hasSize(273);
    assertThat(full.stream().filter(path -> path.startsWith("tile/entries/"))).hasSize(273);
    assertThat(full.stream().filter(path -> path.startsWith("tile/1/")))
        .containsExactly("tile/1/000");
    assertThat(edge.snapshot().paths().stream().map(TilePath::text))
        .containsExactly(
            "tile/entries/273.p/112", "tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1");
  }

  @Test
  void aTreeOfTwoHundredAndFiftySixHasAFullTileAndAPartialOneAbove() {
    Edge edge = new Edge();
    for (int i = 0; i < 256; i++) {
      edge.append(new byte[] {1}, (path, content) -> {});
    }
    assertThat(edge.snapshot().paths().stream().map(TilePath::text))
        .containsExactly("tile/1/000.p/1");
  }
}
