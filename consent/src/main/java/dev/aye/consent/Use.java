package dev.aye.consent;

/**
 * Leave to use, for its purpose, what was already kept under a grant: rows of a data set, segments
 * of notes.
 *
 * <p>It takes nothing in. Made by {@link Consents} alone, for purposes that keep something; it
 * outlives the meeting and is live until the grant is withdrawn, answered with a no, or made
 * invalid.
 */
public final class Use<P extends Purpose> extends Leave<P> {
  Use(Grant grant, P purpose) {
    super(grant, purpose, grant.meeting(), Long.MAX_VALUE);
  }
}
