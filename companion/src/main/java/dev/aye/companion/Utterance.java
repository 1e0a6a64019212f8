package dev.aye.companion;

import dev.aye.consent.Medium;
import dev.aye.consent.MeetingId;
import dev.aye.consent.ParticipantId;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * Something a person said or wrote, to be kept under a permit.
 *
 * @param at when it began to arrive
 * @param duration how long its sound lasts, from its first sample to its last; zero for a chat
 *     message
 * @param text for notes as re-ranked; for training as the base model heard it, so that no trained
 *     model feeds itself
 * @param readings what the base model offered, best first; of a chat message just its text
 */
public record Utterance(
    long id,
    MeetingId meeting,
    ParticipantId participant,
    Medium medium,
    Instant at,
    Duration duration,
    String text,
    List<Hypothesis> readings) {
  public Utterance {
    readings = List.copyOf(readings);
    if (duration.isNegative()) {
      throw new IllegalArgumentException("what was said lasts forwards");
    }
  }

  /** Content stays out of logs. */
  @Override
  public String toString() {
    return "Utterance[" + id + ", " + medium.id() + ", " + text.length() + " characters]";
  }
}
