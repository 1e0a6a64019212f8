package dev.aye.companion;

import dev.aye.consent.Medium;
import dev.aye.consent.MeetingId;
import dev.aye.consent.ParticipantId;
import dev.aye.consent.Permits;
import dev.aye.consent.PersonId;
import dev.aye.consent.Purpose;
import java.time.Instant;
import java.time.InstantSource;

/** Speech that is complete, under a permit for notes. */
final class Segments {
  private static final MeetingId MEETING = new MeetingId("meetingmeetingmeeting1");
  private static final ParticipantId PARTICIPANT = new ParticipantId("participant1");
  private static final PersonId PERSON = new PersonId("A".repeat(43));
  private static final long NEVER = Long.MAX_VALUE / 2_000_000;

  private Segments() {}

  static Segment of(short[] samples) {
    return of(samples, () -> Instant.EPOCH, NEVER);
  }

  /**
   * @param deadline when the permit ends, in milliseconds since 1970
   */
  static Segment of(short[] samples, InstantSource clock, long deadline) {
    var permit =
        Permits.permit(PERSON, MEETING, PARTICIPANT, Purpose.NOTES, Medium.VOICE, deadline);
    var segment = new Segment(1, MEETING, PARTICIPANT, PERSON, Cover.NONE.with(permit), 0, clock);
    segment.append(samples, 0);
    segment.end();
    return segment;
  }
}
