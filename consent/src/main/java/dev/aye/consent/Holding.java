package dev.aye.consent;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A grant and what lives of it: at most one {@link Permit} and one {@link Use}.
 *
 * <p>{@link #stop} is final and needs no other lock than its own, so that nothing slow can stand
 * between a withdrawal and the death of its permit; what would be made afterwards is not made.
 * {@link #state} belongs to the ledger's lock.
 */
final class Holding {
  final Grant grant;

  /** Recipient, key and processor that the person agreed to. */
  final Recipient recipient;

  /** How it stands by the durable facts. */
  State state = State.GIVEN;

  private boolean stopped;
  private @Nullable Permit<?> permit;
  private @Nullable Use<?> use;

  Holding(Grant grant, Recipient recipient) {
    this.grant = grant;
    this.recipient = recipient;
  }

  synchronized boolean stopped() {
    return stopped;
  }

  /** Has a permit exist until {@code deadline} (epoch milliseconds), unless stopped. */
  synchronized void open(long deadline) {
    if (!stopped && permit == null) {
      permit = new Permit<>(grant, grant.purpose(), deadline);
    }
  }

  synchronized Optional<Permit<?>> permit() {
    return Optional.ofNullable(permit);
  }

  /** The use of what was kept, unless stopped or nothing is to be kept. */
  synchronized Optional<Use<?>> use() {
    if (use == null && !stopped && grant.purpose().keeps()) {
      use = new Use<>(grant, grant.purpose());
    }
    return Optional.ofNullable(use);
  }

  /** Ends the permit; a later {@link #open} may make another. Returns its holders, to be run. */
  List<Runnable> close() {
    Permit<?> ended;
    synchronized (this) {
      ended = permit;
      permit = null;
    }
    return ended == null ? List.of() : ended.end();
  }

  /** Ends all of it for good. Returns the holders, to be run. */
  List<Runnable> stop() {
    Use<?> ended;
    synchronized (this) {
      stopped = true;
      ended = use;
      use = null;
    }
    List<Runnable> holders = new ArrayList<>(close());
    if (ended != null) {
      holders.addAll(ended.end());
    }
    return holders;
  }
}
