package dev.aye.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every change to the disk fails once in each way; whatever was answered must be there after. */
class CrashTest {
  private static final SecureRandom RANDOM = new SecureRandom();

  /** What a run did: the entries it tried, the sizes a log may have, and what it was promised. */
  private static final class Run {
    final List<byte[]> attempted = new ArrayList<>();
    final List<Integer> ends = new ArrayList<>(List.of(0));
    final List<Checkpoint> acked = new ArrayList<>();

    Run() {}

    Run(Run before) {
      attempted.addAll(before.attempted);
      ends.addAll(before.ends);
      acked.addAll(before.acked);
    }

    void append(Store store, int count) throws IOException {
      List<byte[]> batch = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        batch.add(LogTest.leaf(attempted.size() + i).encode());
      }
      attempted.addAll(batch);
      ends.add(attempted.size());
      acked.add(store.append(batch).checkpoint());
      store.tidy();
      cosign(store);
    }

    /** What follows when witnesses have answered; a reader knows no such key and passes it over. */
    private static void cosign(Store store) throws IOException {
      Store.Published now = store.published();
      Checkpoint plain = now.checkpoint();
      Checkpoint cosigned =
          new Checkpoint(
              plain.origin(),
              plain.size(),
              plain.root(),
              plain.note() + "\u2014 witness.example/w AAAAAAAAAAAAAAAA\n");
      store.cosigned(new Store.Published(cosigned, now.edge()));
      store.witnessed(cosigned);
    }

    /** What was not answered and is not there was never appended: the next takes its place. */
    void forgetBeyond(long size) {
      attempted.subList((int) size, attempted.size()).clear();
      ends.removeIf(end -> end > size);
    }
  }

  private static Store open(Disk disk) throws IOException {
    return Store.open(disk, LogTest.ORIGIN, RANDOM);
  }

  private static void batches(Store store, Run run) throws IOException {
    for (int count : new int[] {1, 4, 300}) {
      run.append(store, count);
    }
  }

  @ParameterizedTest
  @EnumSource(SimDisk.Fault.class)
  void anAcknowledgedEntrySurvivesACrashAtEveryWrite(SimDisk.Fault fault) throws Exception {
    SimDisk start = new SimDisk();
    Run before = new Run();
    before.append(open(start), 250);
    SimDisk whole = start.copy();
    batches(open(whole), new Run(before));
    assertThat(whole.changes()).isGreaterThan(50);

    for (long at = 0; at < whole.changes(); at++) {
      SimDisk crashed = start.copy();
      Run ran = new Run(before);
      crashed.failAfter(at, fault);
      try {
        batches(open(crashed), ran);
        throw new AssertionError("change " + at + " did not fail");
      } catch (IOException expected) {
        // What is left of it is up to the loss.
      }
      for (SimDisk.Loss loss : SimDisk.Loss.values()) {
        SimDisk disk = crashed.copy();
        disk.reboot(loss, at);
        recover(disk, new Run(ran), fault, loss, at);
      }
    }
  }

  /** Crashes once more while it recovers, then recovers and goes on. */
  private static void recover(
      SimDisk disk, Run run, SimDisk.Fault fault, SimDisk.Loss loss, long seed) throws Exception {
    disk.failAfter(new Random(seed).nextInt(25), fault);
    try {
      open(disk);
    } catch (IOException expected) {
      // The second crash; without it the recovery was shorter than that.
    }
    disk.reboot(loss, ~seed);
    Store store = open(disk);
    long size = store.published().checkpoint().size();
    assertThat(run.ends).contains((int) size);
    assertThat(run.acked).allMatch(one -> one.size() <= size);
    run.forgetBeyond(size);
    run.append(store, 3);
    run.append(store, 260);
    Oracle.judge(disk, store, run.attempted, run.ends, run.acked);
  }

  /** The process dies at each change after the head's, and its recovery at each of its own. */
  @ParameterizedTest
  @EnumSource(names = {"ALL", "SOME"})
  void aPowerLossDuringTheRecoveryFromACrashLosesNothing(SimDisk.Loss loss) throws Exception {
    SimDisk start = new SimDisk();
    Run before = new Run();
    before.append(open(start), 255);
    SimDisk whole = start.copy();
    new Run(before).append(open(whole), 2);
    for (long at = 0; at < whole.changes(); at++) {
      SimDisk crashed = start.copy();
      Run ran = new Run(before);
      crashed.failAfter(at, SimDisk.Fault.DONE);
      try {
        ran.append(open(crashed), 2);
      } catch (IOException expected) {
        crashed.reboot(SimDisk.Loss.NONE, at);
      }
      if (Arrays.equals(crashed.get("private/head"), start.get("private/head"))) {
        continue; // Nothing to replay: the other matrix has this case.
      }
      for (long again = 0; ; again++) {
        SimDisk disk = crashed.copy();
        Run run = new Run(ran);
        disk.failAfter(again, SimDisk.Fault.DONE);
        boolean failed = false;
        try {
          open(disk);
        } catch (IOException expected) {
          failed = true;
        }
        disk.reboot(loss, again);
        Oracle.judge(disk, open(disk), run.attempted, run.ends, run.acked);
        if (!failed) {
          break;
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(SimDisk.Fault.class)
  void aCrashAtTheFirstOpeningLeavesALogThatOpens(SimDisk.Fault fault) throws Exception {
    for (SimDisk.Loss loss : SimDisk.Loss.values()) {
      for (long at = 0; ; at++) {
        SimDisk disk = new SimDisk();
        disk.failAfter(at, fault);
        boolean failed = false;
        try {
          open(disk);
        } catch (IOException expected) {
          failed = true;
        }
        disk.reboot(loss, at);
        Run run = new Run();
        run.append(open(disk), 5);
        Oracle.judge(disk, open(disk), run.attempted, run.ends, run.acked);
        if (!failed) {
          assertThat(at).isGreaterThan(8);
          break;
        }
      }
    }
  }

  @Test
  void theJudgeFindsADiskThatLiesAboutForcing() throws Exception {
    SimDisk disk = new SimDisk();
    Run run = new Run();
    run.append(open(disk), 250);
    Store store = open(disk);
    disk.lie();
    run.append(store, 10);
    disk.reboot(SimDisk.Loss.ALL, 0);
    assertThatThrownBy(() -> Oracle.judge(disk, open(disk), run.attempted, run.ends, run.acked))
        .isInstanceOf(AssertionError.class)
        .hasMessage("an acknowledged entry is lost");
  }

  @Test
  void aFullDiskIsAClearRefusalAndLosesNothing() throws Exception {
    SimDisk disk = new SimDisk();
    Log log = open(disk, Witnessing.NONE);
    Appended before = log.append(LogTest.leaf(0));
    for (int round = 0; round < 12; round++) {
      disk.room(round * 100L);
      Log full = log;
      int next = (int) log.size();
      assertThatThrownBy(() -> full.append(LogTest.leaf(next)))
          .isInstanceOf(LogException.Stopped.class)
          .hasStackTraceContaining("No space left on device");
      assertThatThrownBy(() -> full.append(LogTest.leaf(next)))
          .isInstanceOf(LogException.Stopped.class);
      assertThat(full.proof(0)).isNotEmpty();
      full.close();
      disk.room(Long.MAX_VALUE);
      log = open(disk, Witnessing.NONE);
      for (int i = (int) log.size(); i <= next; i++) {
        assertThat(log.append(LogTest.leaf(i)).index()).isEqualTo(i);
      }
    }
    LogVerifier verifier = LogVerifier.of(log.vkey()).orElseThrow();
    assertThat(verifier.proof(before.proof(), LogTest.leaf(0)).holds()).isTrue();
    Checkpoint first = verifier.proof(before.proof(), LogTest.leaf(0)).orElseThrow().checkpoint();
    List<Leaf> seen = new ArrayList<>();
    assertThat(verifier.folder(disk, List.of(first), (index, leaf) -> seen.add(leaf)).holds())
        .isTrue();
    for (int i = 0; i < seen.size(); i++) {
      assertThat(seen.get(i)).isEqualTo(LogTest.leaf(i));
    }
    log.close();
  }

  @Test
  void aLogDoesNotBeginOnAFullDiskAndBeginsWhenThereIsRoom() throws Exception {
    for (long room = 0; room < 600; room += 40) {
      SimDisk disk = new SimDisk();
      disk.room(room);
      try {
        open(disk);
      } catch (IOException full) {
        assertThat(full).hasMessage("No space left on device");
      }
      disk.room(Long.MAX_VALUE);
      Run run = new Run();
      run.append(open(disk), 3);
      Oracle.judge(disk, open(disk), run.attempted, run.ends, run.acked);
    }
  }

  private static Log open(SimDisk disk, Witnessing witnessing) throws IOException {
    return Log.open(disk, () -> {}, LogTest.ORIGIN, RANDOM, InstantSource.system(), witnessing);
  }

  @Test
  void aClockThatJumpsMovesNoEntryAndHoldsNoneUp() throws Exception {
    Random jumps = new Random(11);
    InstantSource clock = () -> Instant.ofEpochSecond(jumps.nextLong(4_000_000_000L));
    SimDisk disk = new SimDisk();
    try (Log log = Log.open(disk, () -> {}, LogTest.ORIGIN, RANDOM, clock, Witnessing.NONE)) {
      List<CompletableFuture<Appended>> answers = new ArrayList<>();
      for (int i = 0; i < 500; i++) {
        answers.add(log.submit(LogTest.leaf(i)));
      }
      for (int i = 0; i < 500; i++) {
        assertThat(answers.get(i).get(10, TimeUnit.SECONDS).index()).isEqualTo(i);
      }
    }
  }

  @Test
  void aWriteThatFailsStopsTheLogForAllWhoWaitAndAllWhoCome() throws Exception {
    SimDisk disk = new SimDisk();
    try (Log log =
        Log.open(disk, () -> {}, LogTest.ORIGIN, RANDOM, InstantSource.system(), Witnessing.NONE)) {
      log.append(LogTest.leaf(0));
      disk.failAfter(2, SimDisk.Fault.NOT_DONE);
      assertThatThrownBy(() -> log.append(LogTest.leaf(1)))
          .isInstanceOf(LogException.Stopped.class);
      assertThat(log.failure()).isPresent();
      assertThatThrownBy(() -> log.submit(LogTest.leaf(2)).join())
          .isInstanceOf(CompletionException.class)
          .hasCauseInstanceOf(LogException.Stopped.class);
      assertThat(log.size()).isEqualTo(1);
    }
  }
}
