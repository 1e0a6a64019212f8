package dev.aye.consent;

import java.util.Optional;

/**
 * How one row of the card stands for one person in one meeting: for that person's eyes.
 *
 * @param scope of the answer it rests on
 * @param handle of the yes it rests or rested on
 */
public record Choice(
    MeetingId meeting,
    Purpose purpose,
    Medium medium,
    RecipientId recipient,
    State state,
    Scope scope,
    Optional<Handle> handle) {}
