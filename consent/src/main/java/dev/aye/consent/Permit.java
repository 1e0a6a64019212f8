package dev.aye.consent;

/**
 * Leave to take in a person's media during a meeting: the only key to a tap, a recorder, a model's
 * input or the vault.
 *
 * <p>Made by {@link Consents} alone, after the grant is in the log and durable. Live until
 * withdrawal, revocation, a later no, a changed processor or text, a narrowed offer, the end of its
 * scope, or the end of the meeting, whichever comes first. What was kept under it may afterwards be
 * used only with a {@link Use}.
 */
public final class Permit<P extends Purpose> extends Leave<P> {
  /** For the meeting in which it was granted. */
  Permit(Grant grant, P purpose, long deadline) {
    this(grant, purpose, grant.meeting(), deadline);
  }

  /** For a meeting that a wider grant reaches. */
  Permit(Grant grant, P purpose, MeetingId meeting, long deadline) {
    super(grant, purpose, meeting, deadline);
  }
}
