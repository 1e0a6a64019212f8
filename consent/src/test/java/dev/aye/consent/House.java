package dev.aye.consent;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A server's consent on a simulated clock, with one meeting that asks for captions, notes and
 * learning.
 */
final class House {
  static final MeetingId MEETING = new MeetingId("m-4f9Qz2");
  static final RoomId ROOM = new RoomId("r-weekly");

  /** The next meeting in the same room, and one elsewhere. */
  static final MeetingId NEXT = new MeetingId("m-next");

  static final MeetingId ELSEWHERE = new MeetingId("m-elsewhere");
  static final RoomId OTHER_ROOM = new RoomId("r-other");
  static final Ceiling WIDE = new Ceiling(Scope.Kind.ORGANISATION, Duration.ofDays(90));
  static final Controller CONTROLLER =
      new Controller("Example Cooperative", "privacy@example.org", "the supervisory authority");
  static final Recipient COMPANION =
      new Recipient(
          RecipientId.COMPANION,
          new Dice("recipient").b64u(65),
          new Processor("this server", "built-in English"));

  final Clock clock = new Clock();
  final MemoryStore store = new MemoryStore();
  final MemoryJournal journal = new MemoryJournal();
  List<Notice> notices = Notice.current(CONTROLLER);
  Ceiling ceiling = Ceiling.MEETING;
  final List<Change> changes = new ArrayList<>();
  Consents consents;

  House() {
    start();
    notices.forEach(consents::publish);
    consents.offer(MEETING, offer());
  }

  /** The process starts anew on what is durable; the meeting's offer is not made again yet. */
  Consents start() {
    consents = new Consents(journal, store, clock, Runnable::run);
    consents.onChange(changes::add);
    return consents;
  }

  Offer offer() {
    return offer(Set.of(Purpose.CAPTIONS, Purpose.NOTES, Purpose.TRAINING), COMPANION);
  }

  Offer offer(Set<Purpose> purposes, Recipient recipient) {
    return offer(MEETING, purposes, recipient);
  }

  Offer offer(MeetingId meeting, Set<Purpose> purposes, Recipient recipient) {
    return new Offer(
        purposes,
        List.of(recipient),
        notices,
        Clock.START.plus(Duration.ofHours(12)),
        Optional.of(meeting.equals(ELSEWHERE) ? OTHER_ROOM : ROOM),
        ceiling);
  }

  /** A house in which a yes may reach every meeting for 90 days, with three meetings open. */
  static House wide() {
    House house = new House();
    house.ceiling = WIDE;
    house.open(MEETING, NEXT, ELSEWHERE);
    return house;
  }

  void open(MeetingId... meetings) {
    for (MeetingId meeting : meetings) {
      consents.offer(meeting, offer(meeting, offer().purposes(), COMPANION));
    }
  }

  /** The operator says something else of itself, and opens its meetings with the new texts. */
  void say(Controller controller, MeetingId... meetings) {
    notices = consents.publish(_ -> controller);
    open(meetings);
  }

  Scope until(Scope.Kind kind, Duration length) {
    Instant end = clock.instant().plus(length);
    return switch (kind) {
      case MEETING -> Scope.MEETING;
      case ROOM -> new Scope.Room(ROOM, end);
      case ORGANISATION -> new Scope.Organisation(end);
    };
  }

  static Seat seat(Device device, MeetingId meeting) {
    return new Seat(meeting, seat(device).participant(), device.person(), true);
  }

  Device.Draft draft(Device device, MeetingId meeting, Scope reach) {
    Map<String, Object> scope = new LinkedHashMap<>();
    scope.put("kind", reach.kind().id());
    if (reach instanceof Scope.Room room) {
      scope.put("id", room.id().value());
    }
    reach.until().ifPresent(end -> scope.put("until", Receipt.format(end)));
    return draft(device).with("meeting", meeting.value()).with("scope", scope);
  }

  Consents.Answering answer(Device device, MeetingId meeting, Device.Draft draft) {
    return consents.answer(seat(device, meeting), device.sign(draft), device.salt());
  }

  /** Says yes in a meeting, as far as that. */
  WithdrawalSecret yes(
      Device device, MeetingId meeting, Scope reach, Purpose purpose, Medium medium) {
    WithdrawalSecret secret = device.secret();
    Consents.Answering answered =
        answer(
            device, meeting, draft(device, meeting, reach).yes(purpose, medium, secret.handle()));
    if (!(answered instanceof Consents.Answering.Answered)) {
      throw new AssertionError(answered);
    }
    return secret;
  }

  void no(Device device, MeetingId meeting, Scope reach, Purpose purpose, Medium medium) {
    Consents.Answering answered =
        answer(device, meeting, draft(device, meeting, reach).no(purpose, medium));
    if (!(answered instanceof Consents.Answering.Answered)) {
      throw new AssertionError(answered);
    }
  }

  <P extends Purpose> Optional<Permit<P>> permit(
      Device device, MeetingId meeting, P purpose, Medium medium) {
    return consents.permit(device.person(), meeting, purpose, medium, RecipientId.COMPANION);
  }

  static Seat seat(Device device) {
    return new Seat(
        MEETING,
        new ParticipantId("p-" + device.person().value().substring(0, 8)),
        device.person());
  }

  /** A receipt's payload that is right in every field, with no row answered yet. */
  Device.Draft draft(Device device) {
    Notice notice = notices.getFirst();
    Map<String, Object> shown = new LinkedHashMap<>();
    shown.put("version", notice.version());
    shown.put("locale", notice.locale());
    shown.put("hash", notice.hash().b64u());
    Map<String, Object> processor = new LinkedHashMap<>();
    processor.put("host", COMPANION.processor().host());
    processor.put("model", COMPANION.processor().model());
    Map<String, Object> recipient = new LinkedHashMap<>();
    recipient.put("id", COMPANION.id().value());
    recipient.put("key", COMPANION.key());
    recipient.put("processor", processor);
    Map<String, Object> scope = new LinkedHashMap<>();
    scope.put("kind", "meeting");
    return new Device.Draft()
        .with("schema", "urn:aye:receipt:1")
        .with("id", device.dice.b64u(16))
        .with("origin", journal.origin())
        .with("meeting", MEETING.value())
        .with("participant", seat(device).participant().value())
        .with("issued", Receipt.format(clock.instant()))
        .with("notice", shown)
        .with("controller", CONTROLLER.name())
        .with("recipient", recipient)
        .with("scope", scope)
        .with("choices", new ArrayList<Map<String, Object>>());
  }

  Consents.Answering answer(Device device, Device.Draft draft) {
    return consents.answer(seat(device), device.sign(draft), device.salt());
  }

  /** Says yes, and returns what withdraws it. */
  WithdrawalSecret yes(Device device, Purpose purpose, Medium medium) {
    WithdrawalSecret secret = device.secret();
    Consents.Answering answered =
        answer(device, draft(device).yes(purpose, medium, secret.handle()));
    if (!(answered instanceof Consents.Answering.Answered)) {
      throw new AssertionError(answered);
    }
    return secret;
  }

  void no(Device device, Purpose purpose, Medium medium) {
    Consents.Answering answered = answer(device, draft(device).no(purpose, medium));
    if (!(answered instanceof Consents.Answering.Answered)) {
      throw new AssertionError(answered);
    }
  }

  <P extends Purpose> java.util.Optional<Permit<P>> permit(
      Device device, P purpose, Medium medium) {
    return consents.permit(device.person(), MEETING, purpose, medium, RecipientId.COMPANION);
  }
}
