package dev.aye.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.aye.log.Leaf;
import dev.aye.log.Log;
import dev.aye.log.LogException;
import dev.aye.vault.Corrupt;
import dev.aye.vault.Vault;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** When the process ends by itself, and what it says then. */
class SoundnessTest {
  @TempDir Path folder;

  private final List<String> ends = new ArrayList<>();
  private final AtomicLong free = new AtomicLong(Long.MAX_VALUE);
  private Log log;
  private Vault vault;
  private Soundness soundness;

  @BeforeEach
  void open() {
    log = Log.open(folder.resolve("log"), "aye.local/log", new SecureRandom(), Clock.systemUTC());
    vault =
        Vault.open(
            folder.resolve("vault"), folder.resolve("keys"), new SecureRandom(), Clock.systemUTC());
    soundness = new Soundness(log, vault, free::get, ends::add);
  }

  @AfterEach
  void close() {
    log.close();
  }

  @Test
  void whatIsSoundGoesOn() {
    vault.keepArtefact("kind", new byte[10]);
    soundness.check(new IllegalStateException("something else"));
    assertThat(ends).isEmpty();
  }

  @Test
  void aWriteToTheVaultThatFailedEndsTheProcess() throws IOException {
    inPlaceOfAFolder(folder.resolve("vault/blocks"));
    assertThatThrownBy(() -> vault.keepArtefact("kind", new byte[10]))
        .isInstanceOf(RuntimeException.class);
    soundness.check();
    assertThat(ends).singleElement().asString().contains("could not write to the vault");
  }

  @Test
  void aWriteToTheLogThatFailedEndsTheProcess() throws IOException {
    inPlaceOfAFolder(folder.resolve("log"));
    assertThatThrownBy(() -> log.append(new Leaf.Notice(dev.aye.log.Hash.of(new byte[32]))))
        .isInstanceOf(LogException.class);
    soundness.check();
    assertThat(ends).singleElement().asString().contains("could not write to the log");
  }

  @Test
  void aBlockThatWasAlteredEndsTheProcessWhoeverReadIt() throws IOException {
    var id = vault.keepArtefact("kind", new byte[10]);
    try (Stream<Path> blocks = Files.list(folder.resolve("vault/blocks"))) {
      Path block = blocks.findFirst().orElseThrow();
      byte[] bytes = Files.readAllBytes(block);
      bytes[20] ^= 1;
      Files.write(block, bytes);
    }
    assertThatThrownBy(() -> vault.artefact(id)).isInstanceOf(Corrupt.class);
    soundness.check(); // nobody passed the exception on
    assertThat(ends).singleElement().asString().contains("not what it wrote");
  }

  @Test
  void aRowOfTheDatabaseThatDoesNotOpenEndsTheProcess() throws IOException {
    Keys.Box box = new Keys(folder.resolve("own"), new SecureRandom()).box("data");
    byte[] sealed = box.close("seat one", "name");
    assertThatThrownBy(() -> box.open("seat two", sealed))
        .isInstanceOfSatisfying(
            Corrupt.class, e -> soundness.check(new IllegalStateException("a request failed", e)));
    assertThat(ends).singleElement().asString().contains("seat two").doesNotContain("name");
  }

  @Test
  void aLogThatIsClosedInItsOrderEndsNothing() {
    soundness.rest();
    log.close();
    soundness.check();
    assertThat(ends).isEmpty();
  }

  @Test
  void aDiskIsFullBeforeNothingCanBeWrittenAtAll() {
    assertThat(soundness.full()).isFalse();
    free.set(Soundness.RESERVE - 1);
    soundness.check();
    assertThat(soundness.full()).isTrue();
    assertThat(ends).isEmpty();
    free.set(Soundness.RESERVE);
    soundness.check();
    assertThat(soundness.full()).isFalse();
  }

  /** From now on every write below fails, for root as well. */
  private static void inPlaceOfAFolder(Path path) throws IOException {
    try (Stream<Path> files = Files.walk(path)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
    Files.writeString(path, "no folder");
  }
}
