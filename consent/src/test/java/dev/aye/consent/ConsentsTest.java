package dev.aye.consent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.aye.log.Hash;
import dev.aye.log.Leaf;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ConsentsTest {
  private final House house = new House();
  private final Device ada = new Device("ada");
  private final Device ben = new Device("ben");

  @Test
  void anAnswerToTrainingIsAReceiptOfItsOwnWhateverIsSaid() {
    WithdrawalSecret secret = ada.secret();
    List<Device.Draft> mixed =
        List.of(
            house
                .draft(ada)
                .yes(Purpose.TRAINING, Medium.VOICE, secret.handle())
                .no(Purpose.NOTES, Medium.VOICE),
            house.draft(ada).no(Purpose.CAPTIONS, Medium.VOICE).no(Purpose.TRAINING, Medium.CHAT));
    long leaves = house.journal.size();
    for (Device.Draft draft : mixed) {
      assertThat(house.answer(ada, draft))
          .isInstanceOfSatisfying(
              Consents.Answering.Refused.class,
              refused -> assertThat(refused.reason()).isEqualTo(Refusal.TRAINING_MIXED));
    }
    assertThat(house.journal.size()).isEqualTo(leaves);
    assertThat(house.store.all(Event.Answered.class)).isEmpty();
    assertThat(house.permit(ada, Purpose.TRAINING, Medium.VOICE)).isEmpty();

    WithdrawalSecret apart = house.yes(ada, Purpose.TRAINING, Medium.VOICE);
    house.no(ada, Purpose.NOTES, Medium.VOICE);
    assertThat(house.consents.showsNothingElse(apart.handle())).isTrue();
  }

  @Test
  void aReceiptFromBeforeThatMixesTrainingWithOtherRowsStandsButProvesNothingAlone() {
    WithdrawalSecret secret = ada.secret();
    String jws =
        ada.sign(
            house
                .draft(ada)
                .yes(Purpose.TRAINING, Medium.VOICE, secret.handle())
                .no(Purpose.NOTES, Medium.VOICE));
    Salt salt = ada.salt();
    long index =
        house.journal.append(new Leaf.Answer(Hash.of(Receipt.commitment(jws, salt)))).index();
    Instant now = house.clock.instant();
    house.store.append(
        List.of(new Event.Answered(now, jws, salt, index, now.plus(Duration.ofHours(1)))));
    house.start();
    house.consents.offer(House.MEETING, house.offer());
    assertThat(house.permit(ada, Purpose.TRAINING, Medium.VOICE)).isPresent();
    assertThat(house.consents.showsNothingElse(secret.handle())).isFalse();
    assertThat(house.consents.answer(House.seat(ada), jws, salt))
        .as("sent again it gets the same answer")
        .isInstanceOf(Consents.Answering.Answered.class);
    house.consents.withdraw(secret);
    assertThat(house.permit(ada, Purpose.TRAINING, Medium.VOICE)).isEmpty();
  }

  @Test
  void withoutAnAnswerThereIsNoPermit() {
    assertThat(house.permit(ada, Purpose.CAPTIONS, Medium.VOICE)).isEmpty();
  }

  @Test
  void aYesGivesExactlyOnePermitAndNoOther() {
    house.yes(ada, Purpose.NOTES, Medium.VOICE);

    Permit<Purpose.Notes> permit = house.permit(ada, Purpose.NOTES, Medium.VOICE).orElseThrow();
    assertThat(permit.live(house.clock.millis())).isTrue();
    assertThat(permit.person()).isEqualTo(ada.person());
    assertThat(house.permit(ada, Purpose.NOTES, Medium.CHAT)).isEmpty();
    assertThat(house.permit(ada, Purpose.TRAINING, Medium.VOICE)).isEmpty();
    assertThat(house.permit(ben, Purpose.NOTES, Medium.VOICE)).isEmpty();
    assertThat(
            house.consents.permit(
                ada.person(),
                House.MEETING,
                Purpose.NOTES,
                Medium.VOICE,
                new RecipientId("recorder")))
        .isEmpty();
    assertThat(house.permit(ada, House.MEETING, Purpose.CAPTIONS, Medium.VOICE)).isEmpty();
  }

  @Test
  void aNoGivesNoPermitAndLooksTheSameInTheLog() {
    house.no(ada, Purpose.NOTES, Medium.VOICE);
    house.yes(ben, Purpose.NOTES, Medium.VOICE);

    assertThat(house.permit(ada, Purpose.NOTES, Medium.VOICE)).isEmpty();
    List<Leaf.Answer> answers = house.journal.all(Leaf.Answer.class);
    assertThat(answers).hasSize(2);
    assertThat(answers.get(0).encode()).hasSameSizeAs(answers.get(1).encode());
  }

  @Test
  void theLeafIsTheSaltedCommitment() {
    String jws = ada.sign(house.draft(ada).no(Purpose.NOTES, Medium.VOICE));
    Salt salt = ada.salt();

    var answered = (Consents.Answering.Answered) house.consents.answer(House.seat(ada), jws, salt);

    assertThat(house.journal.leaves.get((int) answered.index()))
        .isEqualTo(new Leaf.Answer(dev.aye.log.Hash.of(Receipt.commitment(jws, salt))));
  }

  @Test
  void theSameReceiptSentAgainGivesTheSameAnswer() {
    String jws = ada.sign(house.draft(ada).yes(Purpose.NOTES, Medium.VOICE, ada.secret().handle()));
    Salt salt = ada.salt();

    var first = house.consents.answer(House.seat(ada), jws, salt);
    house.clock.forward(Duration.ofHours(1));
    var second = house.consents.answer(House.seat(ada), jws, salt);

    assertThat(second).isEqualTo(first);
    assertThat(house.journal.all(Leaf.Answer.class)).hasSize(1);
  }

  @Test
  void withdrawalKillsThePermitAtOnceAndReachesTheLog() {
    WithdrawalSecret secret = house.yes(ada, Purpose.TRAINING, Medium.VOICE);
    Permit<Purpose.Training> permit =
        house.permit(ada, Purpose.TRAINING, Medium.VOICE).orElseThrow();
    Use<Purpose.Training> use = house.consents.use(secret.handle(), Purpose.TRAINING).orElseThrow();
    List<String> told = new ArrayList<>();
    permit.onEnd(() -> told.add("permit"));
    use.onEnd(() -> told.add("use"));
    // What is true when the first durable write of the withdrawal begins:
    List<Boolean> liveWhileWriting = new ArrayList<>();
    house.store.beforeAppend =
        () -> liveWhileWriting.add(permit.live(house.clock.millis()) || use.live(0));

    var withdrawing = house.consents.withdraw(secret);

    assertThat(withdrawing).isInstanceOf(Consents.Withdrawing.Promised.class);
    assertThat(liveWhileWriting).isNotEmpty().doesNotContain(true);
    assertThat(permit.live(house.clock.millis())).isFalse();
    assertThat(told).containsExactlyInAnyOrder("permit", "use");
    assertThat(house.permit(ada, Purpose.TRAINING, Medium.VOICE)).isEmpty();
    assertThat(house.consents.uses(Purpose.TRAINING)).isEmpty();
    assertThat(house.journal.all(Leaf.Withdraw.class))
        .extracting(Leaf.Withdraw::handle)
        .containsExactly(dev.aye.log.Hash.of(secret.handle().bytes()));
    assertThat(house.consents.withdrawals(ada.person()).getFirst().index()).hasValue(3);
    assertThat(house.consents.choices(ada.person()).getFirst().state()).isEqualTo(State.WITHDRAWN);
    assertThat(house.changes)
        .anyMatch(c -> c instanceof Change.Ended e && e.state() == State.WITHDRAWN)
        .anyMatch(c -> c instanceof Change.Logged);
  }

  @Test
  void thePromiseNamesLogHandleSizeAndTime() {
    WithdrawalSecret secret = house.yes(ada, Purpose.NOTES, Medium.VOICE);

    var promised = (Consents.Withdrawing.Promised) house.consents.withdraw(secret);

    assertThat(promised.promise())
        .isEqualTo(
            "aye-promise/1\naye.example/log\n%s\n3\n2026-03-01T10:00:00.250Z\n\nsigned\n"
                .formatted(dev.aye.log.Hash.of(secret.handle().bytes()).b64()));
  }

  @Test
  void withdrawingTwiceIsTheSameAsOnce() {
    WithdrawalSecret secret = house.yes(ada, Purpose.NOTES, Medium.VOICE);
    var first = (Consents.Withdrawing.Promised) house.consents.withdraw(secret);
    house.clock.forward(Duration.ofMinutes(1));

    var second = (Consents.Withdrawing.AlreadyWithdrawn) house.consents.withdraw(secret);

    assertThat(second.promise()).isEqualTo(first.promise());
    assertThat(house.journal.all(Leaf.Withdraw.class)).hasSize(1);
    assertThat(house.store.all(Event.Withdrawn.class)).hasSize(1);
  }

  @Test
  void aWrongSecretChangesNothing() {
    house.yes(ada, Purpose.NOTES, Medium.VOICE);
    int facts = house.store.facts.size();
    long leaves = house.journal.size();

    assertThat(house.consents.withdraw(ben.secret())).isEqualTo(new Consents.Withdrawing.Unknown());

    assertThat(house.permit(ada, Purpose.NOTES, Medium.VOICE)).isPresent();
    assertThat(house.store.facts).hasSize(facts);
    assertThat(house.journal.size()).isEqualTo(leaves);
  }

  @Test
  void aYesThatComesAfterItsOwnWithdrawalDoesNotCount() {
    WithdrawalSecret secret = ada.secret();
    Device.Draft yes = house.draft(ada).yes(Purpose.NOTES, Medium.VOICE, secret.handle());
    assertThat(house.consents.withdraw(secret)).isEqualTo(new Consents.Withdrawing.Unknown());
    long leaves = house.journal.size();

    house.clock.forward(Consents.TOLERANCE);

    assertThat(house.answer(ada, yes))
        .isEqualTo(new Consents.Answering.Refused(Refusal.HANDLE_USED, "choices.handle"));
    assertThat(house.permit(ada, Purpose.NOTES, Medium.VOICE)).isEmpty();
    assertThat(house.journal.size()).isEqualTo(leaves);
    assertThat(
            house.answer(
                ada, house.draft(ada).yes(Purpose.NOTES, Medium.VOICE, ada.secret().handle())))
        .isInstanceOf(Consents.Answering.Answered.class);
  }

  @Test
  void aWithdrawnHandleIsNeverAcceptedAgain() {
    WithdrawalSecret secret = house.yes(ada, Purpose.NOTES, Medium.VOICE);
    house.consents.withdraw(secret);

    assertThat(
            house.answer(ada, house.draft(ada).yes(Purpose.NOTES, Medium.VOICE, secret.handle())))
        .isEqualTo(new Consents.Answering.Refused(Refusal.HANDLE_USED, "choices.handle"));
    assertThat(
            house.answer(
                ben, house.draft(ben).yes(Purpose.CAPTIONS, Medium.VOICE, secret.handle())))
        .isEqualTo(new Consents.Answering.Refused(Refusal.HANDLE_USED, "choices.handle"));
  }

  @Test
  void afterAWithdrawalOneMaySayYesAgainUnderANewHandle() {
    house.consents.withdraw(house.yes(ada, Purpose.NOTES, Medium.VOICE));
    house.yes(ada, Purpose.NOTES, Medium.VOICE);

    assertThat(house.permit(ada, Purpose.NOTES, Medium.VOICE)).isPresent();
  }

  @Test
  void aLaterNoEndsTheYesBeforeTheLogIsAsked() {
    WithdrawalSecret secret = house.yes(ada, Purpose.NOTES, Medium.VOICE);
    Permit<Purpose.Notes> permit = house.permit(ada, Purpose.NOTES, Medium.VOICE).orElseThrow();
    List<Boolean> live = new ArrayList<>();
    house.journal.beforeAppend = () -> live.add(permit.live(house.clock.millis()));

    house.no(ada, Purpose.NOTES, Medium.VOICE);

    assertThat(live).containsExactly(false);
    assertThat(house.consents.choices(ada.person()).getFirst().state()).isEqualTo(State.REFUSED);
    assertThat(house.consents.use(secret.handle(), Purpose.NOTES)).isEmpty();
    assertThat(house.changes)
        .anyMatch(c -> c instanceof Change.Ended e && e.state() == State.REFUSED);
    // The slip still works: what was kept under it can be withdrawn.
    assertThat(house.consents.withdraw(secret)).isInstanceOf(Consents.Withdrawing.Promised.class);
  }

  @Test
  void anEarlierYesThatArrivesLateDoesNotUndoANo() {
    Device.Draft yes = house.draft(ada).yes(Purpose.NOTES, Medium.VOICE, ada.secret().handle());
    house.clock.forward(Duration.ofSeconds(2));
    house.no(ada, Purpose.NOTES, Medium.VOICE);

    assertThat(house.answer(ada, yes))
        .isEqualTo(new Consents.Answering.Refused(Refusal.OVERTAKEN, "issued"));
  }

  @Test
  void aSecondYesWhileOneStandsIsRefused() {
    house.yes(ada, Purpose.NOTES, Medium.VOICE);

    assertThat(
            house.answer(
                ada, house.draft(ada).yes(Purpose.NOTES, Medium.VOICE, ada.secret().handle())))
        .isEqualTo(new Consents.Answering.Refused(Refusal.ALREADY_GIVEN, "choices"));
  }

  @Test
  void theEndOfTheMeetingEndsPermitsButNotTheUseOfWhatWasKept() {
    house.yes(ada, Purpose.CAPTIONS, Medium.VOICE);
    WithdrawalSecret kept = house.yes(ada, Purpose.TRAINING, Medium.VOICE);
    Permit<Purpose.Training> permit =
        house.permit(ada, Purpose.TRAINING, Medium.VOICE).orElseThrow();
    List<String> told = new ArrayList<>();
    permit.onEnd(() -> told.add("told"));

    house.consents.endMeeting(House.MEETING);
    house.consents.endMeeting(House.MEETING);

    assertThat(permit.live(house.clock.millis())).isFalse();
    assertThat(told).hasSize(1);
    assertThat(house.consents.use(kept.handle(), Purpose.TRAINING)).isPresent();
    assertThat(house.consents.choices(ada.person()))
        .extracting(Choice::state)
        .containsExactly(State.EXPIRED, State.GIVEN);
    assertThat(
            house.answer(
                ada, house.draft(ada).yes(Purpose.NOTES, Medium.VOICE, ada.secret().handle())))
        .isEqualTo(new Consents.Answering.Refused(Refusal.MEETING_CLOSED, "meeting"));
    // Also after the meeting the slip withdraws.
    assertThat(house.consents.withdraw(kept)).isInstanceOf(Consents.Withdrawing.Promised.class);
    assertThat(house.consents.use(kept.handle(), Purpose.TRAINING)).isEmpty();
  }

  @Test
  void aUseIsOnlyForItsOwnPurposeAndNeverForCaptions() {
    WithdrawalSecret notes = house.yes(ada, Purpose.NOTES, Medium.VOICE);
    WithdrawalSecret captions = house.yes(ada, Purpose.CAPTIONS, Medium.VOICE);

    assertThat(house.consents.use(notes.handle(), Purpose.TRAINING)).isEmpty();
    assertThat(house.consents.use(captions.handle(), Purpose.CAPTIONS)).isEmpty();
    assertThat(house.consents.uses(Purpose.NOTES)).hasSize(1);
  }

  @Test
  void aPermitExpiresAndItsHoldersAreTold() {
    house.yes(ada, Purpose.CAPTIONS, Medium.VOICE);
    Permit<Purpose.Captions> permit =
        house.permit(ada, Purpose.CAPTIONS, Medium.VOICE).orElseThrow();
    List<String> told = new ArrayList<>();
    permit.onEnd(() -> told.add("told"));

    house.clock.forward(Duration.ofHours(12));

    assertThat(permit.live(house.clock.millis())).isFalse();
    assertThat(house.permit(ada, Purpose.CAPTIONS, Medium.VOICE)).isEmpty();
    assertThat(house.consents.choices(ada.person()).getFirst().state()).isEqualTo(State.EXPIRED);
    house.consents.tick();
    assertThat(told).containsExactly("told");
  }

  @Test
  void narrowingTheOfferEndsPermitsAndWideningItBringsThemBack() {
    house.yes(ada, Purpose.NOTES, Medium.VOICE);
    Permit<Purpose.Notes> permit = house.permit(ada, Purpose.NOTES, Medium.VOICE).orElseThrow();

    house.consents.offer(House.MEETING, house.offer(Set.of(Purpose.CAPTIONS), House.COMPANION));
    assertThat(permit.live(house.clock.millis())).isFalse();
    assertThat(house.permit(ada, Purpose.NOTES, Medium.VOICE)).isEmpty();

    house.consents.offer(House.MEETING, house.offer());
    assertThat(house.permit(ada, Purpose.NOTES, Medium.VOICE)).isPresent();
    assertThat(permit.live(house.clock.millis())).isFalse();
  }

  @Test
  void aNoCountsAlsoForWhatIsNoLongerOffered() {
    house.yes(ada, Purpose.NOTES, Medium.VOICE);
    house.consents.offer(House.MEETING, house.offer(Set.of(Purpose.CAPTIONS), House.COMPANION));
    house.no(ada, Purpose.NOTES, Medium.VOICE);
    house.consents.offer(House.MEETING, house.offer());

    assertThat(house.permit(ada, Purpose.NOTES, Medium.VOICE)).isEmpty();
  }

  @Test
  void aChangedProcessorEndsTheGrantForGood() {
    house.yes(ada, Purpose.NOTES, Medium.VOICE);
    Recipient other =
        new Recipient(
            RecipientId.COMPANION, House.COMPANION.key(), new Processor("elsewhere", "large"));

    house.consents.offer(House.MEETING, house.offer(Set.of(Purpose.NOTES), other));
    house.consents.offer(House.MEETING, house.offer());

    assertThat(house.permit(ada, Purpose.NOTES, Medium.VOICE)).isEmpty();
    assertThat(house.consents.choices(ada.person()).getFirst().state())
        .isEqualTo(State.INVALIDATED);
    assertThat(house.changes)
        .anyMatch(c -> c instanceof Change.Ended e && e.state() == State.INVALIDATED);
  }

  @Test
  void choicesCardsAndPastAreThePersonsOwn() {
    house.yes(ada, Purpose.NOTES, Medium.VOICE);
    house.no(ada, Purpose.CAPTIONS, Medium.VOICE);
    house.clock.forward(Duration.ofMinutes(5));
    house.yes(ben, Purpose.CAPTIONS, Medium.VOICE);

    assertThat(house.consents.choices(ada.person(), House.MEETING))
        .extracting(Choice::state)
        .containsExactly(State.GIVEN, State.REFUSED);
    assertThat(house.consents.cards(ada.person())).hasSize(2);
    assertThat(house.consents.cards(ada.person()).getFirst().noticeText())
        .isEqualTo(house.notices.getFirst().text());
    assertThat(house.consents.asOf(Clock.START, ada.person())).hasSize(2);
    assertThat(house.consents.asOf(Clock.START, ben.person())).isEmpty();
  }

  @Test
  void aRestartOpensPermitsOnlyWithTheMeeting() {
    WithdrawalSecret gone = house.yes(ada, Purpose.NOTES, Medium.VOICE);
    house.yes(ada, Purpose.TRAINING, Medium.VOICE);
    house.consents.withdraw(gone);

    house.start();
    assertThat(house.permit(ada, Purpose.TRAINING, Medium.VOICE)).isEmpty();

    house.consents.offer(House.MEETING, house.offer());
    assertThat(house.permit(ada, Purpose.TRAINING, Medium.VOICE)).isPresent();
    assertThat(house.permit(ada, Purpose.NOTES, Medium.VOICE)).isEmpty();
    assertThat(house.consents.withdraw(gone))
        .isInstanceOf(Consents.Withdrawing.AlreadyWithdrawn.class);
  }

  @Test
  void aNoticeIsPublishedOnceAndKeptForEver() {
    long index = house.consents.publish(house.notices.getFirst());
    house.start();

    assertThat(house.consents.publish(house.notices.getFirst())).isEqualTo(index);
    assertThat(house.journal.all(Leaf.Notice.class)).hasSize(2);
    assertThat(house.consents.notice(house.notices.getLast().hash()))
        .hasValue(house.notices.getLast());
  }

  @Test
  void aNoticeThatIsNotInTheLogCannotBeOffered() {
    Notice unpublished =
        Notice.render(1, "en", new Controller("Somebody Else", "a@example.org", "b"));
    Offer offer = new Offer(Set.of(), List.of(House.COMPANION), List.of(unpublished), Clock.START);

    assertThatThrownBy(() -> house.consents.offer(House.MEETING, offer))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aHolderThatFailsKeepsNobodyElseFromBeingToldAndNoPermitAlive() {
    WithdrawalSecret secret = house.yes(ada, Purpose.NOTES, Medium.VOICE);
    Permit<Purpose.Notes> permit = house.permit(ada, Purpose.NOTES, Medium.VOICE).orElseThrow();
    List<String> told = new ArrayList<>();
    permit.onEnd(() -> {
      throw new IllegalStateException("broken holder");
    });
    permit.onEnd(() -> told.add("second"));

    assertThatThrownBy(() -> house.consents.withdraw(secret)).hasMessageContaining("in effect");

    assertThat(told).containsExactly("second");
    assertThat(permit.live(house.clock.millis())).isFalse();
    assertThat(house.store.all(Event.Withdrawn.class)).hasSize(1);
    assertThat(house.journal.all(Leaf.Withdraw.class)).hasSize(1);
  }

  @Test
  void aHolderThatComesTooLateIsToldAtOnce() {
    WithdrawalSecret secret = house.yes(ada, Purpose.NOTES, Medium.VOICE);
    Permit<Purpose.Notes> permit = house.permit(ada, Purpose.NOTES, Medium.VOICE).orElseThrow();
    house.consents.withdraw(secret);
    List<String> told = new ArrayList<>();

    permit.onEnd(() -> told.add("told"));

    assertThat(told).containsExactly("told");
  }

  @Test
  void nothingThatPrintsItselfShowsASecretOrAPerson() {
    WithdrawalSecret secret = ada.secret();
    Salt salt = ada.salt();
    String jws = ada.sign(house.draft(ada).yes(Purpose.NOTES, Medium.VOICE, secret.handle()));
    Event answered = new Event.Answered(Clock.START, jws, salt, 1, Clock.START);
    Event withdrawn = new Event.Withdrawn(Clock.START, secret, 1);

    assertThat(secret + " " + salt + " " + answered + " " + withdrawn + " " + ada.person())
        .doesNotContain(secret.value(), salt.value(), jws, ada.person().value());
  }

  @Test
  void factsSurviveTheirEncoding() {
    house.consents.withdraw(house.yes(ada, Purpose.NOTES, Medium.VOICE));
    house.consents.endMeeting(House.MEETING);

    assertThat(house.store.load())
        .extracting(Event::encode)
        .containsExactlyElementsOf(house.store.facts);
  }
}
