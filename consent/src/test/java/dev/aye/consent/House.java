package dev.aye.consent;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A server's consent on a simulated clock, with one meeting that asks for captions, notes and
 * learning.
 */
final class House {
  static final MeetingId MEETING = new MeetingId("m-4f9Qz2");
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
  final List<Notice> notices = Notice.current(CONTROLLER);
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
    return new Offer(purposes, List.of(recipient), notices, Clock.START.plus(Duration.ofHours(12)));
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
