package dev.aye.consent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.aye.log.Checkpoint;
import dev.aye.log.Hash;
import dev.aye.log.Leaf;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Grants that the controller ends, and what stood at an earlier state of the log. */
class RevocationTest {
  private final House house = new House();
  private final Device ada = new Device("ada");

  private State stateAsOf(long size) {
    List<Choice> choices = house.consents.asOf(size, ada.person());
    return choices.isEmpty() ? State.REQUESTED : choices.getFirst().state();
  }

  @Test
  void revokingKillsThePermitBeforeAnythingIsWrittenAndReachesTheLog() {
    WithdrawalSecret secret = house.yes(ada, Purpose.TRAINING, Medium.VOICE);
    Permit<?> permit = house.permit(ada, Purpose.TRAINING, Medium.VOICE).orElseThrow();
    List<Boolean> live = new ArrayList<>();
    house.store.beforeAppend = () -> live.add(permit.live(house.clock.millis()));

    var revoked = (Consents.Revoking.Promised) house.consents.revoke(secret.handle());

    assertThat(live).isNotEmpty().doesNotContain(true);
    assertThat(revoked.promise())
        .startsWith("aye-promise/1")
        .contains(Hash.of(secret.handle().bytes()).b64());
    assertThat(house.journal.all(Leaf.Revoke.class))
        .extracting(Leaf.Revoke::handle)
        .containsExactly(Hash.of(secret.handle().bytes()));
    assertThat(house.consents.uses(Purpose.TRAINING)).isEmpty();
    assertThat(house.consents.choices(ada.person()).getFirst().state()).isEqualTo(State.REVOKED);
    Withdrawal told = house.consents.withdrawals(ada.person()).getFirst();
    assertThat(told.state()).isEqualTo(State.REVOKED);
    assertThat(told.index()).hasValue(3);
    assertThat(house.changes)
        .anyMatch(c -> c instanceof Change.Ended e && e.state() == State.REVOKED);
  }

  @Test
  void revokingTwiceIsTheSameAsOnceAndAWrongHandleChangesNothing() {
    WithdrawalSecret secret = house.yes(ada, Purpose.NOTES, Medium.VOICE);
    var first = (Consents.Revoking.Promised) house.consents.revoke(secret.handle());
    var second = (Consents.Revoking.AlreadyOver) house.consents.revoke(secret.handle());

    assertThat(second.promise()).hasValue(first.promise());
    assertThat(house.consents.revoke(ada.secret().handle()))
        .isInstanceOf(Consents.Revoking.Unknown.class);
    assertThat(house.journal.all(Leaf.Revoke.class)).hasSize(1);
  }

  @Test
  void whatIsRevokedCanStillBeWithdrawnByItsPerson() {
    WithdrawalSecret secret = house.yes(ada, Purpose.NOTES, Medium.VOICE);
    house.consents.revoke(secret.handle());

    assertThat(house.consents.withdraw(secret)).isInstanceOf(Consents.Withdrawing.Promised.class);
    assertThat(house.journal.all(Leaf.Withdraw.class)).hasSize(1);
    assertThat(house.consents.withdrawals()).hasSize(1);
    assertThat(house.consents.choices(ada.person()).getFirst().state()).isEqualTo(State.WITHDRAWN);
  }

  private DeviceProof.Checked.Proven proven(Device who) {
    return new DeviceProof.Checked.Proven(who.person(), false);
  }

  @Test
  void aKeyKillsThePermitOfItsOwnYesBeforeAnythingIsWritten() {
    WithdrawalSecret secret = house.yes(ada, Purpose.TRAINING, Medium.VOICE);
    Permit<?> permit = house.permit(ada, Purpose.TRAINING, Medium.VOICE).orElseThrow();
    List<Boolean> live = new ArrayList<>();
    house.store.beforeAppend = () -> live.add(permit.live(house.clock.millis()));

    var taken =
        (Consents.Withdrawing.Promised) house.consents.withdraw(proven(ada), secret.handle());

    assertThat(live).isNotEmpty().doesNotContain(true);
    assertThat(house.journal.all(Leaf.Revoke.class))
        .extracting(Leaf.Revoke::handle)
        .containsExactly(Hash.of(secret.handle().bytes()));
    assertThat(house.consents.uses(Purpose.TRAINING)).isEmpty();
    Withdrawal told = house.consents.withdrawals(ada.person()).getFirst();
    assertThat(told.state()).isEqualTo(State.WITHDRAWN);
    assertThat(told.index()).hasValue(3);
    assertThat(house.consents.withdraw(proven(ada), secret.handle()))
        .isEqualTo(new Consents.Withdrawing.AlreadyWithdrawn(secret.handle(), taken.promise()));
    assertThat(house.consents.withdraw(secret)).isInstanceOf(Consents.Withdrawing.Promised.class);
    house.start();
    assertThat(house.consents.choices(ada.person()).getFirst().state()).isEqualTo(State.WITHDRAWN);
    assertThat(house.journal.all(Leaf.Revoke.class)).hasSize(1);
  }

  @Test
  void aKeyEndsNothingOfAnybodyElse() {
    WithdrawalSecret secret = house.yes(ada, Purpose.NOTES, Medium.VOICE);
    int facts = house.store.facts.size();

    assertThat(house.consents.withdraw(proven(new Device("ben")), secret.handle()))
        .isEqualTo(new Consents.Withdrawing.Unknown());
    assertThat(house.consents.withdraw(proven(ada), ada.secret().handle()))
        .isEqualTo(new Consents.Withdrawing.Unknown());

    assertThat(house.permit(ada, Purpose.NOTES, Medium.VOICE)).isPresent();
    assertThat(house.store.facts).hasSize(facts);
  }

  @Test
  void whatItsPersonEndedByKeyStaysSoAfterARestartWithoutTheLog() {
    WithdrawalSecret secret = house.yes(ada, Purpose.NOTES, Medium.VOICE);
    house.journal.failing = MemoryStore.Failing.UNKEPT;
    house.consents.withdraw(proven(ada), secret.handle());
    assertThat(house.journal.all(Leaf.Revoke.class)).isEmpty();
    house.journal.failing = MemoryStore.Failing.NOT;

    house.start();

    assertThat(house.journal.all(Leaf.Revoke.class)).hasSize(1);
    assertThat(house.consents.use(secret.handle(), Purpose.NOTES)).isEmpty();
    assertThat(house.consents.choices(ada.person()).getFirst().state()).isEqualTo(State.WITHDRAWN);
  }

  @Test
  void aRevocationThatDidNotReachTheLogDoesSoAtTheNextStart() {
    WithdrawalSecret secret = house.yes(ada, Purpose.NOTES, Medium.VOICE);
    house.journal.failing = MemoryStore.Failing.UNKEPT;
    house.consents.revoke(secret.handle());
    assertThat(house.journal.all(Leaf.Revoke.class)).isEmpty();
    house.journal.failing = MemoryStore.Failing.NOT;

    house.start();

    assertThat(house.journal.all(Leaf.Revoke.class)).hasSize(1);
    assertThat(house.consents.use(secret.handle(), Purpose.NOTES)).isEmpty();
  }

  @Test
  void aStoreThatForgotARevocationLearnsItFromTheLog() {
    WithdrawalSecret secret = house.yes(ada, Purpose.NOTES, Medium.VOICE);
    List<String> older = List.copyOf(house.store.facts);
    house.consents.revoke(secret.handle());
    house.store.facts.clear();
    house.store.facts.addAll(older);

    house.start();
    house.consents.offer(House.MEETING, house.offer());

    assertThat(house.permit(ada, Purpose.NOTES, Medium.VOICE)).isEmpty();
    assertThat(house.consents.choices(ada.person()).getFirst().state()).isEqualTo(State.REVOKED);
  }

  @Test
  void whatStoodAtACheckpointIsTheFoldOfWhatItsLogHadSeen() {
    WithdrawalSecret secret = house.yes(ada, Purpose.NOTES, Medium.VOICE); // leaf 2
    house.no(new Device("ben"), Purpose.NOTES, Medium.VOICE); // leaf 3
    house.consents.withdraw(secret); // promised at size 4, leaf 4
    house.yes(ada, Purpose.NOTES, Medium.VOICE); // leaf 5

    assertThat(stateAsOf(2)).isEqualTo(State.REQUESTED);
    assertThat(stateAsOf(3)).isEqualTo(State.GIVEN);
    assertThat(stateAsOf(4)).as("a withdrawal counts from its promise").isEqualTo(State.WITHDRAWN);
    assertThat(stateAsOf(5)).isEqualTo(State.WITHDRAWN);
    assertThat(stateAsOf(6)).isEqualTo(State.GIVEN);
    Hash root = Hash.of(new byte[32]);
    assertThat(
            house
                .consents
                .asOf(new Checkpoint(house.journal.origin(), 3, root, ""), ada.person())
                .getFirst()
                .state())
        .isEqualTo(State.GIVEN);
    assertThatThrownBy(
            () -> house.consents.asOf(new Checkpoint("other", 3, root, ""), ada.person()))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> house.consents.asOf(7, ada.person()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void whatHasNoLeafCountsFromTheLogThatItCameAfter() {
    house.yes(ada, Purpose.CAPTIONS, Medium.VOICE); // leaf 2
    house.consents.endMeeting(House.MEETING);

    assertThat(stateAsOf(3)).isEqualTo(State.EXPIRED);
    assertThat(stateAsOf(2)).isEqualTo(State.REQUESTED);
  }
}
