package dev.aye.consent;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A revocable leave to use one medium of one person for one purpose: what {@link Permit} and {@link
 * Use} have in common.
 *
 * <p>Thread-safe. It lives until a deadline that can only come nearer; ending it moves the deadline
 * before all time.
 */
abstract sealed class Leave<P extends Purpose> permits Permit, Use {
  private final Grant grant;
  private final P purpose;
  private final MeetingId meeting;

  /** First epoch millisecond at which this is dead. Written only to end it. */
  private volatile long deadline;

  /** Who is told of the end; null once they have been. Guarded by this. */
  private @Nullable List<Runnable> holders = new ArrayList<>();

  Leave(Grant grant, P purpose, MeetingId meeting, long deadline) {
    if (!grant.purpose().equals(purpose)) {
      throw new IllegalArgumentException(
          "a grant for " + grant.purpose() + " gives no leave for " + purpose);
    }
    this.grant = grant;
    this.purpose = purpose;
    this.meeting = meeting;
    this.deadline = deadline;
  }

  /**
   * Whether it may be used at this moment: one volatile read, no allocation. Ask per packet and
   * again at each sink. Once it was asked too late it stays dead, also for a clock that is set
   * back.
   */
  public final boolean live(long epochMillis) {
    if (epochMillis < deadline) {
      return true;
    }
    deadline = Long.MIN_VALUE;
    return false;
  }

  /**
   * Has {@code holder} run once when this ends, on the thread that ends it; at once when it has
   * ended already.
   *
   * <p>Holders clean up (discard queues, close streams); they must be quick and must not rely on
   * being told: what enforces the end is {@link #live}.
   */
  public final void onEnd(Runnable holder) {
    synchronized (this) {
      if (holders != null) {
        holders.add(holder);
        return;
      }
    }
    holder.run();
  }

  public final PersonId person() {
    return grant.person();
  }

  /** The meeting it is for; a wider grant was given in another one, perhaps. */
  public final MeetingId meeting() {
    return meeting;
  }

  /** The presence in which the person gave it; after a reload the same person may have another. */
  public final ParticipantId participant() {
    return grant.participant();
  }

  public final P purpose() {
    return purpose;
  }

  public final Medium medium() {
    return grant.medium();
  }

  public final RecipientId recipient() {
    return grant.recipient();
  }

  public final Handle handle() {
    return grant.handle();
  }

  /** The grant it rests on. */
  public final Grant grant() {
    return grant;
  }

  /**
   * Ends it: dead when this returns, for every thread. Returns the holders, each once, for the
   * caller to run when it holds no lock.
   */
  final List<Runnable> end() {
    deadline = Long.MIN_VALUE;
    synchronized (this) {
      List<Runnable> told = holders == null ? List.of() : holders;
      holders = null;
      return told;
    }
  }

  @Override
  public final String toString() {
    return getClass().getSimpleName()
        + " for "
        + purpose
        + " of "
        + grant.medium().id()
        + " under "
        + grant.handle();
  }
}
