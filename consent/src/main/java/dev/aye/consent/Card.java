package dev.aye.consent;

import java.time.Instant;
import java.util.List;

/**
 * A card as its person answered it, with what they need to prove it: for that person's eyes.
 *
 * @param receipt the exact JWS
 * @param index of the {@code ANSWER} leaf
 * @param noticeText the exact text that was shown
 * @param choices what was answered, each as it stands now
 */
public record Card(
    MeetingId meeting,
    Instant at,
    String receipt,
    Salt salt,
    long index,
    String noticeText,
    List<Choice> choices) {
  public Card {
    choices = List.copyOf(choices);
  }

  @Override
  public String toString() {
    return "card of " + meeting;
  }
}
