package dev.aye.log;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogTest {
  static final String ORIGIN = "log.example/aye";

  @TempDir Path folder;

  private Log open() {
    return Log.open(folder, ORIGIN, new SecureRandom(), InstantSource.system());
  }

  static Leaf leaf(int n) {
    return new Leaf.Answer(Hash.sha256(("leaf " + n).getBytes(UTF_8)));
  }

  @Test
  void anAppendIsAnsweredWithAProofThatAnybodyCanCheck() {
    try (Log log = open()) {
      LogVerifier verifier = LogVerifier.of(log.vkey()).orElseThrow();
      for (int i = 0; i < 3; i++) {
        Appended appended = log.append(leaf(i));
        assertThat(appended.index()).isEqualTo(i);
        LogVerifier.Proven proven = verifier.proof(appended.proof(), leaf(i)).orElseThrow();
        assertThat(proven.index()).isEqualTo(i);
        assertThat(proven.checkpoint()).isEqualTo(log.checkpoint());
        assertThat(verifier.proof(appended.proof(), leaf(i + 1)).holds()).isFalse();
      }
    }
  }

  @Test
  void aReopenedLogHasTheSameKeyAndGoesOnWhereItWas() throws IOException {
    String vkey;
    Checkpoint before;
    try (Log log = open()) {
      assertThat(log.checkpoint().root()).isEqualTo(Merkle.EMPTY);
      List<CompletableFuture<Appended>> answers = new ArrayList<>();
      for (int i = 0; i < 700; i++) {
        answers.add(log.submit(leaf(i)));
      }
      answers.forEach(CompletableFuture::join);
      vkey = log.vkey();
      before = log.checkpoint();
    }
    try (Log log = open()) {
      assertThat(log.vkey()).isEqualTo(vkey);
      assertThat(log.checkpoint()).isEqualTo(before);
      assertThat(log.append(leaf(700)).index()).isEqualTo(700);
      LogVerifier verifier = LogVerifier.of(vkey).orElseThrow();
      for (int i = 0; i <= 700; i += 50) {
        assertThat(verifier.proof(log.proof(i), leaf(i)).holds()).isTrue();
      }
      assertThat(LogVerifier.consistency(before, log.checkpoint(), log.consistency(before.size())))
          .isTrue();
      List<Leaf> seen = new ArrayList<>();
      assertThat(verifier.folder(folder, List.of(before), (index, leaf) -> seen.add(leaf)))
          .isEqualTo(new Verdict.Holds<>(log.checkpoint()));
      assertThat(seen).hasSize(701).startsWith(leaf(0)).endsWith(leaf(700));
    }
  }

  @Test
  void aSecondOpeningOfTheSameFolderIsRefused() {
    try (Log log = open()) {
      assertThatThrownBy(this::open).isInstanceOf(LogException.InUse.class);
      assertThat(log.append(leaf(0)).index()).isZero();
    }
    open().close();
  }

  @Test
  void theKeyIsForItsOwnerAlone() throws IOException {
    open().close();
    assertThat(
            PosixFilePermissions.toString(
                Files.getPosixFilePermissions(folder.resolve("private/key"))))
        .isEqualTo("rw-------");
    assertThat(
            PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("private"))))
        .isEqualTo("rwx------");
  }

  @Test
  void aNoteThatCouldBeACheckpointIsNotSigned() {
    try (Log log = open()) {
      assertThatThrownBy(() -> log.sign(ORIGIN + "\n5\n" + Merkle.EMPTY.b64() + "\n"))
          .isInstanceOf(IllegalArgumentException.class);
      LogVerifier verifier = LogVerifier.of(log.vkey()).orElseThrow();
      assertThat(verifier.note(log.sign("aye-promise/1\nx\n")))
          .isEqualTo(new Verdict.Holds<>("aye-promise/1\nx\n"));
      assertThat(verifier.note(log.checkpoint().note()).holds()).isFalse();
    }
  }

  @Test
  void callersAtTheSameTimeShareBatchesAndEachHasAPlaceOfItsOwn() throws Exception {
    int callers = 40;
    int each = 25;
    Appended[] answers = new Appended[callers * each];
    try (Log log = open()) {
      List<Thread> threads = new ArrayList<>();
      for (int caller = 0; caller < callers; caller++) {
        int first = caller * each;
        threads.add(
            Thread.ofVirtual()
                .start(() -> {
                  for (int i = first; i < first + each; i++) {
                    answers[i] = log.append(leaf(i));
                  }
                }));
      }
      for (Thread thread : threads) {
        thread.join();
      }
      assertThat(log.size()).isEqualTo(answers.length);
      LogVerifier verifier = LogVerifier.of(log.vkey()).orElseThrow();
      Set<Checkpoint> checkpoints = new HashSet<>();
      Set<Long> places = new HashSet<>();
      for (int i = 0; i < answers.length; i++) {
        LogVerifier.Proven proven = verifier.proof(answers[i].proof(), leaf(i)).orElseThrow();
        assertThat(proven.index()).isEqualTo(answers[i].index());
        places.add(proven.index());
        checkpoints.add(proven.checkpoint());
      }
      assertThat(places).hasSize(answers.length);
      assertThat(checkpoints.size()).isLessThan(answers.length / 2);
      assertThat(verifier.folder(folder, checkpoints, (index, leaf) -> {}).holds()).isTrue();
    }
  }

  @Test
  void whoIsAnsweredMayAppendAgainFromTheAnswer() {
    try (Log log = open()) {
      assertThat(log.submit(leaf(0)).thenApply(first -> log.append(leaf(1)).index()).join())
          .isEqualTo(1);
    }
  }

  @Test
  void whatWasSubmittedBeforeTheCloseIsInTheLogAndWhatComesAfterIsRefused() {
    List<CompletableFuture<Appended>> answers = new ArrayList<>();
    Log log = open();
    for (int i = 0; i < 5000; i++) {
      answers.add(log.submit(leaf(i)));
    }
    log.close();
    assertThat(answers.stream().map(CompletableFuture::join).map(Appended::index))
        .doesNotHaveDuplicates();
    assertThat(log.size()).isEqualTo(5000);
    assertThatThrownBy(() -> log.append(leaf(5000))).isInstanceOf(LogException.Stopped.class);
  }

  @Test
  void aReaderThatFindsAnAlteredTileStopsTheLog() throws IOException {
    try (Log log = open()) {
      List<CompletableFuture<Appended>> answers = new ArrayList<>();
      for (int i = 0; i < 300; i++) {
        answers.add(log.submit(leaf(i)));
      }
      answers.forEach(CompletableFuture::join);
      Path tile = folder.resolve("tile/0/000");
      byte[] bytes = Files.readAllBytes(tile);
      bytes[100] ^= 1;
      Files.write(tile, bytes);
      assertThatThrownBy(() -> log.proof(7)).isInstanceOf(LogException.Corrupt.class);
      assertThat(log.failure()).isPresent();
      assertThatThrownBy(() -> log.append(leaf(300))).isInstanceOf(LogException.Stopped.class);
    }
  }

  @Test
  void aSecondProcessOnTheSameFolderIsRefused() throws Exception {
    try (Log log = open()) {
      log.append(leaf(0));
      assertThat(openInAnotherProcess()).isEqualTo("in use");
    }
    assertThat(openInAnotherProcess()).isEqualTo("opened with 1");
  }

  private String openInAnotherProcess() throws Exception {
    Process process =
        new ProcessBuilder(
                System.getProperty("java.home") + "/bin/java",
                "-cp",
                System.getProperty("java.class.path"),
                OtherProcess.class.getName(),
                folder.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String said = new String(process.getInputStream().readAllBytes(), UTF_8).strip();
    process.waitFor();
    return said;
  }

  /** Opens the log in the folder that is its argument, and says how that went. */
  static final class OtherProcess {
    public static void main(String[] arguments) {
      try (Log log =
          Log.open(Path.of(arguments[0]), ORIGIN, new SecureRandom(), InstantSource.system())) {
        System.out.println("opened with " + log.size());
      } catch (LogException.InUse e) {
        System.out.println("in use");
      }
    }
  }
}
