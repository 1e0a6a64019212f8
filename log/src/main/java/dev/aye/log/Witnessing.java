package dev.aye.log;

import java.time.Duration;
import java.util.List;

/**
 * Whom a log asks to cosign its checkpoints, and what waits for them.
 *
 * <p>With a quorum above 0 the answers to {@link Leaf.Answer} and {@link Leaf.Capture} wait until
 * so many witnesses have cosigned a checkpoint that holds them, for at most {@code patience}. No
 * other leaf waits, a withdrawal least of all; nor what is appended {@linkplain
 * Log#appendUnwitnessed unwitnessed}.
 */
public record Witnessing(List<Witness> witnesses, int quorum, Duration patience) {
  /** No witnesses. */
  public static final Witnessing NONE = new Witnessing(List.of(), 0, Duration.ofSeconds(10));

  /**
   * @throws IllegalArgumentException as {@link WitnessPolicy} does
   */
  public Witnessing {
    witnesses = List.copyOf(witnesses);
    policy(witnesses, quorum);
  }

  /** What a reader can ask of this log's checkpoints. */
  public WitnessPolicy policy() {
    return policy(witnesses, quorum);
  }

  private static WitnessPolicy policy(List<Witness> witnesses, int quorum) {
    return new WitnessPolicy(witnesses.stream().map(Witness::key).toList(), quorum);
  }

  boolean waits(Leaf leaf) {
    return quorum > 0 && (leaf instanceof Leaf.Answer || leaf instanceof Leaf.Capture);
  }
}
