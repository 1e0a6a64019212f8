package dev.aye.consent;

/** Something that changed in what people agreed to. Told after it is in effect and durable. */
public sealed interface Change {
  /** What a person said changed in this meeting; new permits may exist, or old ones be gone. */
  record Answered(PersonId person, MeetingId meeting) implements Change {}

  /**
   * A yes is over: withdrawn, revoked, answered with a later no, or invalidated. What was kept
   * under it is to be forgotten.
   */
  record Ended(Grant grant, State state) implements Change {}

  /** A withdrawal's or revocation's leaf is in the log. */
  record Logged(Withdrawal withdrawal) implements Change {}

  /** What may be asked in a meeting changed; permits may have ended or come back. */
  record Offered(MeetingId meeting) implements Change {}

  /** A meeting is over, and with it all permits to take in. */
  record MeetingOver(MeetingId meeting) implements Change {}
}
