package dev.aye.log;

/** Input that is not in its format; the message says in which way and quotes none of it. */
final class Malformed extends Exception {
  private static final long serialVersionUID = 1L;

  private final String reason;

  Malformed(String reason) {
    super(reason);
    this.reason = reason;
  }

  <T> Verdict<T> verdict() {
    return new Verdict.Fails<>(reason);
  }
}
