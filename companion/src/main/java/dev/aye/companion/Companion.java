package dev.aye.companion;

import dev.aye.consent.Medium;
import dev.aye.consent.MeetingId;
import dev.aye.consent.ParticipantId;
import dev.aye.consent.Permit;
import dev.aye.consent.PersonId;
import dev.aye.consent.Purpose;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The listener of all meetings on this server: one ear per person who agreed, one decoder that they
 * share, sinks.
 *
 * <p>Invariant: the words of a segment reach a sink only under a permit for that sink's purpose
 * which was live during all of the segment and is live at the delivery. When a permit ends, speech
 * that nothing else covers is dropped wherever it is: in the ear, in the queue, in the decoder, as
 * a result.
 *
 * <p>The queue is bounded by sound, not by patience: beyond {@link #MOST_QUEUED} segments new ones
 * are dropped, and counted in {@link Load}.
 */
public final class Companion implements AutoCloseable {
  static final int MOST_QUEUED = 64;
  private static final Duration TICK = Duration.ofMillis(200);

  private final SpeechModel model;
  private final Sinks sinks;
  private final InstantSource clock;
  private final Consumer<RuntimeException> faults;
  private final AtomicLong ids = new AtomicLong();
  private final Set<Ear> ears = ConcurrentHashMap.newKeySet();
  private volatile Reranker reranker = Reranker.NONE;
  private volatile boolean closed;
  private @Nullable Thread decoder;
  private @Nullable Thread ticker;

  // Guarded by queue.
  private final Deque<Segment> queue = new ArrayDeque<>();
  private @Nullable Segment decoding;
  private long dropped;
  private long failed;
  private long heard;
  private long lagMillis;

  /**
   * How busy it is.
   *
   * @param queued segments that wait or are being decoded
   * @param lagMillis from the last sound of the latest segment to its delivery
   * @param heard segments delivered or found empty
   * @param dropped segments lost because the queue was full
   * @param failed segments that the model could not read
   */
  public record Load(int queued, long lagMillis, long heard, long dropped, long failed) {}

  /**
   * Starts listening.
   *
   * @param faults told when a sink or the re-ranker threw; the segment is lost to that sink, the
   *     companion goes on
   */
  public static Companion start(
      SpeechModel model, Sinks sinks, InstantSource clock, Consumer<RuntimeException> faults) {
    var companion = new Companion(model, sinks, clock, faults);
    companion.decoder =
        Thread.ofPlatform().daemon().name("aye-companion").start(companion::decodeAll);
    companion.ticker =
        Thread.ofPlatform().daemon().name("aye-companion-tick").start(companion::tickAll);
    return companion;
  }

  /**
   * The model that needs no download, in a process of its own which is started with the first
   * words.
   */
  public static SpeechModel builtIn(Engine engine) {
    return new SpeechProcess(SpeechProcess.Settings.of(engine));
  }

  /** Without threads, for tests: {@link #decodeNext} and {@link #tick} are called by hand. */
  Companion(
      SpeechModel model, Sinks sinks, InstantSource clock, Consumer<RuntimeException> faults) {
    this.model = model;
    this.sinks = sinks;
    this.clock = clock;
    this.faults = faults;
  }

  /** The model that listens, as the notice names it. */
  public SpeechModel model() {
    return model;
  }

  /**
   * From now on lets this one choose among readings; {@link Reranker#NONE} after a model was
   * blocked.
   */
  public void rerankWith(Reranker reranker) {
    this.reranker = reranker;
  }

  /** The one that chooses among readings now. */
  public Reranker reranker() {
    return reranker;
  }

  /** A new ear, deaf until a permit is granted to it. Close it when the person leaves. */
  public Ear ear(MeetingId meeting, ParticipantId participant, PersonId person) {
    var ear = new Ear(this, meeting, participant, person);
    ears.add(ear);
    return ear;
  }

  /**
   * Waits until all that was said so far in a meeting has been delivered, at most {@code patience};
   * call it before the permits of an ending meeting end. Returns whether nothing is left.
   */
  public boolean drain(MeetingId meeting, Duration patience) throws InterruptedException {
    ears.stream().filter(ear -> ear.meeting().equals(meeting)).forEach(Ear::pause);
    long until = System.nanoTime() + patience.toNanos();
    synchronized (queue) {
      while (pending(meeting)) {
        long left = (until - System.nanoTime()) / 1_000_000;
        if (left <= 0) {
          return false;
        }
        queue.wait(left);
      }
      return true;
    }
  }

  /** What keeps it from listening: a thread that ended, or a model that does not work. */
  public Optional<String> failure() {
    for (Thread thread : new Thread[] {decoder, ticker}) {
      if (thread == null || !thread.isAlive()) {
        return Optional.of("the companion has stopped");
      }
    }
    return model.failure();
  }

  public Load load() {
    synchronized (queue) {
      return new Load(queue.size() + (decoding == null ? 0 : 1), lagMillis, heard, dropped, failed);
    }
  }

  @Override
  public void close() {
    closed = true;
    ears.forEach(Ear::close);
    synchronized (queue) {
      queue.forEach(Segment::discard);
      queue.clear();
      if (decoding != null) {
        decoding.discard();
      }
    }
    if (decoder != null) {
      decoder.interrupt();
    }
    if (ticker != null) {
      ticker.interrupt();
    }
    model.close();
  }

  long nextId() {
    return ids.incrementAndGet();
  }

  long now() {
    return clock.millis();
  }

  InstantSource clock() {
    return clock;
  }

  void closed(Ear ear) {
    ears.remove(ear);
  }

  void enqueue(Segment segment) {
    synchronized (queue) {
      if (closed || queue.size() >= MOST_QUEUED) {
        dropped++;
        segment.discard();
        return;
      }
      queue.add(segment);
      queue.notifyAll();
    }
  }

  /** Lets time pass for ears to which nothing comes. */
  void tick() {
    long now = now();
    ears.forEach(ear -> ear.tick(now));
    expire(now);
  }

  /** Drops what nothing covers any more, in the queue and in the decoder. */
  void expire(long now) {
    synchronized (queue) {
      queue.removeIf(segment -> segment.cover(now).none());
      if (decoding != null) {
        decoding.cover(now);
      }
    }
  }

  /** Decodes the segment whose turn it is, to its end; false if there is none. */
  boolean decodeNext() throws InterruptedException {
    Segment segment;
    synchronized (queue) {
      segment = next();
      if (segment == null) {
        return false;
      }
      queue.remove(segment);
      decoding = segment;
    }
    try {
      decode(segment);
    } finally {
      segment.discard();
      synchronized (queue) {
        decoding = null;
        queue.notifyAll();
      }
    }
    return true;
  }

  /**
   * Gives an utterance to the sinks that the cover still opens.
   *
   * @param kept for notes
   * @param learned for training
   */
  void deliver(Cover cover, Utterance kept, Utterance learned) {
    if (!kept.text().isBlank()) {
      live(cover.notes()).ifPresent(permit -> guarded(() -> sinks.note(permit, kept)));
    }
    if (!learned.text().isBlank()) {
      live(cover.training()).ifPresent(permit -> guarded(() -> sinks.train(permit, learned)));
    }
  }

  /** The oldest segment that is complete or wanted while it is spoken. */
  private @Nullable Segment next() {
    long now = now();
    for (Segment segment : queue) {
      if (segment.ended() || segment.cover(now).captions().isPresent()) {
        return segment;
      }
    }
    return null;
  }

  private void decode(Segment segment) throws InterruptedException {
    boolean[] shown = {false};
    Reading reading =
        model.hear(
            segment,
            text -> {
              if (!text.isBlank()) {
                shown[0] |= caption(segment, text, false);
              }
            });
    boolean last =
        switch (reading) {
          case Reading.Heard heardIt -> deliver(segment, heardIt.hypotheses());
          case Reading.Discarded d -> false;
          case Reading.Failed f -> {
            synchronized (queue) {
              failed++;
            }
            yield false;
          }
        };
    if (shown[0] && !last) {
      guarded(() -> sinks.gone(segment.meeting, segment.participant, segment.id));
    }
  }

  /** Whether a last caption was shown. */
  private boolean deliver(Segment segment, List<Hypothesis> base) {
    List<Hypothesis> readings = base;
    try {
      readings = reranker.rerank(base);
    } catch (RuntimeException e) {
      faults.accept(e);
    }
    synchronized (queue) {
      heard++;
      lagMillis = now() - segment.newestAt();
    }
    String text = readings.getFirst().text();
    boolean shown = !text.isBlank() && caption(segment, text, true);
    Duration duration = segment.duration(); // before its cover is asked, which may overwrite it
    deliver(
        segment.cover(now()),
        utterance(segment, duration, text, base),
        utterance(segment, duration, base.getFirst().text(), base));
    return shown;
  }

  private static Utterance utterance(
      Segment segment, Duration duration, String text, List<Hypothesis> base) {
    return new Utterance(
        segment.id,
        segment.meeting,
        segment.participant,
        Medium.VOICE,
        Instant.ofEpochMilli(segment.startedAt),
        duration,
        text,
        base);
  }

  private boolean caption(Segment segment, String text, boolean last) {
    long now = now();
    Optional<Permit<Purpose.Captions>> permit = segment.cover(now).captions();
    permit.ifPresent(live ->
        guarded(() ->
            sinks.caption(
                live,
                new Caption(
                    segment.id,
                    segment.meeting,
                    segment.participant,
                    text,
                    last,
                    Instant.ofEpochMilli(segment.startedAt),
                    Math.max(0, now - segment.newestAt())))));
    return permit.isPresent();
  }

  private <P extends Purpose> Optional<Permit<P>> live(Optional<Permit<P>> permit) {
    return permit.filter(p -> p.live(now()));
  }

  private void guarded(Runnable delivery) {
    try {
      delivery.run();
    } catch (RuntimeException e) {
      faults.accept(e);
    }
  }

  private boolean pending(MeetingId meeting) {
    return (decoding != null && decoding.meeting.equals(meeting))
        || queue.stream().anyMatch(segment -> segment.meeting.equals(meeting));
  }

  private void decodeAll() {
    try {
      while (!closed) {
        if (!decodeNext()) {
          synchronized (queue) {
            queue.wait(TICK.toMillis());
          }
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void tickAll() {
    try {
      while (!closed) {
        Thread.sleep(TICK);
        tick();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
