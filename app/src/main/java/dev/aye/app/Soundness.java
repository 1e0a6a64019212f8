package dev.aye.app;

import dev.aye.log.Log;
import dev.aye.log.LogException;
import dev.aye.vault.Corrupt;
import dev.aye.vault.Vault;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether log, vault and keys can be trusted, and what is done when they cannot: the process ends,
 * in this one place, with a code of its own and one sentence.
 *
 * <p>They cannot when their bytes are not what was written, or when a write to them failed, so that
 * nobody knows what is on the disk. Nothing is then tried again, repaired or used; all that was
 * promised was durable before it was promised, and is there at the next start. Well before a disk
 * is full nothing new is granted, so that withdrawals can still be written. Thread-safe.
 */
final class Soundness {
  /** With this code the process ends; 1 and 2 are the command line's. */
  static final int EXIT = 3;

  /** Free bytes below which a disk counts as full. */
  static final long RESERVE = 64L << 20;

  private static final Logger logger = LoggerFactory.getLogger(Soundness.class);

  private final Log log;
  private final Vault vault;
  private final LongSupplier free;
  private final Consumer<String> end;
  private volatile @Nullable String found;
  private volatile boolean full;
  private volatile boolean resting;

  /**
   * @param free the bytes that can still be written to the data folder
   * @param end ends the process, saying this; returns only in tests
   */
  Soundness(Log log, Vault vault, LongSupplier free, Consumer<String> end) {
    this.log = log;
    this.vault = vault;
    this.free = free;
    this.end = end;
    this.full = free.getAsLong() < RESERVE;
  }

  /** Says it where people look, and ends the process without doing anything else. */
  static void halt(String sentence) {
    logger.error("{}", sentence);
    System.err.println("aye: " + sentence);
    System.err.flush();
    Runtime.getRuntime().halt(EXIT);
  }

  /** Looks at everything, and ends the process if something is not sound. Once a second. */
  void check() {
    full = free.getAsLong() < RESERVE;
    Optional<String> why =
        Optional.ofNullable(found)
            .or(() -> log.failure().flatMap(Soundness::sentence))
            .or(() -> vault.altered().flatMap(Soundness::sentence))
            .or(() -> vault.failure().map(reason -> unwritten("the vault: " + reason)));
    if (why.isPresent() && !resting) {
      end.accept(why.get());
    }
  }

  /** The same, after something was thrown that would otherwise be passed over or tried again. */
  void check(Throwable thrown) {
    note(thrown);
    check();
  }

  /** Has the next {@link #check()} end the process if what was thrown says so. */
  void note(Throwable thrown) {
    sentence(thrown).ifPresent(sentence -> found = sentence);
  }

  /** Whether there is no room to keep anything new. */
  boolean full() {
    return full;
  }

  /** From here on everything is being closed in its order, and a closed log is no failure. */
  void rest() {
    resting = true;
  }

  /** What to say of something thrown because log, vault or keys are not sound; else nothing. */
  static Optional<String> sentence(Throwable thrown) {
    Optional<String> failed = Optional.empty();
    for (Throwable e = thrown; e != null; e = e.getCause()) {
      if (e instanceof Corrupt || e instanceof LogException.Corrupt) {
        return Optional.of(
            "Aye has stopped, as what it keeps is not what it wrote: "
                + e.getMessage()
                + ". Nothing was repaired; restore the data folder from a backup.");
      }
      if (e instanceof LogException.Stopped && failed.isEmpty()) {
        failed = Optional.of(unwritten("the log: " + root(e)));
      }
    }
    return failed;
  }

  private static String root(Throwable thrown) {
    Throwable e = thrown;
    while (e.getCause() != null) {
      e = e.getCause();
    }
    return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
  }

  private static String unwritten(String what) {
    return "Aye has stopped, as it could not write to "
        + what
        + ". Nothing that was promised is lost and nothing was granted in doubt; make room or mend"
        + " the disk, and start it again.";
  }
}
