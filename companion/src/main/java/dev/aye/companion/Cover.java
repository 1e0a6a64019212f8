package dev.aye.companion;

import dev.aye.consent.Permit;
import dev.aye.consent.Purpose;
import java.util.Optional;

/**
 * The permits that cover a stretch of speech: those that were live during all of it. It only ever
 * shrinks, so that a permit which ended and was granted anew never covers what was said before.
 */
record Cover(
    Optional<Permit<Purpose.Captions>> captions,
    Optional<Permit<Purpose.Notes>> notes,
    Optional<Permit<Purpose.Training>> training) {
  static final Cover NONE = new Cover(Optional.empty(), Optional.empty(), Optional.empty());

  /** What of it still stands. */
  Cover at(long now) {
    if (stands(captions, now) && stands(notes, now) && stands(training, now)) {
      return this;
    }
    return new Cover(
        captions.filter(permit -> permit.live(now)),
        notes.filter(permit -> permit.live(now)),
        training.filter(permit -> permit.live(now)));
  }

  boolean none() {
    return captions.isEmpty() && notes.isEmpty() && training.isEmpty();
  }

  Cover with(Permit<?> permit) {
    return switch (permit.purpose()) {
      case Purpose.Captions c -> new Cover(Optional.of(cast(permit, c)), notes, training);
      case Purpose.Notes n -> new Cover(captions, Optional.of(cast(permit, n)), training);
      case Purpose.Training t -> new Cover(captions, notes, Optional.of(cast(permit, t)));
      case Purpose.Recording r -> throw notHeard(r);
      case Purpose.Sharing s -> throw notHeard(s);
    };
  }

  private static IllegalArgumentException notHeard(Purpose purpose) {
    return new IllegalArgumentException("the companion does nothing for " + purpose.id());
  }

  /** Safe: a permit's purpose is of the permit's type by its construction. */
  @SuppressWarnings({"unchecked", "unused"})
  private static <P extends Purpose> Permit<P> cast(Permit<?> permit, P purpose) {
    return (Permit<P>) permit;
  }

  private static boolean stands(Optional<? extends Permit<?>> permit, long now) {
    return permit.isEmpty() || permit.get().live(now);
  }
}
