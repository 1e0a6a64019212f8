package dev.aye.consent;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A grant and what lives of it: at most one {@link Permit} in each meeting that it reaches, and one
 * {@link Use}.
 *
 * <p>{@link #stop} and {@link #bar} are final and need no other lock than its own, so that nothing
 * slow can stand between a person's no and the death of a permit; what would be made afterwards is
 * not made. {@link #state} and {@link #over} belong to the ledger's lock.
 */
final class Holding {
  final Grant grant;

  /** Recipient, key and processor that the person agreed to. */
  final Recipient recipient;

  /** The text that the person was shown. */
  final Notice shown;

  /** Whether its receipt says nothing of what the person answered to other purposes. */
  final boolean showsNothingElse;

  /** How it stands by the durable facts. */
  State state = State.GIVEN;

  /** Whether its time is over by the durable facts: it takes in nothing more, ever. */
  boolean over;

  private boolean stopped;
  private final Map<MeetingId, Permit<?>> permits = new HashMap<>();
  private final Set<MeetingId> barred = new HashSet<>();
  private @Nullable Use<?> use;

  Holding(Grant grant, Receipt receipt, Notice shown) {
    this.grant = grant;
    this.recipient = receipt.recipient();
    this.shown = shown;
    this.showsNothingElse =
        receipt.choices().stream().allMatch(said -> said.purpose().equals(grant.purpose()));
  }

  /** Whether it reaches beyond the meeting in which it was given. */
  boolean wide() {
    return grant.scope().kind() != Scope.Kind.MEETING;
  }

  /**
   * Has a permit for this meeting exist until {@code deadline} (epoch milliseconds), unless stopped
   * or barred there. Whether it made one.
   */
  synchronized boolean open(MeetingId meeting, long deadline) {
    if (stopped || barred.contains(meeting) || permits.containsKey(meeting)) {
      return false;
    }
    permits.put(meeting, new Permit<>(grant, grant.purpose(), meeting, deadline));
    return true;
  }

  synchronized Optional<Permit<?>> permit(MeetingId meeting) {
    return Optional.ofNullable(permits.get(meeting));
  }

  /** The use of what was kept, unless stopped or nothing is to be kept. */
  synchronized Optional<Use<?>> use() {
    if (use == null && !stopped && grant.purpose().keeps()) {
      use = new Use<>(grant, grant.purpose());
    }
    return Optional.ofNullable(use);
  }

  /** Ends the permit of a meeting; a later {@link #open} may make another. Returns its holders. */
  List<Runnable> close(MeetingId meeting) {
    Permit<?> ended;
    synchronized (this) {
      ended = permits.remove(meeting);
    }
    return ended == null ? List.of() : ended.end();
  }

  /** Ends the permits of all meetings. Returns the holders, to be run. */
  List<Runnable> close() {
    List<Permit<?>> ended;
    synchronized (this) {
      ended = List.copyOf(permits.values());
      permits.clear();
    }
    List<Runnable> holders = new ArrayList<>();
    ended.forEach(permit -> holders.addAll(permit.end()));
    return holders;
  }

  /**
   * Ends the permits that are dead at this moment, for good: no clock that is set back brings them
   * back. Returns the holders, to be run.
   */
  List<Runnable> closeDead(long now) {
    List<Permit<?>> ended = new ArrayList<>();
    synchronized (this) {
      permits.values().removeIf(permit -> !permit.live(now) && ended.add(permit));
      ended.forEach(permit -> barred.add(permit.meeting()));
    }
    List<Runnable> holders = new ArrayList<>();
    ended.forEach(permit -> holders.addAll(permit.end()));
    return holders;
  }

  /** Ends it in one meeting for good. Returns the holders, to be run. */
  List<Runnable> bar(MeetingId meeting) {
    synchronized (this) {
      barred.add(meeting);
    }
    return close(meeting);
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
