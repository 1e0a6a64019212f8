package dev.aye.consent;

import java.time.Instant;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Makes and ends permits for tests of what takes them. Stands in consent's package because nobody
 * else can: in the product {@link Consents} makes them, after the grant is in the log.
 */
public final class Permits {
  private static final AtomicLong INDEX = new AtomicLong();

  private Permits() {}

  public static <P extends Purpose> Permit<P> permit(
      PersonId person,
      MeetingId meeting,
      ParticipantId participant,
      P purpose,
      Medium medium,
      long deadline) {
    long index = INDEX.getAndIncrement();
    byte[] handle = new byte[32];
    java.nio.ByteBuffer.wrap(handle).putLong(index);
    var grant =
        new Grant(
            Handle.of(handle),
            person,
            meeting,
            participant,
            purpose,
            medium,
            new RecipientId("companion"),
            index,
            Instant.EPOCH,
            Instant.ofEpochMilli(deadline));
    return new Permit<>(grant, purpose, deadline);
  }

  /** What {@link DeviceProof} gives for a proof that holds. */
  public static DeviceProof.Checked.Proven proven(PersonId person) {
    return new DeviceProof.Checked.Proven(person, false);
  }

  public static void end(Permit<?> permit) {
    permit.end().forEach(Runnable::run);
  }
}
