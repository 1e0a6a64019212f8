package dev.aye.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A log that comes back from a backup goes on as itself, or not at all. */
@Timeout(60)
class RestoreTest {
  @TempDir Path temp;

  private Log open(String folder, Witnessing witnessing) {
    return Log.open(
        temp.resolve(folder),
        LogTest.ORIGIN,
        new SecureRandom(),
        InstantSource.system(),
        witnessing);
  }

  private static void fill(Log log, int size) {
    List<CompletableFuture<Appended>> answers = new ArrayList<>();
    for (int i = (int) log.size(); i < size; i++) {
      answers.add(log.submit(LogTest.leaf(i)));
    }
    answers.forEach(CompletableFuture::join);
  }

  private Verdict<Checkpoint> restore(String newer, boolean current, String to) throws IOException {
    return Log.restore(
        temp.resolve("copy"),
        newer.isEmpty() ? Optional.empty() : Optional.of(temp.resolve(newer)),
        current,
        temp.resolve(to));
  }

  @Test
  void aCopyIsBroughtUpToDateWhileTheLogGoesOnAndKeepsTheKeyToItself() throws Exception {
    try (Log log = open("log", Witnessing.NONE)) {
      for (int size : new int[] {0, 1, 255, 256, 700, 701, 1400}) {
        fill(log, size);
        log.copyTo(temp.resolve("copy"));
        Checkpoint copied = log.checkpoint();
        assertThat(restore("", true, "from" + size)).isEqualTo(new Verdict.Holds<>(copied));
        try (Log restored = open("from" + size, Witnessing.NONE)) {
          assertThat(restored.checkpoint()).isEqualTo(copied);
          assertThat(restored.vkey()).isEqualTo(log.vkey());
          assertThat(restored.append(LogTest.leaf(size)).index()).isEqualTo(size);
        }
        assertThat(Log.check(temp.resolve("from" + size)).holds()).isTrue();
      }
    }
    assertThat(
            PosixFilePermissions.toString(
                Files.getPosixFilePermissions(temp.resolve("copy/private/key"))))
        .isEqualTo("rw-------");
    assertThat(temp.resolve("copy/tile/0/000.p")).doesNotExist();
  }

  @Test
  void aCopyIsRestoredOnlyIfItIsWholeAndAMirrorOnlyIfItIsAContinuation() throws Exception {
    try (Log log = open("log", Witnessing.NONE);
        Log other = open("other", Witnessing.NONE)) {
      fill(log, 600);
      fill(other, 900);
      log.copyTo(temp.resolve("copy"));
      fill(log, 900);
      assertThat(restore("other", true, "a").holds()).isFalse();
      assertThat(restore("log", true, "b")).isEqualTo(new Verdict.Holds<>(log.checkpoint()));
      Path tile = temp.resolve("copy/tile/0/001");
      byte[] bytes = Files.readAllBytes(tile);
      bytes[7] ^= 1;
      Files.write(tile, bytes);
      assertThat(restore("", true, "c"))
          .asString()
          .contains("tile/0/001 is not what the entries in tile/entries/001 lead to");
      assertThat(temp.resolve("c")).doesNotExist();
    }
  }

  @Test
  void aRestoredLogNeverForksWhatItsWitnessesHaveSeen() throws Exception {
    String vkey;
    try (Log log = open("log", Witnessing.NONE)) {
      vkey = log.vkey();
    }
    try (TestWitness witness = new TestWitness("witness.example/w", vkey)) {
      Witnessing witnessing = new Witnessing(List.of(witness.asked()), 1, Duration.ofSeconds(30));
      try (Log log = open("log", witnessing)) {
        log.append(LogTest.leaf(0));
        log.copyTo(temp.resolve("copy"));
        log.append(LogTest.leaf(1));
      }
      restore("", false, "old").orElseThrow();
      assertThatThrownBy(() -> open("old", witnessing))
          .isInstanceOf(LogException.Behind.class)
          .hasMessageContaining("has seen 2 leaves of this log, which has 1 here");
      assertThatThrownBy(() -> open("old", Witnessing.NONE))
          .isInstanceOf(LogException.Behind.class)
          .hasMessageContaining("no witnesses");
      restore("log", false, "new").orElseThrow();
      try (Log log = open("new", witnessing)) {
        assertThat(log.append(LogTest.leaf(2)).index()).isEqualTo(2);
      }
      try (Log log = open("new", Witnessing.NONE)) {
        assertThat(log.size()).isEqualTo(3);
      }
    }
  }
}
