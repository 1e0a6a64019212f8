package dev.aye.consent;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** How far a yes and a no reach. */
class ScopeTest {
  private static final Duration MONTH = Duration.ofDays(30);

  private final House house = House.wide();
  private final Device ada = new Device("ada");
  private final Device ben = new Device("ben");

  private Refusal refused(Consents.Answering answering) {
    return ((Consents.Answering.Refused) answering).reason();
  }

  private Device.Draft notes(MeetingId meeting, Scope reach) {
    return house.draft(ada, meeting, reach).yes(Purpose.NOTES, Medium.VOICE, ada.secret().handle());
  }

  private boolean mayNote(MeetingId meeting) {
    return house.permit(ada, meeting, Purpose.NOTES, Medium.VOICE).isPresent();
  }

  private WithdrawalSecret notesUntil(MeetingId meeting, Scope.Kind kind) {
    return house.yes(ada, meeting, house.until(kind, MONTH), Purpose.NOTES, Medium.VOICE);
  }

  @Test
  void aYesForTheMeetingReachesNoOther() {
    house.consents.sit(House.seat(ada, House.NEXT));
    notesUntil(House.MEETING, Scope.Kind.MEETING);

    assertThat(mayNote(House.MEETING)).isTrue();
    assertThat(mayNote(House.NEXT)).isFalse();
  }

  @Test
  void aYesForTheRoomReachesItsMeetingsWhereThePersonSits() {
    notesUntil(House.MEETING, Scope.Kind.ROOM);
    assertThat(mayNote(House.NEXT)).as("before they sit there").isFalse();

    house.consents.sit(House.seat(ada, House.NEXT));
    house.consents.sit(House.seat(ada, House.ELSEWHERE));
    house.consents.sit(House.seat(ben, House.NEXT));

    assertThat(mayNote(House.NEXT)).isTrue();
    assertThat(mayNote(House.ELSEWHERE)).isFalse();
    assertThat(house.permit(ben, House.NEXT, Purpose.NOTES, Medium.VOICE)).isEmpty();
    Permit<Purpose.Notes> permit =
        house.permit(ada, House.NEXT, Purpose.NOTES, Medium.VOICE).orElseThrow();
    assertThat(permit.meeting()).isEqualTo(House.NEXT);
    assertThat(permit.grant().meeting()).isEqualTo(House.MEETING);
  }

  @Test
  void aYesForTheOrganisationReachesEveryMeetingAndOnlyItsOwnRow() {
    house.consents.sit(House.seat(ada, House.ELSEWHERE));
    notesUntil(House.MEETING, Scope.Kind.ORGANISATION);

    assertThat(mayNote(House.ELSEWHERE)).isTrue();
    assertThat(house.permit(ada, House.ELSEWHERE, Purpose.NOTES, Medium.CHAT)).isEmpty();
    assertThat(house.permit(ada, House.ELSEWHERE, Purpose.TRAINING, Medium.VOICE)).isEmpty();
  }

  @Test
  void whoLeavesTheirLastSeatIsReachedNoMore() {
    notesUntil(House.MEETING, Scope.Kind.ORGANISATION);
    house.consents.sit(House.seat(ada, House.NEXT));
    Permit<?> permit = house.permit(ada, House.NEXT, Purpose.NOTES, Medium.VOICE).orElseThrow();

    house.consents.rise(House.seat(ada, House.NEXT));

    assertThat(permit.live(house.clock.millis())).isFalse();
    assertThat(mayNote(House.NEXT)).isFalse();
    assertThat(mayNote(House.MEETING)).isTrue();
  }

  @Test
  void theEndOfAMeetingClosesThePermitButNotTheGrant() {
    WithdrawalSecret secret = notesUntil(House.MEETING, Scope.Kind.ROOM);
    house.consents.endMeeting(House.MEETING);
    house.consents.sit(House.seat(ada, House.NEXT));

    assertThat(mayNote(House.MEETING)).isFalse();
    assertThat(mayNote(House.NEXT)).isTrue();
    assertThat(house.consents.use(secret.handle(), Purpose.NOTES)).isPresent();
  }

  @Test
  void itEndsAtItsTimeForGoodAlsoWhenTheClockIsSetBack() {
    house.consents.sit(House.seat(ada, House.NEXT));
    house.yes(
        ada,
        House.MEETING,
        house.until(Scope.Kind.ROOM, Duration.ofHours(1)),
        Purpose.CAPTIONS,
        Medium.VOICE);
    Permit<?> permit = house.permit(ada, House.NEXT, Purpose.CAPTIONS, Medium.VOICE).orElseThrow();
    List<String> told = new java.util.ArrayList<>();
    permit.onEnd(() -> told.add("told"));

    house.clock.forward(Duration.ofHours(1));
    assertThat(permit.live(house.clock.millis())).isFalse();
    house.consents.tick();
    house.clock.back(Duration.ofMinutes(30));

    assertThat(permit.live(house.clock.millis())).isFalse();
    assertThat(told).containsExactly("told");
    house.open(House.MEETING, House.NEXT);
    assertThat(house.permit(ada, House.NEXT, Purpose.CAPTIONS, Medium.VOICE)).isEmpty();
    house.start();
    house.consents.sit(House.seat(ada, House.NEXT));
    house.open(House.MEETING, House.NEXT);
    assertThat(house.permit(ada, House.NEXT, Purpose.CAPTIONS, Medium.VOICE)).isEmpty();
    assertThat(house.consents.choices(ada.person()).getFirst().state()).isEqualTo(State.EXPIRED);
    assertThat(house.store.all(Event.Expired.class)).hasSize(1);
  }

  @Test
  void aPermitThatWasSeenDeadStaysDeadThoughNobodyTicked() {
    notesUntil(House.MEETING, Scope.Kind.MEETING);
    Permit<?> permit = house.permit(ada, House.MEETING, Purpose.NOTES, Medium.VOICE).orElseThrow();
    house.clock.forward(Duration.ofHours(13));
    assertThat(permit.live(house.clock.millis())).isFalse();
    house.clock.back(Duration.ofHours(13));

    assertThat(permit.live(house.clock.millis())).isFalse();
    house.open(House.MEETING);
    assertThat(mayNote(House.MEETING)).isFalse();
  }

  @Test
  void aNoInAnotherMeetingLiesOverAWiderYesThereAlone() {
    WithdrawalSecret secret = notesUntil(House.MEETING, Scope.Kind.ORGANISATION);
    house.consents.sit(House.seat(ada, House.NEXT));
    Permit<?> permit = house.permit(ada, House.NEXT, Purpose.NOTES, Medium.VOICE).orElseThrow();
    // Dead before the log is asked:
    house.journal.beforeAppend = () -> assertThat(permit.live(house.clock.millis())).isFalse();

    house.no(ada, House.NEXT, Scope.MEETING, Purpose.NOTES, Medium.VOICE);
    house.journal.beforeAppend = () -> {};

    assertThat(mayNote(House.NEXT)).isFalse();
    assertThat(mayNote(House.MEETING)).isTrue();
    assertThat(house.consents.use(secret.handle(), Purpose.NOTES)).isPresent();
    house.start();
    house.consents.sit(House.seat(ada, House.NEXT));
    house.open(House.MEETING, House.NEXT);
    assertThat(mayNote(House.NEXT)).isFalse();
    assertThat(mayNote(House.MEETING)).isTrue();
  }

  @Test
  void aNoInTheSameMeetingEndsItWhateverItsScope() {
    WithdrawalSecret secret = notesUntil(House.MEETING, Scope.Kind.ORGANISATION);
    house.no(ada, House.MEETING, Scope.MEETING, Purpose.NOTES, Medium.VOICE);

    assertThat(mayNote(House.MEETING)).isFalse();
    assertThat(house.consents.use(secret.handle(), Purpose.NOTES)).isEmpty();
  }

  @Test
  void aNoAsWideAsTheYesEndsItFromAnywhere() {
    WithdrawalSecret room = notesUntil(House.MEETING, Scope.Kind.ROOM);
    Scope everywhere = house.until(Scope.Kind.ORGANISATION, MONTH);
    house.no(ada, House.ELSEWHERE, everywhere, Purpose.NOTES, Medium.VOICE);

    assertThat(house.consents.use(room.handle(), Purpose.NOTES)).isEmpty();
    assertThat(mayNote(House.MEETING)).isFalse();
  }

  @Test
  void withdrawingEndsItInEveryMeeting() {
    WithdrawalSecret secret = notesUntil(House.MEETING, Scope.Kind.ORGANISATION);
    house.consents.sit(House.seat(ada, House.NEXT));
    house.consents.sit(House.seat(ada, House.ELSEWHERE));
    List<Permit<Purpose.Notes>> permits =
        List.of(House.MEETING, House.NEXT, House.ELSEWHERE).stream()
            .map(m -> house.permit(ada, m, Purpose.NOTES, Medium.VOICE).orElseThrow())
            .toList();

    house.consents.withdraw(secret);

    assertThat(permits).noneMatch(permit -> permit.live(house.clock.millis()));
    assertThat(house.changes)
        .contains(new Change.Answered(ada.person(), House.NEXT))
        .contains(new Change.Answered(ada.person(), House.ELSEWHERE));
  }

  @Test
  void aKeyForOneMeetingGivesNothingBeyondIt() {
    Device.Draft draft = notes(House.MEETING, house.until(Scope.Kind.ROOM, MONTH));
    Seat guest = House.seat(ada);
    assertThat(guest.lasting()).isFalse();
    assertThat(refused(house.consents.answer(guest, ada.sign(draft), ada.salt())))
        .isEqualTo(Refusal.SCOPE_NEEDS_LASTING_KEY);
  }

  @Test
  void nothingReachesFurtherThanTheControllerAllows() {
    house.ceiling = new Ceiling(Scope.Kind.ROOM, Duration.ofDays(7));
    house.open(House.MEETING);
    Scope organisation = house.until(Scope.Kind.ORGANISATION, Duration.ofDays(1));
    Scope long_ = house.until(Scope.Kind.ROOM, Duration.ofDays(8));
    Scope allowed = house.until(Scope.Kind.ROOM, Duration.ofDays(7));

    assertThat(refused(house.answer(ada, House.MEETING, notes(House.MEETING, organisation))))
        .isEqualTo(Refusal.SCOPE_TOO_WIDE);
    assertThat(refused(house.answer(ada, House.MEETING, notes(House.MEETING, long_))))
        .isEqualTo(Refusal.SCOPE_TOO_WIDE);
    assertThat(house.journal.all(dev.aye.log.Leaf.Answer.class)).isEmpty();
    assertThat(house.answer(ada, House.MEETING, notes(House.MEETING, allowed)))
        .isInstanceOf(Consents.Answering.Answered.class);
  }

  @Test
  void aNoMayBeAsWideAsItLikes() {
    house.ceiling = Ceiling.MEETING;
    house.open(House.MEETING);
    Scope everywhere = house.until(Scope.Kind.ORGANISATION, MONTH);
    house.no(ada, House.MEETING, everywhere, Purpose.NOTES, Medium.VOICE);
  }

  @Test
  void anotherRoomThanTheMeetingsIsRefused() {
    Scope other = new Scope.Room(House.OTHER_ROOM, house.clock.instant().plus(MONTH));
    assertThat(refused(house.answer(ada, House.MEETING, notes(House.MEETING, other))))
        .isEqualTo(Refusal.WRONG_ROOM);
  }

  @Test
  void aCeilingThatIsLoweredDrawsInWhatWasGivenBefore() {
    notesUntil(House.MEETING, Scope.Kind.ORGANISATION);
    house.consents.sit(House.seat(ada, House.NEXT));
    house.ceiling = Ceiling.MEETING;
    house.open(House.NEXT);

    assertThat(mayNote(House.NEXT)).isFalse();
  }

  @Test
  void aYesThatReachesHereAlreadyIsNotGivenTwice() {
    notesUntil(House.MEETING, Scope.Kind.ORGANISATION);
    house.consents.sit(House.seat(ada, House.NEXT));

    assertThat(refused(house.answer(ada, House.NEXT, notes(House.NEXT, Scope.MEETING))))
        .isEqualTo(Refusal.ALREADY_GIVEN);
    assertThat(house.consents.choices(ada.person(), House.NEXT))
        .extracting(Choice::state)
        .containsExactly(State.GIVEN);
  }

  @Test
  void aRowInOtherWordsIsAskedAnew() {
    notesUntil(House.MEETING, Scope.Kind.ORGANISATION);
    house.consents.sit(House.seat(ada, House.NEXT));
    house.say(
        new Controller("Another Name", "privacy@example.org", "an authority"),
        House.MEETING,
        House.NEXT);

    assertThat(mayNote(House.MEETING)).isFalse();
    assertThat(mayNote(House.NEXT)).isFalse();
    assertThat(house.consents.choices(ada.person(), House.NEXT))
        .extracting(Choice::state)
        .containsExactly(State.REQUESTED);
    WithdrawalSecret anew = ada.secret();
    Device.Draft draft =
        house
            .draft(ada, House.NEXT, Scope.MEETING)
            .with("controller", "Another Name")
            .yes(Purpose.NOTES, Medium.VOICE, anew.handle());
    assertThat(house.answer(ada, House.NEXT, draft))
        .isInstanceOf(Consents.Answering.Answered.class);
    assertThat(house.permit(ada, House.NEXT, Purpose.NOTES, Medium.VOICE).orElseThrow().handle())
        .isEqualTo(anew.handle());
  }

  @Test
  void aTextThatLeavesTheRowAsItWasLeavesTheYesAsItWas() {
    notesUntil(House.MEETING, Scope.Kind.MEETING);
    Controller moved =
        new Controller(House.CONTROLLER.name(), "desk@example.org", House.CONTROLLER.authority());
    house.say(moved, House.MEETING);

    assertThat(house.notices.getFirst().version()).isEqualTo(2);
    assertThat(mayNote(House.MEETING)).isTrue();
  }

  @Test
  void aNoInTheNewWordsEndsTheYesInTheOldOnesToo() {
    WithdrawalSecret old = notesUntil(House.MEETING, Scope.Kind.MEETING);
    Controller other = new Controller("Another Name", "p@example.org", "an authority");
    house.say(other, House.MEETING);
    Device.Draft yes = notes(House.MEETING, Scope.MEETING).with("controller", other.name());
    assertThat(house.answer(ada, House.MEETING, yes))
        .isInstanceOf(Consents.Answering.Answered.class);
    Device.Draft no =
        house
            .draft(ada, House.MEETING, Scope.MEETING)
            .with("controller", other.name())
            .no(Purpose.NOTES, Medium.VOICE);
    assertThat(house.answer(ada, House.MEETING, no))
        .isInstanceOf(Consents.Answering.Answered.class);

    assertThat(house.consents.uses(Purpose.NOTES)).isEmpty();
    assertThat(house.consents.use(old.handle(), Purpose.NOTES)).isEmpty();
  }

  /**
   * As far as the types go: no text asks for recording or sharing yet, so a yes to them is refused
   * in any meeting; where minors may be present they are not in the offer either.
   */
  @Test
  void whereMinorsMayBePresentNothingIsTaughtRecordedOrShared() {
    Set<Purpose> left = Offer.amongMinors(Set.copyOf(Purpose.all()));
    assertThat(left).containsExactlyInAnyOrder(Purpose.CAPTIONS, Purpose.NOTES);
    house.consents.offer(House.MEETING, house.offer(House.MEETING, left, House.COMPANION));
    for (Purpose purpose : Purpose.all()) {
      for (Medium medium : Medium.values()) {
        boolean asked =
            left.contains(purpose)
                && house.notices.getFirst().rows().get(purpose).media().containsKey(medium);
        var answered =
            house.answer(
                ada,
                House.MEETING,
                house
                    .draft(ada, House.MEETING, Scope.MEETING)
                    .yes(purpose, medium, ada.secret().handle()));
        assertThat(answered instanceof Consents.Answering.Answered)
            .as(purpose.id() + ", " + medium.id())
            .isEqualTo(asked);
        assertThat(house.permit(ada, House.MEETING, purpose, medium).isPresent()).isEqualTo(asked);
      }
    }
  }
}
