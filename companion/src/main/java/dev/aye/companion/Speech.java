package dev.aye.companion;

/**
 * The sound of one stretch of speech, 16 kHz mono, which may still be growing while it is read: a
 * person's, which permits cover, or the project's own.
 *
 * <p>Reading is by position, so that a model that failed can be given the same speech again from
 * its beginning.
 */
sealed interface Speech permits Segment, Recording {
  /** Samples per second. */
  int RATE = 16_000;

  /**
   * Copies samples from position {@code from} on and returns how many; waits until there is at
   * least one; -1 at the end.
   *
   * @throws Discarded when the speech was withdrawn, at whatever position
   */
  int read(int from, short[] into) throws Discarded, InterruptedException;

  /** The person withdrew: stop, and forget what was read. */
  final class Discarded extends Exception {
    private static final long serialVersionUID = 1;

    Discarded() {
      super("speech was withdrawn", null, false, false);
    }
  }
}
