package dev.aye.consent;

import java.time.Instant;
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
 */
public record Offer(
    Set<Purpose> purposes, List<Recipient> recipients, List<Notice> notices, Instant until) {
  public Offer {
    purposes = Set.copyOf(purposes);
    recipients = List.copyOf(recipients);
    notices = List.copyOf(notices);
    if (recipients.stream().map(Recipient::id).distinct().count() != recipients.size()) {
      throw new IllegalArgumentException("two recipients have the same id");
    }
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
}
