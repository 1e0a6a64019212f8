package dev.aye.consent;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/** A clock that goes when it is told to. */
final class Clock implements InstantSource {
  static final Instant START = Instant.parse("2026-03-01T10:00:00.250Z");

  private volatile Instant now = START;

  @Override
  public Instant instant() {
    return now;
  }

  /** Sets it back, as nobody should. */
  void back(Duration by) {
    now = now.minus(by);
  }

  void forward(Duration by) {
    now = now.plus(by);
  }
}
