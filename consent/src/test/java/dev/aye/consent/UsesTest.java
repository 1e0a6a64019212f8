package dev.aye.consent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.aye.log.Appended;
import dev.aye.log.Hash;
import dev.aye.log.Leaf;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/**
 * What a promise says of the log, judged by one oracle: a use that was accepted stands before the
 * log size of every promise about a grant in it, and before its {@code WITHDRAW} leaf.
 */
class UsesTest {
  private final House house = new House();
  private final Device ann = new Device("ann");
  private final Device bob = new Device("bob");

  /** A use that was accepted: where its leaf is, and of what. */
  private record Accepted(long index, List<Handle> grants) {}

  private static Leaf leaf(int number) {
    Hash hash = Hash.sha256(new byte[] {(byte) number, (byte) (number >> 8)});
    return switch (number % 3) {
      case 0 -> new Leaf.Capture(hash);
      case 1 -> new Leaf.Dataset(hash);
      default -> new Leaf.Model(hash);
    };
  }

  private void judge(List<Accepted> accepted, String what) {
    Map<Handle, Long> promised = new HashMap<>();
    house
        .store
        .all(Event.Withdrawn.class)
        .forEach(fact -> promised.put(fact.secret().handle(), fact.logSize()));
    Map<Handle, Long> withdrawn = new HashMap<>();
    house.journal.leaves(
        0,
        house.journal.size(),
        (index, leaf) -> {
          if (leaf instanceof Leaf.Withdraw withdraw) {
            withdrawn.put(Handle.of(withdraw.handle().bytes()), index);
          }
        });
    assertThat(withdrawn.keySet()).as(what).isEqualTo(promised.keySet());
    for (Accepted use : accepted) {
      for (Handle grant : use.grants()) {
        assertThat(use.index())
            .as("%s: before the size that was promised", what)
            .isLessThan(promised.getOrDefault(grant, Long.MAX_VALUE));
        assertThat(use.index())
            .as("%s: before the withdrawal", what)
            .isLessThan(withdrawn.getOrDefault(grant, Long.MAX_VALUE));
      }
    }
  }

  @Test
  void aUseOfStandingGrantsIsAccepted() {
    WithdrawalSecret one = house.yes(ann, Purpose.TRAINING, Medium.VOICE);
    WithdrawalSecret other = house.yes(bob, Purpose.NOTES, Medium.VOICE);
    long before = house.journal.size();
    Optional<Appended> appended =
        house.consents.appendUse(leaf(0), List.of(one.handle(), other.handle()));
    assertThat(appended.map(Appended::index)).hasValue(before);
    house.consents.withdraw(one);
    judge(List.of(new Accepted(before, List.of(one.handle()))), "accepted, then withdrawn");
  }

  @Test
  void aUseOfAnEndedGrantDoesNotEvenReachTheLog() {
    WithdrawalSecret withdrawn = house.yes(ann, Purpose.TRAINING, Medium.VOICE);
    house.consents.withdraw(withdrawn);
    WithdrawalSecret refused = house.yes(bob, Purpose.TRAINING, Medium.VOICE);
    house.no(bob, Purpose.TRAINING, Medium.VOICE);
    WithdrawalSecret shown = house.yes(ann, Purpose.CAPTIONS, Medium.VOICE); // keeps nothing
    long size = house.journal.size();
    for (Handle grant :
        List.of(withdrawn.handle(), refused.handle(), shown.handle(), ann.secret().handle())) {
      assertThat(house.consents.appendUse(leaf(0), List.of(grant))).isEmpty();
    }
    assertThat(house.journal.size()).isEqualTo(size);
  }

  @Test
  void aWithdrawalAtAnyMomentOfAUseGetsItsPromiseAtOnceAndTheUseLoses() {
    for (String moment : List.of("before the leaf is written", "before the use hears of it")) {
      WithdrawalSecret secret = house.yes(ann, Purpose.TRAINING, Medium.VOICE);
      List<Consents.Withdrawing> promised = new ArrayList<>();
      Runnable withdraws =
          () -> {
            house.journal.beforeAppend = () -> {};
            house.journal.afterAppend = () -> {};
            promised.add(house.consents.withdraw(secret)); // inside the use: it waits for nothing
          };
      if (moment.startsWith("before the leaf")) {
        house.journal.beforeAppend = withdraws;
      } else {
        house.journal.afterAppend = withdraws;
      }
      assertThat(house.consents.appendUse(leaf(1), List.of(secret.handle()))).as(moment).isEmpty();
      assertThat(promised).singleElement().isInstanceOf(Consents.Withdrawing.Promised.class);
    }
  }

  @Test
  void aLeafThatStandsForNoUseIsRefused() {
    assertThatThrownBy(() -> house.consents.appendUse(new Leaf.Notice(Hash.sha256()), List.of()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  /** Random uses and withdrawals on a log that lets the one come in at each moment of the other. */
  @Test
  void noAcceptedUseStandsBehindAPromise() {
    int accepted = 0;
    int lost = 0;
    for (int seed = 0; seed < 25; seed++) {
      UsesTest history = new UsesTest();
      List<Accepted> uses = new ArrayList<>();
      lost += history.interleave(new Random(seed), uses);
      accepted += uses.size();
      history.judge(uses, "history " + seed);
    }
    assertThat(accepted).isGreaterThan(100);
    assertThat(lost).isGreaterThan(100);
  }

  private int interleave(Random random, List<Accepted> uses) {
    List<WithdrawalSecret> given = new ArrayList<>();
    Runnable perhaps =
        () -> {
          if (!given.isEmpty() && random.nextInt(6) == 0) {
            house.consents.withdraw(given.remove(random.nextInt(given.size())));
          }
        };
    int lost = 0;
    for (int step = 0; step < 40; step++) {
      if (given.size() < 4) {
        given.add(fresh(step));
      }
      house.journal.beforeAppend = perhaps;
      house.journal.afterAppend = perhaps;
      List<Handle> grants =
          given.stream().filter(_ -> random.nextBoolean()).map(WithdrawalSecret::handle).toList();
      Optional<Appended> use = house.consents.appendUse(leaf(step), grants);
      house.journal.beforeAppend = () -> {};
      house.journal.afterAppend = () -> {};
      use.ifPresent(appended -> uses.add(new Accepted(appended.index(), grants)));
      lost += use.isPresent() ? 0 : 1;
    }
    return lost;
  }

  private WithdrawalSecret fresh(int number) {
    return house.yes(new Device("person " + number), Purpose.TRAINING, Medium.VOICE);
  }

  /** The same with real threads, none of which knows of the others. */
  @Test
  void noAcceptedUseStandsBehindAPromiseAlsoWithManyThreads() throws Exception {
    List<WithdrawalSecret> given = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      given.add(fresh(i));
    }
    List<Accepted> uses = Collections.synchronizedList(new ArrayList<>());
    CountDownLatch start = new CountDownLatch(1);
    AtomicBoolean over = new AtomicBoolean();
    try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
      List<Future<?>> running = new ArrayList<>();
      for (int thread = 0; thread < 3; thread++) {
        Random random = new Random(thread);
        running.add(
            threads.submit(() -> {
              start.await();
              for (int step = 0; !over.get(); step++) {
                List<Handle> grants =
                    List.of(
                        given.get(random.nextInt(given.size())).handle(),
                        given.get(random.nextInt(given.size())).handle());
                house
                    .consents
                    .appendUse(leaf(step), grants)
                    .ifPresent(appended -> uses.add(new Accepted(appended.index(), grants)));
              }
              return null;
            }));
      }
      running.add(
          threads.submit(() -> {
            start.await();
            try {
              for (WithdrawalSecret secret : given) {
                int before = uses.size();
                for (int spin = 0; uses.size() == before && spin < 20_000; spin++) {
                  Thread.onSpinWait(); // until one was accepted meanwhile, if one can be
                }
                house.consents.withdraw(secret);
              }
            } finally {
              over.set(true);
            }
            return null;
          }));
      start.countDown();
      for (Future<?> one : running) {
        one.get();
      }
    }
    judge(uses, "threads");
    assertThat(uses).isNotEmpty();
  }
}
