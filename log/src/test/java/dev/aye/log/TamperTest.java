package dev.aye.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** No stored byte can change unseen: the log does not open, and the folder does not verify. */
class TamperTest {
  private final SimDisk disk = new SimDisk();
  private LogVerifier verifier;
  private Store store;

  @BeforeEach
  void aLogWithFilesOfEachKind() throws IOException {
    store = open();
    append(0, 1000);
    verifier = new LogVerifier(store.key().publicKey());
    assertThat(disk.files())
        .containsExactly(
            "checkpoint",
            "private/head",
            "private/key",
            "tile/0/000",
            "tile/0/001",
            "tile/0/002",
            "tile/0/003.p/232",
            "tile/1/000.p/3",
            "tile/entries/000",
            "tile/entries/001",
            "tile/entries/002",
            "tile/entries/003.p/232");
  }

  private Store open() throws IOException {
    return Store.open(disk, LogTest.ORIGIN, new SecureRandom());
  }

  private void append(int from, int to) throws IOException {
    List<byte[]> batch = new ArrayList<>();
    for (int i = from; i < to; i++) {
      batch.add(LogTest.leaf(i).encode());
    }
    store.append(batch);
    store.tidy();
  }

  private void isFound(String path) throws IOException {
    assertThatThrownBy(this::open).as(path).isInstanceOf(LogException.Corrupt.class);
    if (!path.startsWith("private/")) {
      assertThat(verifier.folder(disk, List.of(), (index, leaf) -> {}).holds()).as(path).isFalse();
    }
  }

  @Test
  void aFlippedBitIsFoundInEachFile() throws IOException {
    Random random = new Random(5);
    for (String path : disk.files()) {
      byte[] whole = disk.get(path);
      for (int round = 0; round < 12; round++) {
        byte[] altered = whole.clone();
        altered[random.nextInt(whole.length)] ^= (byte) (1 << random.nextInt(8));
        disk.put(path, altered);
        isFound(path);
      }
      disk.put(path, whole);
    }
    open();
  }

  @Test
  void aFileThatIsCutShortOrGoneIsFound() throws IOException {
    for (String path : disk.files()) {
      byte[] whole = disk.get(path);
      for (int length : new int[] {0, 1, whole.length / 2, whole.length - 1}) {
        disk.put(path, Arrays.copyOf(whole, length));
        isFound(path);
      }
      disk.remove(path);
      isFound(path);
      disk.put(path, whole);
    }
    open();
  }

  @Test
  void aCheckNamesTheFileThatIsWrongAndChangesNothing() throws IOException {
    store.witnessed(store.published().checkpoint());
    assertThat(Store.check(disk)).isEqualTo(new Verdict.Holds<>(store.published().checkpoint()));
    long changes = disk.changes();
    Random random = new Random(9);
    for (String path : disk.files()) {
      byte[] whole = disk.get(path);
      byte[] altered = whole.clone();
      altered[random.nextInt(whole.length)] ^= (byte) (1 << random.nextInt(8));
      for (byte[] wrong : List.of(altered, Arrays.copyOf(whole, whole.length / 2))) {
        disk.put(path, wrong);
        assertThat(Store.check(disk).holds()).as(path).isFalse();
        if (!path.equals("checkpoint")) {
          assertThat(((Verdict.Fails<Checkpoint>) Store.check(disk)).reason()).contains(path);
        }
        disk.put(path, whole);
      }
      disk.remove(path);
      boolean needed = !path.equals("private/witnessed");
      assertThat(Store.check(disk).holds()).as(path + " is gone").isNotEqualTo(needed);
      disk.put(path, whole);
    }
    assertThat(Store.check(disk).holds()).isTrue();
    assertThat(disk.changes()).isEqualTo(changes);
  }

  /** Reading all of a very long log would hold up its start. */
  @Test
  void anAlteredTileFromLongAgoIsFoundAfterTheStart() throws IOException {
    SimDisk large = new SimDisk();
    Store written = Store.open(large, LogTest.ORIGIN, new SecureRandom());
    byte[] entry = LogTest.leaf(0).encode();
    while (written.published().checkpoint().size() < (1 << 18) + 70_000) {
      written.append(Collections.nCopies(Layout.MAX_BATCH, entry));
      written.tidy();
    }
    for (String path : List.of("tile/0/001", "tile/entries/001", "tile/1/000")) {
      byte[] whole = large.get(path);
      byte[] altered = whole.clone();
      altered[300] ^= 4;
      large.put(path, altered);
      assertThatThrownBy(
              () -> Store.open(large, LogTest.ORIGIN, new SecureRandom()).checkOldest(() -> false))
          .as(path)
          .isInstanceOf(LogException.Corrupt.class)
          .hasMessageContaining(path + " is altered");
      large.put(path, whole);
    }
    Store.open(large, LogTest.ORIGIN, new SecureRandom()).checkOldest(() -> false);
  }

  @Test
  void anOlderCheckpointPutBackIsFound() throws IOException {
    byte[] published = disk.get("checkpoint");
    byte[] head = disk.get("private/head");
    append(1000, 1001);
    disk.put("checkpoint", published);
    assertThatThrownBy(this::open).isInstanceOf(LogException.Corrupt.class);
    disk.put("checkpoint", disk.get("private/head"));
    disk.put("private/head", head);
    assertThatThrownBy(this::open).isInstanceOf(LogException.Corrupt.class);
  }

  @Test
  void aLogThatWasCutBackAsAWholeIsFoundByWhoKnowsALaterCheckpoint() throws IOException {
    SimDisk older = disk.copy();
    append(1000, 1001);
    List<Checkpoint> known = List.of(store.published().checkpoint());
    assertThat(verifier.folder(disk, known, (index, leaf) -> {}).holds()).isTrue();
    assertThat(verifier.folder(older, known, (index, leaf) -> {}).holds()).isFalse();
  }

  @Test
  void aForkIsFoundByWhoKnowsTheOtherSide() throws IOException {
    SimDisk fork = disk.copy();
    append(1000, 1001);
    List<Checkpoint> known = List.of(store.published().checkpoint());
    store = Store.open(fork, LogTest.ORIGIN, new SecureRandom());
    append(2000, 2002);
    assertThat(verifier.folder(fork, List.of(), (index, leaf) -> {}).holds()).isTrue();
    assertThat(verifier.folder(fork, known, (index, leaf) -> {}).holds()).isFalse();
  }

  @Test
  void anAlteredStagingIsFoundBeforeItIsReplayed() throws IOException {
    for (long at = 0; ; at++) {
      SimDisk crashed = disk.copy();
      store = Store.open(crashed, LogTest.ORIGIN, new SecureRandom());
      crashed.failAfter(at, SimDisk.Fault.DONE);
      try {
        store.append(List.of(LogTest.leaf(1000).encode()));
      } catch (IOException expected) {
        crashed.reboot(SimDisk.Loss.NONE, 0);
      }
      if (Arrays.equals(crashed.get("private/head"), disk.get("private/head"))) {
        continue;
      }
      byte[] staged = crashed.get("private/staging/1001");
      staged[5] ^= 1;
      crashed.put("private/staging/1001", staged);
      assertThatThrownBy(() -> Store.open(crashed, LogTest.ORIGIN, new SecureRandom()))
          .isInstanceOf(LogException.Corrupt.class);
      break;
    }
  }

  @Test
  void aLogIsNotOpenedUnderAnotherOrigin() {
    assertThatThrownBy(() -> Store.open(disk, "other.example/log", new SecureRandom()))
        .isInstanceOf(LogException.Corrupt.class)
        .hasMessageContaining("it cannot be opened as other.example/log");
  }

  @Test
  void aTileThatIsAlteredWhileTheLogIsOpenSpoilsNoProof() {
    byte[] tile = disk.get("tile/0/001");
    tile[40] ^= 1;
    disk.put("tile/0/001", tile);
    assertThatThrownBy(() -> store.proof(store.published(), 300))
        .isInstanceOf(LogException.Corrupt.class);
    assertThat(store.proof(store.published(), 10)).contains("index 10\n");
  }
}
