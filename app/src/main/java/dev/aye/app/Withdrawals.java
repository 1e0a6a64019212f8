package dev.aye.app;

import dev.aye.consent.Consents;
import dev.aye.consent.Handle;
import dev.aye.consent.PersonId;
import dev.aye.consent.Withdrawal;
import dev.aye.learn.Forgetting;
import dev.aye.learn.Progress;
import dev.aye.learn.Step;
import dev.aye.log.Log;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What follows a withdrawal: the forgetting job, run by one thread in the background, and how far
 * it is, for the person alone.
 */
final class Withdrawals implements AutoCloseable {
  private static final Logger logger = LoggerFactory.getLogger(Withdrawals.class);
  private static final long AGAIN_MILLIS = 5_000;

  private final Consents consents;
  private final Forgetting forgetting;
  private final Log log;
  private final Runnable afterwards;
  private final Consumer<RuntimeException> failed;
  private final Semaphore asked = new Semaphore(0);
  private final Thread worker;
  private volatile boolean closed;

  /**
   * @param afterwards run after each job, also one that failed: what was learned has changed
   * @param failed told why a job stopped, before it is tried again: ends the process where that
   *     would be in vain
   */
  Withdrawals(
      Consents consents,
      Forgetting forgetting,
      Log log,
      Runnable afterwards,
      Consumer<RuntimeException> failed) {
    this.consents = consents;
    this.forgetting = forgetting;
    this.log = log;
    this.afterwards = afterwards;
    this.failed = failed;
    this.worker = Thread.ofPlatform().daemon().name("aye-forgetting").unstarted(this::work);
  }

  /** Goes on with what an earlier run of the server left, and waits for more. */
  void start() {
    worker.start();
    asked.release();
  }

  /** A grant ended, in whatever way: forget what was kept under it. */
  void ended() {
    asked.release();
  }

  /** What is to be forgotten is read from the durable facts each time, so a crash loses nothing. */
  private void forget() {
    try {
      consents.ended().forEach(grant -> forgetting.forget(grant.handle()));
      forgetting.run();
    } finally {
      afterwards.run();
    }
  }

  private void work() {
    try {
      while (!closed) {
        asked.acquire();
        asked.drainPermits();
        try {
          forget();
        } catch (RuntimeException e) {
          failed.accept(e);
          StackTraceElement[] trace = e.getStackTrace();
          logger.error(
              "Forgetting stopped and will be tried again: {} at {}",
              e.getClass().getName(),
              trace.length == 0 ? "unknown" : trace[0]);
          Thread.sleep(AGAIN_MILLIS);
          asked.release();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** The withdrawals of a person, each with how far it is forgotten. */
  List<Says.Withdrawal> of(PersonId person) {
    return consents.withdrawals(person).stream().map(this::said).toList();
  }

  /** How far one withdrawal is. */
  Optional<Says.Withdrawal> of(Handle handle) {
    return consents.withdrawal(handle).map(this::said);
  }

  private Says.Withdrawal said(Withdrawal withdrawal) {
    Optional<Progress> progress = forgetting.progress(withdrawal.handle());
    Optional<Long> index =
        withdrawal.index().isPresent()
            ? Optional.of(withdrawal.index().getAsLong())
            : Optional.empty();
    return new Says.Withdrawal(
        withdrawal.handle().value(),
        withdrawal.grant().meeting().value(),
        withdrawal.grant().purpose().id(),
        withdrawal.grant().medium().id(),
        withdrawal.state().id(),
        Times.text(withdrawal.at()),
        index,
        index.map(log::proof),
        progress.map(p -> p.steps().stream().map(Withdrawals::said).toList()).orElseGet(List::of),
        progress
            .map(Progress::outcome)
            .flatMap(outcome ->
                switch (outcome) {
                  case Progress.Outcome.Pending() -> Optional.empty();
                  case Progress.Outcome.Account(String note) -> Optional.of(note);
                }));
  }

  private static Says.Step said(Progress.StepState state) {
    return switch (state) {
      case Progress.StepState.Waiting(Step step) ->
          new Says.Step(step.id(), "waiting", Optional.empty(), Optional.empty());
      case Progress.StepState.Doing(Step step) ->
          new Says.Step(step.id(), "doing", Optional.empty(), Optional.empty());
      case Progress.StepState.Done(Step step, Instant at, long count, List<String> failed) ->
          new Says.Step(
              step.id(),
              failed.isEmpty() ? "done" : "failed",
              Optional.of(Times.text(at)),
              Optional.of(count));
    };
  }

  @Override
  public void close() {
    closed = true;
    worker.interrupt();
    try {
      worker.join(5_000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
