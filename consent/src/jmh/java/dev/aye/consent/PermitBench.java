package dev.aye.consent;

import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What it costs to ask a permit, as tap, ear and sinks do for each packet. Run by {@code mvn -Pjmh
 * -pl consent -am -DskipTests verify} (docs/performance.md).
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(2)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class PermitBench {
  private final Permit<Purpose.Notes> live = permit();
  private final Permit<Purpose.Notes> withdrawn = permit();
  private long now = 1_800_000_000_000L;

  public PermitBench() {
    withdrawn.end();
  }

  private static Permit<Purpose.Notes> permit() {
    long deadline = 1_900_000_000_000L;
    Grant grant =
        new Grant(
            Handle.of(new byte[32]),
            new PersonId("A".repeat(43)),
            new MeetingId("meeting"),
            new ParticipantId("participant"),
            Purpose.NOTES,
            Medium.VOICE,
            RecipientId.COMPANION,
            0,
            Instant.EPOCH,
            Instant.ofEpochMilli(deadline));
    return new Permit<>(grant, Purpose.NOTES, deadline);
  }

  @Benchmark
  public boolean live() {
    return live.live(now++);
  }

  @Benchmark
  public boolean withdrawn() {
    return withdrawn.live(now++);
  }

  /** With the clock read as well, as a caller without one at hand does. */
  @Benchmark
  public boolean liveByTheClock() {
    return live.live(System.currentTimeMillis());
  }
}
