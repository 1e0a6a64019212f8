package dev.aye.consent;

import java.time.Duration;
import java.time.Instant;

/**
 * The widest scope that the controller lets a yes have. It can only narrow: what was given wider
 * before reaches no further than this from then on.
 *
 * @param widest kind of scope
 * @param longest from the moment of the answer to the end of a wider scope
 */
public record Ceiling(Scope.Kind widest, Duration longest) {
  /** Nothing beyond the meeting. */
  public static final Ceiling MEETING = new Ceiling(Scope.Kind.MEETING, Duration.ZERO);

  boolean allows(Scope.Kind kind) {
    return kind.compareTo(widest) <= 0;
  }

  boolean allows(Scope scope, Instant from) {
    return allows(scope.kind())
        && scope.until().map(end -> !end.isAfter(from.plus(longest))).orElse(true);
  }
}
