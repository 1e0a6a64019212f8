package dev.aye.log;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The log and witnesses of all kinds, over real HTTP on this machine. */
@Timeout(60)
class WitnessTest {
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final Duration SHORT = Duration.ofMillis(200);

  @TempDir Path temp;
  private Path folder;
  private String vkey;
  private final List<TestWitness> witnesses = new ArrayList<>();

  @BeforeEach
  void aLogWithItsKey() throws Exception {
    folder = temp.resolve("log");
    try (Log log = open(Witnessing.NONE)) {
      vkey = log.vkey();
    }
    for (String name : List.of("witness.example/a", "witness.example/b", "witness.example/c")) {
      witnesses.add(new TestWitness(name, vkey));
    }
  }

  @AfterEach
  void endTheWitnesses() {
    witnesses.forEach(TestWitness::close);
  }

  private Log open(Witnessing witnessing) {
    return open(folder, witnessing);
  }

  private static Log open(Path folder, Witnessing witnessing) {
    return Log.open(folder, LogTest.ORIGIN, new SecureRandom(), InstantSource.system(), witnessing);
  }

  private Witnessing all(int quorum, Duration patience) {
    return new Witnessing(witnesses.stream().map(TestWitness::asked).toList(), quorum, patience);
  }

  /** A log has no event for what its witnesses do on their own time; this asks until it is so. */
  private static void comes(BooleanSupplier claim) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!claim.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new TimeoutException();
      }
      Thread.onSpinWait();
      TimeUnit.MILLISECONDS.sleep(2);
    }
  }

  @Test
  void anAnswerComesWithTheCosignaturesOfAQuorum() throws Exception {
    Witnessing witnessing = all(2, LONG);
    try (Log log = open(witnessing)) {
      LogVerifier strict = LogVerifier.of(vkey).orElseThrow().requiring(witnessing.policy());
      for (int i = 0; i < 5; i++) {
        Appended answer = log.append(LogTest.leaf(i));
        assertThat(answer.index()).isEqualTo(i);
        assertThat(strict.proof(answer.proof(), LogTest.leaf(i)).holds()).isTrue();
      }
      comes(() -> log.checkpoint().note().lines().count() >= 7);
      assertThat(strict.checkpoint(log.checkpoint().note()).holds()).isTrue();
      assertThat(log.witnessed()).isPresent();
      assertThat(strict.proof(log.proof(0), LogTest.leaf(0)).holds()).isTrue();
      assertThat(log.resource("witnessed").orElseThrow().bytes())
          .isEqualTo(log.witnessed().orElseThrow().note().getBytes(UTF_8));
      comes(() -> log.witnesses().stream().allMatch(state -> state.size() == 5));
      assertThat(log.witnesses()).allMatch(state -> state.trouble().isEmpty());
    }
    try (Log log = open(Witnessing.NONE)) {
      assertThat(witnessing.policy().check(log.checkpoint()).holds()).isTrue();
      assertThat(log.append(LogTest.leaf(5)).index()).isEqualTo(5);
    }
  }

  @Test
  void aCheckpointIsWitnessedOnlyByEnoughDifferentWitnesses() {
    try (Log log = open(Witnessing.NONE)) {
      log.append(LogTest.leaf(0));
      String note = log.checkpoint().note();
      String text = note.substring(0, note.indexOf("\n\n") + 1);
      TestWitness a = witnesses.get(0);
      TestWitness b = witnesses.get(1);
      LogVerifier verifier =
          LogVerifier.of(vkey)
              .orElseThrow()
              .requiring(new WitnessPolicy(List.of(a.key(), b.key()), 2));
      assertThat(verifier.checkpoint(note).holds()).isFalse();
      String once = note + a.cosign(text, 5);
      assertThat(verifier.checkpoint(once).holds()).isFalse();
      assertThat(verifier.checkpoint(once + a.cosign(text, 6)).holds()).isFalse();
      assertThat(verifier.checkpoint(once + b.cosign(text + "x", 5)).holds()).isFalse();
      assertThat(verifier.checkpoint(once + b.cosign(text, 5)).holds()).isTrue();
      String altered = b.cosign(text, 5);
      for (int i = 20; i < altered.length() - 1; i += 7) {
        char other = altered.charAt(i) == 'A' ? 'B' : 'A';
        String changed = altered.substring(0, i) + other + altered.substring(i + 1);
        assertThat(verifier.checkpoint(once + changed).holds()).isFalse();
      }
      assertThat(verifier.checkpoint(a.cosign(text, 5)).holds()).isFalse();
    }
  }

  @Test
  void oneKeyIsNeverCountedTwice() throws Exception {
    WitnessKey a = witnesses.get(0).key();
    assertThatThrownBy(() -> new WitnessPolicy(List.of(a, a), 2))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new WitnessPolicy(List.of(a), 2))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aWithdrawalNeverWaitsAndAnAnswerIsToldThatItHasTo() {
    witnesses.forEach(witness -> witness.be(TestWitness.Mood.SILENT));
    try (Log log = open(all(1, SHORT))) {
      assertThatThrownBy(() -> log.append(LogTest.leaf(0)))
          .isInstanceOf(LogException.NotWitnessed.class)
          .hasMessageContaining("its witnesses have not cosigned it");
      Leaf withdrawal = new Leaf.Withdraw(Secret32.of(new byte[32]));
      Appended withdrawn = log.append(withdrawal);
      assertThat(withdrawn.index()).isEqualTo(1);
      assertThat(LogVerifier.of(vkey).orElseThrow().proof(withdrawn.proof(), withdrawal).holds())
          .isTrue();
      assertThatThrownBy(() -> log.append(new Leaf.Capture(Hash.sha256())))
          .isInstanceOf(LogException.NotWitnessed.class);
      assertThat(log.append(new Leaf.Shred(Hash.sha256())).index()).isEqualTo(3);
      assertThat(log.failure()).isEmpty();
    }
  }

  @Test
  void anAnswerThatGrantsNothingWaitsForNoWitness() {
    witnesses.forEach(witness -> witness.be(TestWitness.Mood.SILENT));
    try (Log log = open(all(1, LONG))) {
      Appended answer = log.appendUnwitnessed(LogTest.leaf(0));
      assertThat(answer.index()).isZero();
      assertThat(LogVerifier.of(vkey).orElseThrow().proof(answer.proof(), LogTest.leaf(0)).holds())
          .isTrue();
    }
    try (Log log = open(all(1, SHORT))) {
      assertThatThrownBy(() -> log.append(LogTest.leaf(1)))
          .isInstanceOf(LogException.NotWitnessed.class);
      assertThat(log.appendUnwitnessed(LogTest.leaf(1)).index()).as("its place").isEqualTo(1);
      assertThat(log.size()).isEqualTo(2);
    }
  }

  @Test
  void anAnswerThatWasNotWitnessedInTimeKeepsItsPlaceWhenItIsSentAgain() throws Exception {
    witnesses.forEach(witness -> witness.be(TestWitness.Mood.BROKEN));
    Witnessing witnessing = all(1, SHORT);
    try (Log log = open(witnessing)) {
      for (int i = 0; i < 3; i++) {
        assertThatThrownBy(() -> log.append(LogTest.leaf(0)))
            .isInstanceOf(LogException.NotWitnessed.class);
      }
      assertThat(log.size()).isEqualTo(1);
      witnesses.forEach(witness -> witness.be(TestWitness.Mood.HONEST));
      comes(() -> log.witnessed().isPresent());
      Appended answer = log.append(LogTest.leaf(0));
      assertThat(answer.index()).isZero();
      assertThat(
              LogVerifier.of(vkey)
                  .orElseThrow()
                  .requiring(witnessing.policy())
                  .proof(answer.proof(), LogTest.leaf(0))
                  .holds())
          .isTrue();
      assertThat(log.append(LogTest.leaf(1)).index()).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @EnumSource(
      mode = EnumSource.Mode.EXCLUDE,
      names = {"HONEST", "SILENT"})
  void aWitnessThatMisbehavesDoesNotCountAndStopsNobody(TestWitness.Mood mood) throws Exception {
    TestWitness bad = witnesses.get(0);
    Witnessing onlyBad = new Witnessing(List.of(bad.asked()), 1, SHORT);
    try (Log log = open(new Witnessing(List.of(bad.asked()), 1, LONG))) {
      log.append(LogTest.leaf(0)); // it agreed once
      bad.be(mood);
      log.append(new Leaf.Shred(Hash.sha256()));
      comes(() -> log.witnesses().getFirst().trouble().isPresent());
      assertThat(log.witnesses().getFirst().trouble().orElseThrow()).startsWith("It").endsWith(".");
      assertThat(log.failure()).isEmpty();
      assertThat(log.witnessed().orElseThrow().size()).isEqualTo(1);
    }
    if (mood != TestWitness.Mood.BOASTING) {
      try (Log log = open(onlyBad)) {
        assertThatThrownBy(() -> log.append(LogTest.leaf(1)))
            .isInstanceOf(LogException.NotWitnessed.class);
      }
    }
    try (Log log = open(all(2, LONG))) {
      assertThat(log.append(LogTest.leaf(1)).index()).isPositive();
    } catch (LogException.Behind e) {
      assertThat(mood).isEqualTo(TestWitness.Mood.BOASTING);
    }
  }

  @Test
  void aWitnessThatIsGoneIsAStateAndNotAHang() throws Exception {
    witnesses.get(2).close();
    Witness nowhere = new Witness(witnesses.get(0).key(), URI.create("http://127.0.0.1:1/nothing"));
    Witnessing witnessing =
        new Witnessing(
            List.of(nowhere, witnesses.get(1).asked(), witnesses.get(2).asked()), 1, LONG);
    try (Log log = open(witnessing)) {
      assertThat(log.append(LogTest.leaf(0)).index()).isZero();
      comes(() -> log.witnesses().get(0).trouble().isPresent());
      comes(() -> log.witnesses().get(2).trouble().isPresent());
      assertThat(log.witnesses().get(1).trouble()).isEmpty();
      assertThat(log.witnesses().get(1).size()).isEqualTo(1);
    }
  }

  @Test
  void aWitnessThatComesLateIsToldWhereTheLogIs() throws Exception {
    try (Log log = open(all(0, LONG))) {
      List<CompletableFuture<Appended>> answers = new ArrayList<>();
      for (int i = 0; i <= 300; i++) {
        answers.add(log.submit(LogTest.leaf(i)));
      }
      answers.forEach(CompletableFuture::join);
      comes(() -> witnesses.stream().allMatch(w -> w.cosigned().contains(301L)));
    }
    try (Log log = open(all(3, LONG))) {
      assertThat(log.append(LogTest.leaf(301)).index()).isEqualTo(301);
      assertThat(witnesses).allMatch(w -> w.cosigned().getLast() == 302);
    }
  }

  @Test
  void aRestoredLogBehindWhatAWitnessSawDoesNotOpen() throws Exception {
    try (Log log = open(all(2, LONG))) {
      log.append(LogTest.leaf(0));
    }
    Path backup = copy(folder, temp.resolve("backup"));
    try (Log log = open(all(2, LONG))) {
      log.append(LogTest.leaf(1));
      comes(() -> witnesses.stream().allMatch(w -> w.cosigned().contains(2L)));
    }
    assertThatThrownBy(() -> open(backup, all(2, LONG)))
        .isInstanceOf(LogException.Behind.class)
        .hasMessageContaining("has seen 2 leaves of this log, which has 1 here");
    assertThatThrownBy(() -> open(backup, all(0, LONG))).isInstanceOf(LogException.Behind.class);
  }

  @Test
  void aRestoredLogThatWentOnAloneIsStoppedByTheFirstWitnessItMeets() throws Exception {
    try (Log log = open(all(1, LONG))) {
      log.append(LogTest.leaf(0));
    }
    Path backup = copy(folder, temp.resolve("backup"));
    try (Log log = open(all(1, LONG))) {
      log.append(LogTest.leaf(1));
      comes(() -> witnesses.stream().allMatch(w -> w.cosigned().contains(2L)));
    }
    try (Log fork = open(backup, Witnessing.NONE)) {
      fork.append(LogTest.leaf(7));
      fork.append(LogTest.leaf(8));
    }
    assertThatThrownBy(() -> open(backup, all(1, LONG)))
        .isInstanceOf(LogException.Behind.class)
        .hasMessageContaining("another history");
  }

  @Test
  void aLogPutBackFromABackupOpensOnlyWhenWitnessesSayThatItIsCurrent() throws Exception {
    try (Log log = open(all(2, LONG))) {
      log.append(LogTest.leaf(0));
      comes(() -> witnesses.stream().allMatch(w -> w.cosigned().contains(1L)));
    }
    Files.writeString(folder.resolve("private/restored"), "");
    assertThatThrownBy(() -> open(Witnessing.NONE))
        .isInstanceOf(LogException.Behind.class)
        .hasMessageContaining("no witnesses");
    witnesses.get(0).be(TestWitness.Mood.BROKEN);
    witnesses.get(1).be(TestWitness.Mood.BROKEN);
    assertThatThrownBy(() -> open(all(2, LONG)))
        .isInstanceOf(LogException.Behind.class)
        .hasMessageContaining("too few of its witnesses");
    witnesses.get(0).be(TestWitness.Mood.HONEST);
    try (Log log = open(all(2, LONG))) {
      assertThat(log.append(LogTest.leaf(1)).index()).isEqualTo(1);
    }
    assertThat(folder.resolve("private/restored")).doesNotExist();
  }

  @Test
  void aFolderWhoseOtherFilesWerePutBackIsBehindItsOwnRecordOfWitnesses() throws Exception {
    try (Log log = open(all(1, LONG))) {
      log.append(LogTest.leaf(0));
    }
    Path backup = copy(folder, temp.resolve("backup"));
    try (Log log = open(all(1, LONG))) {
      log.append(LogTest.leaf(1));
    }
    Files.copy(
        folder.resolve("private/witnessed"),
        backup.resolve("private/witnessed"),
        StandardCopyOption.REPLACE_EXISTING);
    assertThatThrownBy(() -> open(backup, Witnessing.NONE))
        .isInstanceOf(LogException.Behind.class)
        .hasMessageContaining("witnesses have seen 2 leaves");
  }

  @Test
  void aLogThatGrowsAllTheTimeIsWitnessedAllTheSame() throws Exception {
    try (Log log = open(all(3, LONG))) {
      List<Thread> callers = new ArrayList<>();
      List<Throwable> failures = new ArrayList<>();
      for (int caller = 0; caller < 8; caller++) {
        int first = caller * 1000;
        callers.add(
            Thread.ofVirtual()
                .start(() -> {
                  try {
                    for (int i = 0; i < 10; i++) {
                      log.append(LogTest.leaf(first + i));
                    }
                  } catch (RuntimeException e) {
                    failures.add(e);
                  }
                }));
      }
      for (Thread caller : callers) {
        caller.join();
      }
      assertThat(failures).isEmpty();
      assertThat(log.size()).isEqualTo(80);
      LogVerifier verifier = LogVerifier.of(vkey).orElseThrow();
      assertThat(
              verifier
                  .folder(folder, List.of(log.witnessed().orElseThrow()), (index, leaf) -> {})
                  .holds())
          .isTrue();
    }
  }

  private static Path copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(from.relativize(file).toString()));
      }
    }
    return to;
  }
}
