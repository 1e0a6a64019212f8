package dev.aye.companion;

import dev.aye.consent.MeetingId;
import dev.aye.consent.ParticipantId;
import java.time.Instant;

/**
 * Words to show while somebody speaks. Captions of one {@code id} replace each other; the last one
 * is {@code last}.
 *
 * @param at when its speech began to arrive
 * @param lagMillis how long ago the newest sound in it arrived
 */
public record Caption(
    long id,
    MeetingId meeting,
    ParticipantId participant,
    String text,
    boolean last,
    Instant at,
    long lagMillis) {
  /** Content stays out of logs. */
  @Override
  public String toString() {
    return "Caption[" + id + (last ? ", last" : "") + ", " + lagMillis + " ms]";
  }
}
