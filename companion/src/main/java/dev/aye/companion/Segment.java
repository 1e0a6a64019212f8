package dev.aye.companion;

import dev.aye.consent.MeetingId;
import dev.aye.consent.ParticipantId;
import dev.aye.consent.PersonId;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;

/**
 * One stretch of one person's speech between two pauses, on its way from the ear to the sinks.
 *
 * <p>It grows while the person speaks and can be decoded meanwhile. Its cover only shrinks; once
 * nothing covers it its sound is overwritten and reading it throws. Thread-safe.
 */
final class Segment implements Speech {
  private static final int MOST_SAMPLES =
      (VoiceActivity.LONGEST + VoiceActivity.PRE_ROLL + 1) * VoiceActivity.FRAME;
  private static final long LOOK_AGAIN_MILLIS = 250;

  final long id;
  final MeetingId meeting;
  final ParticipantId participant;
  final PersonId person;
  final long startedAt;
  private final InstantSource clock;

  // Guarded by this.
  private short[] samples = new short[4 * RATE];
  private int size;
  private boolean ended;
  private boolean discarded;
  private long newestAt;
  private Cover cover;

  /**
   * @param startedAt epoch milliseconds at which its first sound arrived
   */
  Segment(
      long id,
      MeetingId meeting,
      ParticipantId participant,
      PersonId person,
      Cover cover,
      long startedAt,
      InstantSource clock) {
    this.id = id;
    this.meeting = meeting;
    this.participant = participant;
    this.person = person;
    this.cover = cover;
    this.startedAt = startedAt;
    this.newestAt = startedAt;
    this.clock = clock;
  }

  /**
   * Adds what was said at {@code now}; permits that are not live then no longer cover any of it.
   */
  synchronized void append(short[] more, long now) {
    shrink(now);
    if (discarded || ended) {
      return;
    }
    int n = Math.min(more.length, MOST_SAMPLES - size);
    if (size + n > samples.length) {
      short[] larger =
          Arrays.copyOf(samples, Math.min(MOST_SAMPLES, Math.max(size + n, 2 * samples.length)));
      Arrays.fill(samples, (short) 0);
      samples = larger;
    }
    System.arraycopy(more, 0, samples, size, n);
    size += n;
    newestAt = now;
    notifyAll();
  }

  synchronized void end() {
    ended = true;
    notifyAll();
  }

  /** Overwrites its sound; whoever reads it stops. */
  synchronized void discard() {
    discarded = true;
    ended = true;
    Arrays.fill(samples, (short) 0);
    samples = new short[0];
    size = 0;
    cover = Cover.NONE;
    notifyAll();
  }

  /** The permits that were live during all of it and are live now. */
  synchronized Cover cover(long now) {
    shrink(now);
    return cover;
  }

  synchronized boolean ended() {
    return ended;
  }

  synchronized boolean discarded() {
    return discarded;
  }

  /** When its newest sound arrived. */
  synchronized long newestAt() {
    return newestAt;
  }

  synchronized int size() {
    return size;
  }

  /** How long its sound lasts so far. */
  synchronized Duration duration() {
    return Duration.ofMillis(1_000L * size / RATE);
  }

  @Override
  public synchronized int read(int from, short[] into) throws Discarded, InterruptedException {
    while (true) {
      shrink(clock.millis());
      if (discarded) {
        throw new Discarded();
      }
      if (from < size) {
        int n = Math.min(into.length, size - from);
        System.arraycopy(samples, from, into, 0, n);
        return n;
      }
      if (ended) {
        return -1;
      }
      wait(LOOK_AGAIN_MILLIS);
    }
  }

  private void shrink(long now) {
    cover = cover.at(now);
    if (cover.none() && !discarded) {
      discard();
    }
  }

  @Override
  public String toString() {
    return "Segment[" + id + "]";
  }
}
