package dev.aye.consent;

import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What a meeting may ask now: never a yes, only the most that a yes can cover.
 *
 * @param purposes what operator and host let be asked; both can only narrow
 * @param recipients who would get it, as they are at this moment
 * @param notices the texts that are shown, one per language
 * @param until from when on nothing more is taken in, at the latest
 * @param room the series that the meeting belongs to
 * @param ceiling how far a yes may reach
 */
public record Offer(
    Set<Purpose> purposes,
    List<Recipient> recipients,
    List<Notice> notices,
    Instant until,
    Optional<RoomId> room,
    Ceiling ceiling) {
  public Offer {
    purposes = Set.copyOf(purposes);
    recipients = List.copyOf(recipients);
    notices = List.copyOf(notices);
    if (recipients.stream().map(Recipient::id).distinct().count() != recipients.size()) {
      throw new IllegalArgumentException("two recipients have the same id");
    }
  }

  /** The offer of a meeting by itself, in which nothing reaches beyond it. */
  public Offer(
      Set<Purpose> purposes, List<Recipient> recipients, List<Notice> notices, Instant until) {
    this(purposes, recipients, notices, until, Optional.empty(), Ceiling.MEETING);
  }

  /**
   * The purposes that are left where minors may be present: what is shown and then forgotten, or
   * read by the meeting alone.
   */
  public static Set<Purpose> amongMinors(Set<Purpose> purposes) {
    Set<Purpose> left = new LinkedHashSet<>(purposes);
    left.removeAll(Set.of(Purpose.TRAINING, Purpose.RECORDING, Purpose.SHARING));
    return left;
  }

  Optional<Recipient> recipient(RecipientId id) {
    return recipients.stream().filter(recipient -> recipient.id().equals(id)).findFirst();
  }

  Optional<Notice> notice(Receipt.NoticeRef shown) {
    return notices.stream()
        .filter(notice ->
            notice.version() == shown.version()
                && notice.locale().equals(shown.locale())
                && notice.hash().b64u().equals(shown.hash()))
        .findFirst();
  }

  /** Whether it asks for that in the very words of {@code shown}. */
  boolean asksAs(Notice shown, Purpose purpose) {
    Notice.Row row = shown.rows().get(purpose);
    return row != null
        && notices.stream()
            .anyMatch(notice ->
                notice.locale().equals(shown.locale()) && row.equals(notice.rows().get(purpose)));
  }
}
