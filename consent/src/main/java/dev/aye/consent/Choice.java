package dev.aye.consent;

import java.util.Optional;

/**
 * How one row of the card stands for one person: for that person's eyes.
 *
 * @param handle of the yes it rests or rested on
 */
public record Choice(
    MeetingId meeting,
    Purpose purpose,
    Medium medium,
    RecipientId recipient,
    State state,
    Optional<Handle> handle) {}
