package dev.aye.log;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Which witness is to be asked what, and what their answers come to (C2SP tlog-witness, the side of
 * the log). Has no threads, sockets or clock: time is nanoseconds from any start that never go
 * back. Belongs to whoever holds its lock.
 *
 * <p>All witnesses are asked for the same checkpoint, the <i>target</i>, so that a quorum can come
 * together under a log that grows all the time; the next target is the newest checkpoint once that
 * one has its quorum, or has waited for {@link #ROUND}. Cosignatures that come late still count for
 * the last {@link #KEPT} targets.
 *
 * <p>A witness that contradicts the log — it has seen more of it, or another one — before it has
 * agreed once means that this log is a restored or copied one: {@link #contradiction}. After it has
 * agreed it is only a witness that does not count.
 */
final class Cosigning {
  static final long ROUND = TimeUnit.SECONDS.toNanos(2);
  static final int KEPT = 16;
  private static final long FIRST_PAUSE = TimeUnit.SECONDS.toNanos(1);
  private static final long LONGEST_PAUSE = TimeUnit.SECONDS.toNanos(60);

  /** One checkpoint that witnesses are asked to cosign, and what they said. */
  static final class Target {
    private final Store.Published at;
    private final long since;
    private final TreeMap<Integer, String> lines = new TreeMap<>();

    private Target(Store.Published at, long since) {
      this.at = at;
      this.since = since;
    }

    long size() {
      return at.checkpoint().size();
    }

    /** The state with all cosignatures that came for it. */
    Store.Published cosigned() {
      Checkpoint plain = at.checkpoint();
      String note = plain.note() + String.join("", lines.values());
      return new Store.Published(
          new Checkpoint(plain.origin(), plain.size(), plain.root(), note), at.edge());
    }
  }

  /** A request to be made. */
  record Ask(int witness, Target target, long oldSize) {}

  /** What a witness answered. */
  sealed interface Reply {
    /** 200: the signature lines. */
    record Signed(String lines) implements Reply {}

    /** 409: the size that the witness says it has cosigned. */
    record Conflict(long size) implements Reply {}

    record Refused(int status) implements Reply {}

    /** No answer, for a reason in plain words. */
    record Silent(String why) implements Reply {}
  }

  private static final class Seat {
    final Witness witness;
    long size;
    Optional<Instant> at = Optional.empty();
    Optional<String> trouble = Optional.empty();
    boolean agreed;
    boolean answered;
    boolean busy;
    int failures;
    int conflicts;
    long notBefore = Long.MIN_VALUE;
    long cosigned;

    Seat(Witness witness) {
      this.witness = witness;
    }
  }

  private final List<Seat> seats = new ArrayList<>();
  private final int quorum;
  private final List<Target> targets = new ArrayList<>();
  private Optional<Store.Published> witnessed = Optional.empty();
  private @Nullable String contradiction;

  Cosigning(Witnessing witnessing) {
    witnessing.witnesses().forEach(witness -> seats.add(new Seat(witness)));
    this.quorum = witnessing.quorum();
  }

  /** What this witness is to be asked now, if anything; it then counts as asked. */
  Optional<Ask> next(int witness, Store.Published newest, long now) {
    Seat seat = seats.get(witness);
    if (seat.busy || now < seat.notBefore || newest.checkpoint().size() == 0) {
      return Optional.empty();
    }
    Target target = target(newest, now);
    if (target.lines.containsKey(witness) || seat.size > target.size()) {
      return Optional.empty();
    }
    seat.busy = true;
    return Optional.of(new Ask(witness, target, seat.size));
  }

  private Target target(Store.Published newest, long now) {
    if (!targets.isEmpty()) {
      Target last = targets.getLast();
      boolean over = last.lines.size() >= Math.max(1, quorum) || now - last.since >= ROUND;
      if (!over || newest.checkpoint().size() == last.size()) {
        return last;
      }
    }
    targets.add(new Target(newest, now));
    if (targets.size() > KEPT) {
      targets.removeFirst();
    }
    return targets.getLast();
  }

  /** How long to wait until {@link #next} may say something else, if nothing else happens. */
  long pause(int witness, long now) {
    Seat seat = seats.get(witness);
    return seat.notBefore > now ? seat.notBefore - now : ROUND;
  }

  /**
   * Takes an answer. True when a checkpoint has a cosignature more than before.
   *
   * @param time the time of day, to be told with the state of the witness
   */
  boolean answered(Ask ask, Reply reply, long newestSize, long now, Instant time) {
    Seat seat = seats.get(ask.witness());
    seat.busy = false;
    seat.answered = true;
    Optional<String> before = seat.trouble;
    seat.trouble = Optional.empty();
    switch (reply) {
      case Reply.Signed(String lines) -> {
        if (signed(seat, ask, lines, time)) {
          return true;
        }
        fail(seat, "Its answer holds no cosignature of what it was asked for.", now);
      }
      case Reply.Conflict(long size) -> conflict(seat, ask, size, newestSize, before, now);
      case Reply.Refused(int status) -> {
        if (status == 422) {
          contradict(seat, "It has seen another history under the name of this log.");
        }
        fail(seat, refusal(status), now);
      }
      case Reply.Silent(String why) -> fail(seat, "It could not be asked: " + why + ".", now);
    }
    return false;
  }

  private boolean signed(Seat seat, Ask ask, String text, Instant time) {
    try {
      String checkpoint = SignedNote.parse(ask.target().at.checkpoint().note()).text();
      for (SignedNote.Line line : SignedNote.lines(text)) {
        if (seat.witness.key().cosigned(checkpoint, List.of(line)).isPresent()) {
          seat.at = Optional.of(time);
          seat.size = ask.target().size();
          seat.cosigned = seat.size;
          seat.agreed = true;
          seat.failures = 0;
          seat.conflicts = 0;
          ask.target().lines.put(ask.witness(), line.text());
          note(ask.target());
          return true;
        }
      }
    } catch (Malformed e) {
      return false;
    }
    return false;
  }

  private void note(Target target) {
    long known = witnessed.map(at -> at.checkpoint().size()).orElse(-1L);
    if (quorum > 0 && target.lines.size() >= quorum && target.size() >= known) {
      witnessed = Optional.of(target.cosigned());
    }
  }

  private void conflict(
      Seat seat, Ask ask, long size, long newestSize, Optional<String> before, long now) {
    if (size > newestSize) {
      contradict(
          seat, "It has seen " + size + " leaves of this log, which has " + newestSize + " here.");
      fail(seat, "It says that it has seen more of this log than there is.", now);
    } else if (size == ask.oldSize()) {
      if (size == ask.target().size()) {
        contradict(seat, "It has seen another history under the name of this log.");
      }
      fail(seat, "It says that it has seen another history of this log.", now);
    } else if (++seat.conflicts > 3) {
      fail(seat, "It does not keep to what it says that it has seen.", now);
    } else {
      seat.size = size; // asked again at once, from there
      seat.trouble = before;
    }
  }

  private void contradict(Seat seat, String why) {
    if (!seat.agreed && contradiction == null) {
      contradiction = "the witness " + seat.witness.key().name() + " contradicts this log. " + why;
    }
  }

  private static void fail(Seat seat, String trouble, long now) {
    seat.trouble = Optional.of(trouble);
    seat.conflicts = 0;
    long pause = FIRST_PAUSE << Math.min(seat.failures, 6);
    seat.notBefore = now + Math.min(pause, LONGEST_PAUSE);
    seat.failures++;
  }

  private static String refusal(int status) {
    return switch (status) {
      case 400 -> "It says that it was asked wrongly.";
      case 403 -> "It does not accept the key of this log.";
      case 404 -> "It does not know this log yet.";
      case 422 -> "It says that this log is not a continuation of what it has seen.";
      case 429 -> "It is asked too often.";
      default -> "It answered with status " + status + ".";
    };
  }

  /** Why this log must not go on, if a witness contradicted it before it ever agreed. */
  Optional<String> contradiction() {
    return Optional.ofNullable(contradiction);
  }

  /** The newest state that a quorum cosigned. */
  Optional<Store.Published> witnessed() {
    return witnessed;
  }

  /** The cosigned state of the checkpoint of this size, if there is one. */
  Optional<Store.Published> cosigned(long size) {
    return targets.stream()
        .filter(target -> target.size() == size && !target.lines.isEmpty())
        .map(Target::cosigned)
        .findFirst();
  }

  /** Whether each witness has answered, or failed to, at least once. */
  boolean allTried() {
    return seats.stream().allMatch(seat -> seat.answered && (seat.agreed || seat.conflicts == 0));
  }

  int agreed() {
    return (int) seats.stream().filter(seat -> seat.agreed).count();
  }

  List<WitnessState> states() {
    return seats.stream()
        .map(seat ->
            new WitnessState(
                seat.witness.key().name(),
                seat.witness.key().vkey(),
                seat.witness.url(),
                seat.cosigned,
                seat.at,
                seat.trouble))
        .toList();
  }
}
