package dev.aye.consent;

import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The meetings that may ask something now: what each of them asks, who sits in it, and with that
 * which answers fit and which grants reach it. It decides; {@link Consents} acts on it.
 *
 * <p>Guarded by the lock of {@link Consents}, but for {@link #offer} and {@link #meetings}, which
 * anybody may ask.
 */
final class OpenMeetings {
  private final Ledger ledger;
  private final String origin;
  private final InstantSource clock;
  private final Map<MeetingId, Offer> offers = new ConcurrentHashMap<>();

  /** Who sits in a meeting, under which participants. */
  private final Map<MeetingId, Map<PersonId, Set<ParticipantId>>> seats = new HashMap<>();

  OpenMeetings(Ledger ledger, String origin, InstantSource clock) {
    this.ledger = ledger;
    this.origin = origin;
    this.clock = clock;
  }

  Optional<Offer> offer(MeetingId meeting) {
    return Optional.ofNullable(offers.get(meeting));
  }

  Set<MeetingId> meetings() {
    return offers.keySet();
  }

  void put(MeetingId meeting, Offer offer) {
    offers.put(meeting, offer);
  }

  void close(MeetingId meeting) {
    offers.remove(meeting);
    seats.remove(meeting);
  }

  // ---- who sits where

  void sit(Seat seat) {
    seats
        .computeIfAbsent(seat.meeting(), _ -> new HashMap<>())
        .computeIfAbsent(seat.person(), _ -> new HashSet<>())
        .add(seat.participant());
  }

  /** Whether it was the last seat of this person there. */
  boolean rise(Seat seat) {
    Map<PersonId, Set<ParticipantId>> sitting = seats.get(seat.meeting());
    Set<ParticipantId> own = sitting == null ? null : sitting.get(seat.person());
    if (sitting == null || own == null || !own.remove(seat.participant()) || !own.isEmpty()) {
      return false;
    }
    sitting.remove(seat.person());
    return true;
  }

  boolean sits(PersonId person, MeetingId meeting) {
    return seats.getOrDefault(meeting, Map.of()).containsKey(person);
  }

  // ---- which grants reach a meeting

  /** The grants that were given in a meeting, and the wider ones of those who sit in it. */
  Set<Holding> reaching(MeetingId meeting) {
    Set<Holding> reaching = new LinkedHashSet<>(ledger.of(meeting));
    seats
        .getOrDefault(meeting, Map.of())
        .keySet()
        .forEach(person -> reaching.addAll(ledger.wide(person)));
    return reaching;
  }

  /** Whether what the person agreed to is not what would get it now. */
  static boolean isOther(Holding holding, MeetingId meeting, Offer offer) {
    return offer
        .recipient(holding.recipient.id())
        .map(now -> !now.equals(holding.recipient))
        .orElse(holding.grant.meeting().equals(meeting));
  }

  /** Whether a yes takes effect in a meeting as it asks, and as people sit and spoke, now. */
  boolean covers(Holding holding, MeetingId meeting, Offer offer) {
    Grant grant = holding.grant;
    boolean here = grant.meeting().equals(meeting);
    return !holding.over
        && offer.purposes().contains(grant.purpose())
        && offer.asksAs(holding.shown, grant.purpose())
        && (here || (sits(grant.person(), meeting) && offer.ceiling().allows(grant.scope().kind())))
        && ledger
            .inEffect(
                meeting,
                offer.room(),
                grant.person(),
                grant.recipient(),
                grant.purpose(),
                grant.medium())
            .filter(said -> said instanceof Ledger.Said.Yes yes && yes.holding() == holding)
            .isPresent();
  }

  /** The open meetings in which a no from here comes before this yes from elsewhere. */
  List<MeetingId> barred(Scope scope, MeetingId here, Holding yes) {
    return switch (scope) {
      case Scope.Room room ->
          offers.entrySet().stream()
              .filter(offer ->
                  offer.getKey().equals(here)
                      || (offer.getValue().room().filter(room.id()::equals).isPresent()
                          && !yes.grant.meeting().equals(offer.getKey())))
              .map(Map.Entry::getKey)
              .toList();
      case Scope.Meeting _, Scope.Organisation _ -> List.of(here);
    };
  }

  // ---- which answers fit

  /**
   * What the meeting asks, when this receipt from this seat answers it.
   *
   * @throws Flaw when it is not for this log, meeting, seat, text or recipient, reaches too far,
   *     comes again or too late, or says yes to what is given already
   */
  Offer check(Seat seat, Receipt receipt) throws Flaw {
    Flaw.demand(receipt.origin().equals(origin), Refusal.WRONG_ORIGIN, "origin");
    Flaw.demand(receipt.meeting().equals(seat.meeting()), Refusal.WRONG_MEETING, "meeting");
    Flaw.demand(
        receipt.participant().equals(seat.participant()), Refusal.WRONG_PARTICIPANT, "participant");
    Flaw.demand(receipt.person().equals(seat.person()), Refusal.WRONG_PERSON, "jwk");
    Offer offer = offers.get(seat.meeting());
    if (offer == null || !clock.instant().isBefore(offer.until())) {
      throw new Flaw(Refusal.MEETING_CLOSED, "meeting");
    }
    Notice notice =
        offer
            .notice(receipt.notice())
            .orElseThrow(() -> new Flaw(Refusal.UNKNOWN_NOTICE, "notice"));
    Flaw.demand(
        receipt.controller().equals(notice.controller().name()),
        Refusal.WRONG_CONTROLLER,
        "controller");
    Recipient recipient =
        offer
            .recipient(receipt.recipient().id())
            .orElseThrow(() -> new Flaw(Refusal.WRONG_RECIPIENT, "recipient.id"));
    Flaw.demand(
        receipt.recipient().key().equals(recipient.key()),
        Refusal.WRONG_RECIPIENT,
        "recipient.key");
    Flaw.demand(
        receipt.recipient().processor().equals(recipient.processor()),
        Refusal.WRONG_PROCESSOR,
        "recipient.processor");
    Flaw.demand(!receipt.mixesTraining(), Refusal.TRAINING_MIXED, "choices");
    reach(seat, receipt, offer);
    Flaw.demand(!ledger.knows(receipt), Refusal.REPLAYED, "id");
    Flaw.demand(
        ledger.answersOf(seat.person(), seat.meeting()) < Consents.MAX_ANSWERS,
        Refusal.TOO_MANY,
        "choices");
    for (Receipt.Answer answer : receipt.choices()) {
      Flaw.demand(notice.asks(answer.purpose(), answer.medium()), Refusal.NOT_OFFERED, "choices");
      if (answer instanceof Receipt.Answer.Yes yes) {
        Flaw.demand(offer.purposes().contains(yes.purpose()), Refusal.NOT_OFFERED, "choices");
        Flaw.demand(!ledger.spent(yes.handle()), Refusal.HANDLE_USED, "choices.handle");
        Flaw.demand(
            ledger
                .saidBefore(receipt, answer)
                .filter(said -> said.issued().isAfter(receipt.issued()))
                .isEmpty(),
            Refusal.OVERTAKEN,
            "issued");
        Flaw.demand(!given(receipt, yes, offer), Refusal.ALREADY_GIVEN, "choices");
      }
    }
    return offer;
  }

  /** A yes reaches no further than the controller allows, and then only by a key that lasts. */
  private static void reach(Seat seat, Receipt receipt, Offer offer) throws Flaw {
    if (receipt.scope() instanceof Scope.Room room) {
      Flaw.demand(
          offer.room().filter(room.id()::equals).isPresent(), Refusal.WRONG_ROOM, "scope.id");
    }
    if (receipt.grants()) {
      Flaw.demand(
          offer.ceiling().allows(receipt.scope(), receipt.issued()),
          Refusal.SCOPE_TOO_WIDE,
          "scope");
      Flaw.demand(
          receipt.scope().kind() == Scope.Kind.MEETING || seat.lasting(),
          Refusal.SCOPE_NEEDS_LASTING_KEY,
          "scope");
    }
  }

  /** Whether there is a yes to that already, in the same words, that takes effect. */
  private boolean given(Receipt receipt, Receipt.Answer.Yes yes, Offer offer) {
    Set<Holding> standing = new LinkedHashSet<>(ledger.standing(receipt, yes));
    ledger
        .inEffect(
            receipt.meeting(),
            offer.room(),
            receipt.person(),
            receipt.recipient().id(),
            yes.purpose(),
            yes.medium())
        .ifPresent(said -> {
          if (said instanceof Ledger.Said.Yes before
              && covers(before.holding(), receipt.meeting(), offer)) {
            standing.add(before.holding());
          }
        });
    return standing.stream()
        .anyMatch(holding ->
            holding.state == State.GIVEN
                && !holding.over
                && clock.instant().isBefore(holding.grant.until())
                && offer.asksAs(holding.shown, yes.purpose()));
  }
}
