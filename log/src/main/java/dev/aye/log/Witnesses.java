package dev.aye.log;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * Asks the witnesses of a log to cosign its newest checkpoint, each on a thread of its own, and
 * tells who waits for a quorum. What is asked when is decided by {@link Cosigning}.
 */
final class Witnesses implements AutoCloseable {
  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final int MAX_ANSWER = 16 * 1024;

  /** What the log does for its witnesses. */
  interface Host {
    Store.Published newest();

    /** The proof that the state extends the tree of an older size. */
    List<Hash> consistency(Store.Published at, long olderSize);

    /** A checkpoint has more cosignatures than before. */
    void cosigned(Store.Published at);

    /** A quorum has cosigned this. */
    void witnessed(Store.Published at);

    void contradicted(String why);
  }

  private final Witnessing witnessing;
  private final Host host;
  private final LongSupplier nanos;
  private final InstantSource clock;
  private final Http http = new Http();
  private final ReentrantLock gate = new ReentrantLock();
  private final Condition changed = gate.newCondition();
  private final Cosigning cosigning;
  private final Map<Long, Waiting> waiting = new HashMap<>();
  private long numbers;
  private final List<Thread> threads = new ArrayList<>();
  private boolean closed;

  private record Waiting(long size, CompletableFuture<Store.Published> answer) {}

  Witnesses(Witnessing witnessing, Host host, LongSupplier nanos, InstantSource clock) {
    this.witnessing = witnessing;
    this.host = host;
    this.nanos = nanos;
    this.clock = clock;
    this.cosigning = new Cosigning(witnessing);
  }

  void start() {
    for (int i = 0; i < witnessing.witnesses().size(); i++) {
      int witness = i;
      threads.add(Thread.ofVirtual().name("aye-witness-" + i).start(() -> watch(witness)));
    }
  }

  /**
   * Waits until each witness was asked once, or the time is over; returns how many agree that this
   * is the log they know.
   *
   * @throws LogException.Behind if one of them knows another
   */
  int firstContact(Duration patience) {
    gate.lock();
    try {
      long left = patience.toNanos();
      while (!cosigning.allTried()
          && cosigning.contradiction().isEmpty()
          && host.newest().checkpoint().size() > 0
          && left > 0) {
        left = changed.awaitNanos(left);
      }
      Optional<String> contradiction = cosigning.contradiction();
      if (contradiction.isPresent()) {
        throw new LogException.Behind(contradiction.get());
      }
      return cosigning.agreed();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return 0;
    } finally {
      gate.unlock();
    }
  }

  /** There is a newer checkpoint. */
  void grown() {
    gate.lock();
    try {
      changed.signalAll();
    } finally {
      gate.unlock();
    }
  }

  /**
   * The state of at least this size that a quorum has cosigned, when there is one.
   *
   * <p>Ends with {@link LogException.NotWitnessed} when that takes too long.
   */
  CompletableFuture<Store.Published> quorum(long size) {
    CompletableFuture<Store.Published> answer = new CompletableFuture<>();
    long number;
    gate.lock();
    try {
      Optional<Store.Published> already =
          cosigning.witnessed().filter(at -> at.checkpoint().size() >= size);
      if (already.isPresent()) {
        return CompletableFuture.completedFuture(already.get());
      }
      number = numbers++;
      waiting.put(number, new Waiting(size, answer));
    } finally {
      gate.unlock();
    }
    CompletableFuture.delayedExecutor(
            witnessing.patience().toMillis(), TimeUnit.MILLISECONDS, this::answering)
        .execute(() -> giveUp(number, answer));
    return answer;
  }

  private void answering(Runnable work) {
    Thread.ofVirtual().name("aye-log-answers").start(work);
  }

  private void giveUp(long number, CompletableFuture<Store.Published> answer) {
    gate.lock();
    try {
      waiting.remove(number);
    } finally {
      gate.unlock();
    }
    answer.completeExceptionally(
        new LogException.NotWitnessed(
            "the entry is in the log, but its witnesses have not cosigned it in "
                + witnessing.patience().toSeconds()
                + " s"));
  }

  /** The newest state that a quorum cosigned. */
  Optional<Store.Published> witnessed() {
    gate.lock();
    try {
      return cosigning.witnessed();
    } finally {
      gate.unlock();
    }
  }

  List<WitnessState> states() {
    gate.lock();
    try {
      return cosigning.states();
    } finally {
      gate.unlock();
    }
  }

  private void watch(int witness) {
    gate.lock();
    try {
      while (!closed) {
        Optional<Cosigning.Ask> ask = cosigning.next(witness, host.newest(), nanos.getAsLong());
        if (ask.isPresent()) {
          Cosigning.Reply reply;
          gate.unlock();
          try {
            reply = ask(witness, ask.get());
          } finally {
            gate.lock();
          }
          take(ask.get(), reply);
        } else {
          changed.awaitNanos(cosigning.pause(witness, nanos.getAsLong()));
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      gate.unlock();
    }
  }

  private void take(Cosigning.Ask ask, Cosigning.Reply reply) {
    long newest = host.newest().checkpoint().size();
    Optional<Store.Published> before = cosigning.witnessed();
    boolean more = cosigning.answered(ask, reply, newest, nanos.getAsLong(), clock.instant());
    changed.signalAll();
    cosigning.contradiction().ifPresent(host::contradicted);
    if (more) {
      cosigning.cosigned(ask.target().size()).ifPresent(host::cosigned);
    }
    Optional<Store.Published> now = cosigning.witnessed();
    if (now.isPresent() && !now.equals(before)) {
      host.witnessed(now.get());
      release(now.get());
    }
  }

  private void release(Store.Published at) {
    waiting
        .values()
        .removeIf(one -> {
          boolean enough = one.size() <= at.checkpoint().size();
          if (enough) {
            answering(() -> one.answer().complete(at));
          }
          return enough;
        });
  }

  private Cosigning.Reply ask(int witness, Cosigning.Ask ask) {
    Store.Published at = ask.target().cosigned();
    StringBuilder body = new StringBuilder("old ").append(ask.oldSize()).append('\n');
    try {
      for (Hash hash : host.consistency(at, ask.oldSize())) {
        body.append(hash.b64()).append('\n');
      }
      body.append('\n').append(at.checkpoint().note());
      Http.Response response =
          http.post(
              witnessing.witnesses().get(witness).addCheckpoint(),
              body.toString().getBytes(StandardCharsets.UTF_8),
              MAX_ANSWER,
              TIMEOUT);
      return reply(response);
    } catch (IOException e) {
      return new Cosigning.Reply.Silent(String.valueOf(e.getMessage()));
    } catch (RuntimeException e) {
      // A log that cannot prove its own past has stopped itself by now.
      return new Cosigning.Reply.Silent("this log could not be read");
    }
  }

  private static Cosigning.Reply reply(Http.Response response) {
    String text = new String(response.body(), StandardCharsets.UTF_8);
    if (response.status() == 200) {
      return new Cosigning.Reply.Signed(text);
    }
    if (response.status() == 409) {
      try {
        return new Cosigning.Reply.Conflict(Checkpoint.decimal(text.strip()));
      } catch (Malformed e) {
        return new Cosigning.Reply.Refused(409);
      }
    }
    return new Cosigning.Reply.Refused(response.status());
  }

  /** Asks nobody any more. Who waits is told so. */
  @Override
  public void close() {
    List<Waiting> left;
    gate.lock();
    try {
      closed = true;
      changed.signalAll();
      left = List.copyOf(waiting.values());
      waiting.clear();
    } finally {
      gate.unlock();
    }
    threads.forEach(Thread::interrupt);
    left.forEach(one ->
        answering(() ->
            one.answer()
                .completeExceptionally(
                    new LogException.NotWitnessed(
                        "the entry is in the log, but the log was closed before its witnesses had"
                            + " cosigned it"))));
  }
}
