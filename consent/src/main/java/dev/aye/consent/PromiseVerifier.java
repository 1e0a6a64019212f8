package dev.aye.consent;

import dev.aye.log.Checkpoint;
import dev.aye.log.EntryVisitor;
import dev.aye.log.Hash;
import dev.aye.log.Leaf;
import dev.aye.log.LogVerifier;
import dev.aye.log.Verdict;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The check of one promise against the log: that the end of its grant came within 60 seconds.
 *
 * <p>A capture, data set or model that comes into the log between promise and withdrawal is told,
 * and is no fault by itself: it may be of other people, or have lost to the withdrawal. Whether one
 * used this grant is shown by its own proof, which may not name it.
 *
 * <p>Show it every entry of a log whose tree is being checked, then ask for the {@link #result}. A
 * checkpoint tells no time, so whether the minute is over has to come from the one who checks: the
 * moment at which they know the log to have been as they read it.
 */
public final class PromiseVerifier implements EntryVisitor {
  /** The first line of a promise. */
  public static final String SCHEMA = "aye-promise/1";

  /** Within this time of a promise its leaf is in the log. */
  public static final Duration WITHIN = Duration.ofSeconds(60);

  private final Handle handle;
  private final long size;
  private final Instant at;
  private OptionalLong ended = OptionalLong.empty();
  private OptionalLong used = OptionalLong.empty();

  private PromiseVerifier(Handle handle, long size, Instant at) {
    this.handle = handle;
    this.size = size;
    this.at = at;
  }

  /** What the check came to. */
  public sealed interface Result {
    /**
     * The log has what was promised.
     *
     * @param between the first capture, data set or model after the promise and before this leaf
     */
    record Kept(long index, OptionalLong between) implements Result {}

    /** What is wrong, a plain sentence each; never empty. */
    record Broken(List<String> faults) implements Result {
      public Broken {
        faults = List.copyOf(faults);
      }
    }

    /** The log does not have it, and when the log was like this is not known, or too soon. */
    record Open(Instant due) implements Result {}
  }

  /** The check of a promise that this log signed; fails when it is none. */
  public static Verdict<PromiseVerifier> of(String note, LogVerifier log) {
    return log.note(note).then(text -> read(text, log.origin()));
  }

  private static Verdict<PromiseVerifier> read(String text, String origin) {
    String[] lines = text.split("\n", -1);
    if (lines.length != 6 || !lines[0].equals(SCHEMA) || !lines[5].isEmpty()) {
      return new Verdict.Fails<>("the note is no promise");
    }
    if (!lines[1].equals(origin)) {
      return new Verdict.Fails<>("the promise is of another log");
    }
    try {
      return new Verdict.Holds<>(
          new PromiseVerifier(
              Handle.of(Hash.fromB64(lines[2]).bytes()),
              Long.parseLong(lines[3]),
              Instant.parse(lines[4])));
    } catch (IllegalArgumentException | DateTimeException e) {
      return new Verdict.Fails<>("the promise does not name handle, log size and time");
    }
  }

  /** The grant whose end was promised. */
  public Handle handle() {
    return handle;
  }

  /** When it was promised. */
  public Instant at() {
    return at;
  }

  @Override
  public void entry(long index, byte[] entry) {
    Leaf leaf;
    try {
      leaf = Leaf.decode(entry);
    } catch (IllegalArgumentException e) {
      return; // of another kind of log: what was promised is not there
    }
    boolean ends =
        switch (leaf) {
          case Leaf.Withdraw withdraw -> Handle.of(withdraw.handle().bytes()).equals(handle);
          case Leaf.Revoke revoke -> Handle.of(revoke.handle().bytes()).equals(handle);
          default -> false;
        };
    if (ends && ended.isEmpty()) {
      ended = OptionalLong.of(index);
    }
    boolean uses =
        leaf instanceof Leaf.Capture || leaf instanceof Leaf.Dataset || leaf instanceof Leaf.Model;
    if (uses && index >= size && used.isEmpty()) {
      used = OptionalLong.of(index);
    }
  }

  /**
   * What the log shows.
   *
   * @param read the checkpoint under which all its entries were shown
   * @param then when the log is known to have been like this, if it is
   */
  public Result result(Checkpoint read, Optional<Instant> then) {
    List<String> faults = new ArrayList<>();
    if (read.size() < size) {
      faults.add(
          "The promise was made when the log had " + size + " leaves; it has " + read.size() + ".");
    }
    boolean late = then.filter(moment -> moment.isAfter(at.plus(WITHIN))).isPresent();
    if (ended.isEmpty() && late) {
      faults.add(
          "The withdrawal is not in the log, though it was promised for "
              + Receipt.format(at.plus(WITHIN))
              + " at the latest.");
    }
    if (!faults.isEmpty()) {
      return new Result.Broken(faults);
    }
    return ended.isPresent()
        ? new Result.Kept(
            ended.getAsLong(),
            used.isPresent() && used.getAsLong() < ended.getAsLong() ? used : OptionalLong.empty())
        : new Result.Open(at.plus(WITHIN));
  }
}
