package dev.aye.consent;

import java.time.Instant;

/**
 * One yes: who gave what to whom, for what, how far. A fact that never changes; whether it still
 * stands is its {@link State}.
 *
 * @param meeting in which it was given
 * @param index the index of the {@code ANSWER} leaf that commits to its receipt
 * @param at when the server recorded it
 * @param until from when on nothing more may be taken in under it, at the latest
 */
public record Grant(
    Handle handle,
    PersonId person,
    MeetingId meeting,
    ParticipantId participant,
    Purpose purpose,
    Medium medium,
    RecipientId recipient,
    Scope scope,
    long index,
    Instant at,
    Instant until) {

  /** A grant for one meeting. */
  public Grant(
      Handle handle,
      PersonId person,
      MeetingId meeting,
      ParticipantId participant,
      Purpose purpose,
      Medium medium,
      RecipientId recipient,
      long index,
      Instant at,
      Instant until) {
    this(
        handle,
        person,
        meeting,
        participant,
        purpose,
        medium,
        recipient,
        Scope.MEETING,
        index,
        at,
        until);
  }
}
