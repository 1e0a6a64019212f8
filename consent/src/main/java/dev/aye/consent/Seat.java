package dev.aye.consent;

/**
 * Where somebody really sits: the participant and the device key that proved itself when joining.
 * Answers count only from the seat that they name.
 */
public record Seat(MeetingId meeting, ParticipantId participant, PersonId person) {}
