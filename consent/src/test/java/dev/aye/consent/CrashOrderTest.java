package dev.aye.consent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.aye.consent.MemoryStore.Failing;
import dev.aye.log.Leaf;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every durable write fails once without and once with having been kept; then the process starts
 * anew.
 */
class CrashOrderTest {
  private final House house = new House();
  private final Device ada = new Device("ada");
  private final WithdrawalSecret secret = ada.secret();
  private final Salt salt = ada.salt();
  private final String yes =
      ada.sign(house.draft(ada).yes(Purpose.NOTES, Medium.VOICE, secret.handle()));

  private Consents.Answering answer() {
    return house.consents.answer(House.seat(ada), yes, salt);
  }

  private boolean permitted() {
    return house.permit(ada, Purpose.NOTES, Medium.VOICE).isPresent();
  }

  private void restart() {
    house.start();
    house.consents.offer(House.MEETING, house.offer());
  }

  @Test
  void theLeafComesBeforeTheFactAndTheFactBeforeThePermit() {
    List<String> order = new ArrayList<>();
    house.journal.beforeAppend = () -> order.add("leaf, permitted: " + permitted());
    house.store.beforeAppend = () -> order.add("fact, permitted: " + permitted());

    answer();

    assertThat(order).containsExactly("leaf, permitted: false", "fact, permitted: false");
    assertThat(permitted()).isTrue();
  }

  @ParameterizedTest
  @EnumSource(names = {"UNKEPT", "KEPT"})
  void whenTheLogFailsNothingIsGranted(Failing failing) {
    house.journal.failing = failing;
    assertThatThrownBy(this::answer).hasMessage("log stopped");
    assertThat(permitted()).isFalse();
    assertThat(house.store.all(Event.Answered.class)).isEmpty();
    house.journal.failing = Failing.NOT;

    restart();

    assertThat(permitted()).isFalse();
    assertThat(answer()).isInstanceOf(Consents.Answering.Answered.class);
    assertThat(permitted()).isTrue();
  }

  @ParameterizedTest
  @EnumSource(names = {"UNKEPT", "KEPT"})
  void whenTheStoreFailsNothingIsGrantedAndTheSameReceiptCanBeSentAgain(Failing failing) {
    house.store.failing = failing;
    assertThatThrownBy(this::answer).hasMessage("disk full");
    assertThat(permitted()).isFalse();
    house.store.failing = Failing.NOT;

    assertThat(answer()).isInstanceOf(Consents.Answering.Answered.class);
    assertThat(permitted()).isTrue();
    restart();
    assertThat(permitted()).isTrue();
    assertThat(house.consents.cards(ada.person())).hasSize(1);
  }

  @ParameterizedTest
  @EnumSource(names = {"UNKEPT", "KEPT"})
  void aYesInDoubtCanBeWithdrawnAndStaysWithdrawn(Failing failing) {
    house.store.failing = failing;
    assertThatThrownBy(this::answer).hasMessage("disk full");
    house.store.failing = Failing.NOT;

    assertThat(house.consents.withdraw(secret)).isInstanceOf(Consents.Withdrawing.Promised.class);
    restart();

    assertThat(permitted()).isFalse();
    assertThat(answer()).isInstanceOf(Consents.Answering.class);
    assertThat(permitted()).isFalse();
  }

  @ParameterizedTest
  @EnumSource(names = {"UNKEPT", "KEPT"})
  void whenTheStoreFailsInAWithdrawalThePermitIsDeadAndItCanBeSentAgain(Failing failing) {
    answer();
    var permit = house.permit(ada, Purpose.NOTES, Medium.VOICE).orElseThrow();
    house.store.failing = failing;
    assertThatThrownBy(() -> house.consents.withdraw(secret)).hasMessage("disk full");
    assertThat(permit.live(house.clock.millis())).isFalse();
    house.consents.offer(House.MEETING, house.offer());
    assertThat(permitted()).isFalse();
    assertThat(house.journal.all(Leaf.Withdraw.class)).isEmpty();
    house.store.failing = Failing.NOT;

    assertThat(house.consents.withdraw(secret)).isInstanceOf(Consents.Withdrawing.Promised.class);
    restart();
    assertThat(permitted()).isFalse();
    assertThat(house.journal.all(Leaf.Withdraw.class)).hasSize(1);
  }

  @ParameterizedTest
  @EnumSource(names = {"UNKEPT", "KEPT"})
  void aWithdrawalIsPromisedWithoutTheLogAndReachesItLater(Failing failing) {
    answer();
    house.journal.failing = failing;
    assertThat(house.consents.withdraw(secret)).isInstanceOf(Consents.Withdrawing.Promised.class);
    assertThat(permitted()).isFalse();
    assertThat(house.consents.withdrawals().getFirst().index()).isEmpty();

    house.consents.tick();
    assertThat(house.consents.withdrawals().getFirst().index()).isEmpty();
    house.journal.failing = Failing.NOT;
    house.consents.tick();

    assertThat(house.consents.withdrawals().getFirst().index()).isPresent();
    assertThat(house.journal.leaves).contains(withdrawLeaf());
  }

  @ParameterizedTest
  @EnumSource(names = {"UNKEPT", "KEPT"})
  void aWithdrawalThatDidNotReachTheLogDoesSoAtTheNextStart(Failing failing) {
    answer();
    house.journal.failing = failing;
    house.consents.withdraw(secret);
    house.journal.failing = Failing.NOT;

    restart();

    assertThat(permitted()).isFalse();
    assertThat(house.journal.all(Leaf.Withdraw.class)).hasSize(1);
    assertThat(house.consents.withdrawals().getFirst().index()).isPresent();
  }

  private boolean captioned() {
    return house.permit(ada, Purpose.CAPTIONS, Medium.VOICE).isPresent();
  }

  private Device.Draft noToNotes() {
    return house.draft(ada).no(Purpose.NOTES, Medium.VOICE);
  }

  /** A card with a no to what stands, and a yes that has to wait for the log and its witnesses. */
  private String noToNotesAndYesToCaptions() {
    return ada.sign(noToNotes().yes(Purpose.CAPTIONS, Medium.VOICE, ada.secret().handle()));
  }

  private Consents.Answering answer(String card) {
    return house.consents.answer(House.seat(ada), card, salt);
  }

  @Test
  void aNoWaitsForNoWitnessAndStaysThroughARestart() {
    answer();
    var permit = house.permit(ada, Purpose.NOTES, Medium.VOICE).orElseThrow();
    house.journal.witnessesAway = true;

    assertThat(house.answer(ada, noToNotes())).isInstanceOf(Consents.Answering.Answered.class);
    assertThat(permit.live(house.clock.millis())).isFalse();
    restart();

    assertThat(permitted()).isFalse();
    assertThat(house.consents.use(secret.handle(), Purpose.NOTES)).isEmpty();
    assertThat(house.consents.cards(ada.person())).hasSize(2);
  }

  @Test
  void theNoesOfACardThatWaitsInVainAreDurableAndItsYesesGrantNothing() {
    answer();
    house.changes.clear();
    house.journal.witnessesAway = true;
    String card = noToNotesAndYesToCaptions();

    assertThatThrownBy(() -> answer(card)).hasMessage("not witnessed");
    assertThat(house.changes)
        .filteredOn(Change.Ended.class::isInstance)
        .as("what was kept is to be forgotten now")
        .singleElement()
        .satisfies(ended ->
            assertThat(((Change.Ended) ended).grant().handle()).isEqualTo(secret.handle()));
    restart();

    assertThat(permitted()).isFalse();
    assertThat(captioned()).isFalse();
    assertThat(house.consents.use(secret.handle(), Purpose.NOTES)).isEmpty();
    assertThat(house.consents.ended()).extracting(Grant::handle).containsExactly(secret.handle());
    assertThat(house.consents.choices(ada.person()))
        .extracting(Choice::purpose, Choice::state)
        .containsExactly(org.assertj.core.groups.Tuple.tuple(Purpose.NOTES, State.REFUSED));
    assertThat(house.consents.cards(ada.person())).as("it is not recorded yet").hasSize(1);

    house.journal.witnessesAway = false;
    assertThat(answer(card)).isInstanceOf(Consents.Answering.Answered.class);
    assertThat(captioned()).isTrue();
    assertThat(permitted()).isFalse();
    assertThat(answer(card)).as("sent again").isInstanceOf(Consents.Answering.Answered.class);
    assertThat(house.store.all(Event.Refused.class)).hasSize(1);
    restart();
    assertThat(captioned()).isTrue();
    assertThat(permitted()).isFalse();
  }

  @ParameterizedTest
  @EnumSource(names = {"UNKEPT", "KEPT"})
  void aNoThatTheLogDidNotTakeStaysThroughARestart(Failing failing) {
    answer();
    house.journal.failing = failing;
    assertThatThrownBy(() -> house.answer(ada, noToNotes())).hasMessage("log stopped");
    house.journal.failing = Failing.NOT;

    restart();

    assertThat(permitted()).isFalse();
    assertThat(house.consents.ended()).extracting(Grant::handle).containsExactly(secret.handle());
    long now = house.journal.size();
    assertThat(house.consents.asOf(now, ada.person()))
        .extracting(Choice::state)
        .containsExactly(State.REFUSED);
  }

  @ParameterizedTest
  @EnumSource(names = {"UNKEPT", "KEPT"})
  void whenTheStoreFailsInANoThePermitIsDeadAndItCanBeSentAgain(Failing failing) {
    answer();
    var permit = house.permit(ada, Purpose.NOTES, Medium.VOICE).orElseThrow();
    String card = ada.sign(noToNotes());
    house.store.failing = failing;
    assertThatThrownBy(() -> answer(card)).hasMessage("disk full");
    assertThat(permit.live(house.clock.millis())).isFalse();
    house.consents.offer(House.MEETING, house.offer());
    assertThat(permitted()).isFalse();
    house.store.failing = Failing.NOT;

    assertThat(answer(card)).isInstanceOf(Consents.Answering.Answered.class);
    restart();
    assertThat(permitted()).isFalse();
  }

  @Test
  void aNoOverAWiderYesIsDurableWhereItLiesAndNowhereElse() {
    House wide = House.wide();
    wide.yes(
        ada,
        House.MEETING,
        wide.until(Scope.Kind.ORGANISATION, java.time.Duration.ofDays(30)),
        Purpose.NOTES,
        Medium.VOICE);
    wide.consents.sit(House.seat(ada, House.NEXT));
    wide.consents.sit(House.seat(ada, House.ELSEWHERE));
    assertThat(wide.permit(ada, House.NEXT, Purpose.NOTES, Medium.VOICE)).isPresent();
    wide.journal.witnessesAway = true;
    for (int i = 0; i < 3; i++) {
      assertThatThrownBy(() ->
              wide.answer(
                  ada,
                  House.NEXT,
                  wide.draft(ada, House.NEXT, Scope.MEETING)
                      .no(Purpose.NOTES, Medium.VOICE)
                      .yes(Purpose.CAPTIONS, Medium.VOICE, ada.secret().handle())))
          .hasMessage("not witnessed");
    }
    assertThat(wide.store.all(Event.Refused.class)).as("once is enough").hasSize(1);

    wide.start();
    wide.open(House.MEETING, House.NEXT, House.ELSEWHERE);
    wide.consents.sit(House.seat(ada, House.NEXT));
    wide.consents.sit(House.seat(ada, House.ELSEWHERE));

    assertThat(wide.permit(ada, House.NEXT, Purpose.NOTES, Medium.VOICE)).isEmpty();
    assertThat(wide.permit(ada, House.ELSEWHERE, Purpose.NOTES, Medium.VOICE)).isPresent();
    assertThat(wide.consents.choices(ada.person(), House.NEXT))
        .extracting(Choice::state)
        .containsExactly(State.REFUSED);
  }

  @Test
  void aNoThatEndsNothingIsWrittenDownOnceAndOnlyWithItsLeaf() {
    house.journal.failing = Failing.UNKEPT;
    assertThatThrownBy(() -> house.answer(ada, noToNotes())).hasMessage("log stopped");
    house.journal.failing = Failing.NOT;
    house.no(ada, Purpose.NOTES, Medium.VOICE);

    assertThat(house.store.all(Event.Refused.class)).isEmpty();
    assertThat(house.store.all(Event.Answered.class)).hasSize(1);
  }

  @Test
  void aStoreThatForgotAWithdrawalLearnsItFromTheLog() {
    answer();
    List<String> older = List.copyOf(house.store.facts);
    house.consents.withdraw(secret);
    house.store.facts.clear();
    house.store.facts.addAll(older);

    restart();

    assertThat(permitted()).isFalse();
    assertThat(house.consents.withdraw(secret))
        .isInstanceOf(Consents.Withdrawing.AlreadyWithdrawn.class);
    assertThat(house.journal.all(Leaf.Withdraw.class)).hasSize(1);
  }

  @Test
  void aLogThatIsOlderThanTheStoreIsFatal() {
    answer();
    house.journal.leaves.removeLast();

    assertThatThrownBy(house::start).hasMessageContaining("the log is older than the store");
  }

  @Test
  void aDamagedStoreIsFatal() {
    answer();
    house.store.facts.add(
        house.store.facts.removeLast().replace("\"receipt\":\"ey", "\"receipt\":\"eY"));

    assertThatThrownBy(house::start).hasMessageContaining("a stored receipt is damaged");
  }

  @Test
  void aMeetingThatEndsWhileAnAnswerIsOnItsWayGrantsNothing() {
    house.journal.beforeAppend = () -> house.consents.endMeeting(House.MEETING);

    assertThat(answer())
        .isEqualTo(new Consents.Answering.Refused(Refusal.MEETING_CLOSED, "meeting"));
    assertThat(permitted()).isFalse();
    assertThat(house.store.all(Event.Answered.class)).isEmpty();
  }

  @Test
  void anOfferThatNarrowsWhileAnAnswerIsOnItsWayGrantsNothing() {
    house.journal.beforeAppend =
        () ->
            house.consents.offer(
                House.MEETING, house.offer(java.util.Set.of(Purpose.CAPTIONS), House.COMPANION));

    assertThat(answer()).isEqualTo(new Consents.Answering.Refused(Refusal.NOT_OFFERED, "choices"));
    assertThat(permitted()).isFalse();
  }

  @Test
  void aWithdrawalThatOvertakesItsAnswerWaitsForItAndWins() throws Exception {
    CountDownLatch appending = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    house.journal.beforeAppend =
        () -> {
          appending.countDown();
          try {
            assertThat(goOn.await(10, TimeUnit.SECONDS)).isTrue();
          } catch (InterruptedException e) {
            throw new AssertionError(e);
          }
        };
    Thread answering = Thread.ofVirtual().start(this::answer);
    assertThat(appending.await(10, TimeUnit.SECONDS)).isTrue();
    List<Consents.Withdrawing> results = new ArrayList<>();
    Thread withdrawing =
        Thread.ofVirtual().start(() -> results.add(house.consents.withdraw(secret)));
    goOn.countDown();
    answering.join();
    withdrawing.join();

    assertThat(results).singleElement().isInstanceOf(Consents.Withdrawing.Promised.class);
    assertThat(permitted()).isFalse();
  }

  private Leaf withdrawLeaf() {
    return new Leaf.Withdraw(dev.aye.log.Secret32.of(secret.bytes()));
  }
}
