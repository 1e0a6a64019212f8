package dev.aye.learn;

import dev.aye.consent.Handle;
import java.time.Instant;
import java.util.List;

/**
 * How far one grant is forgotten. For the person themself only.
 *
 * @param steps all nine, in their order
 */
public record Progress(Handle handle, List<StepState> steps, Outcome outcome) {

  /** How one step stands. */
  public sealed interface StepState {
    Step step();

    record Waiting(Step step) implements StepState {}

    record Doing(Step step) implements StepState {}

    /**
     * Done.
     *
     * @param count how many things it touched
     * @param failed what it could not do, in plain sentences; none when all went well
     */
    record Done(Step step, Instant at, long count, List<String> failed) implements StepState {}
  }

  /** What the person has in hand. */
  public sealed interface Outcome {
    record Pending() implements Outcome {}

    /** A signed note by the key of the log: what was done, and what was not. */
    record Account(String note) implements Outcome {}
  }
}
