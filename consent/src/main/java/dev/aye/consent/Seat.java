package dev.aye.consent;

/**
 * Where somebody really sits: the participant and the device key that proved itself when joining.
 * Answers count only from the seat that they name.
 *
 * @param lasting whether the device said that it keeps this key beyond the meeting, so that the
 *     person wants to be known by it again; only then can a yes reach further
 */
public record Seat(MeetingId meeting, ParticipantId participant, PersonId person, boolean lasting) {
  /** The seat of a key for this meeting alone. */
  public Seat(MeetingId meeting, ParticipantId participant, PersonId person) {
    this(meeting, participant, person, false);
  }
}
