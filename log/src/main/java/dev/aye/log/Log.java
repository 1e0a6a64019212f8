package dev.aye.log;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * An append-only log of {@link Leaf leaves} in a folder: a C2SP tlog-tiles tree that only grows,
 * with a signed checkpoint for each state that was ever published.
 *
 * <p>An append is answered after its leaf is durable and in a published checkpoint; so what was
 * acknowledged survives a power loss at any moment. Callers at the same time share a batch: it is
 * closed when it holds 4,096 leaves, when nothing more came for 3 ms, or when its first leaf has
 * waited for 250 ms. A single caller therefore waits for the disk and 3 ms.
 *
 * <p>A write that fails stops the log ({@link LogException.Stopped}): after a failed fsync nobody
 * knows what the disk holds, so only a new opening, which reads it again, may go on. Any number of
 * threads may use a log; one process has it open.
 */
public final class Log implements AutoCloseable {
  private static final int MAX_WAITING = 65_536;
  private static final long QUIET_NANOS = TimeUnit.MILLISECONDS.toNanos(3);
  private static final long WINDOW_MILLIS = 250;

  private final Store store;
  private final AutoCloseable lock;
  private final InstantSource clock;
  private final Thread writer;

  private final ReentrantLock gate = new ReentrantLock();
  private final Condition arrived = gate.newCondition();
  private final Condition room = gate.newCondition();
  private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();
  private boolean closed;
  private volatile LogException.@Nullable Stopped stopped;

  private record Waiting(Leaf leaf, long since, CompletableFuture<Appended> answer) {}

  private Log(Store store, AutoCloseable lock, InstantSource clock) {
    this.store = store;
    this.lock = lock;
    this.clock = clock;
    this.writer = Thread.ofPlatform().name("aye-log").daemon().unstarted(this::write);
  }

  /**
   * Opens the log in a folder, or begins one there with a new key. Finishes what a crash
   * interrupted, and checks what it finds: the right edge always, and the newest 262,144 entries.
   *
   * @param origin the name of the log, by custom its URL without the scheme; fixed for its life
   * @throws LogException.InUse if it is open elsewhere
   * @throws LogException.Corrupt if a file is missing, cut short or altered, or belongs to another
   *     origin
   * @throws UncheckedIOException if the folder cannot be read or written
   */
  public static Log open(Path folder, String origin, SecureRandom random, InstantSource clock) {
    FolderDisk disk = new FolderDisk(folder);
    try {
      AutoCloseable lock = disk.lock();
      try {
        return open(disk, lock, origin, random, clock);
      } catch (Throwable e) {
        closeQuietly(lock, e);
        throw e;
      }
    } catch (IOException e) {
      throw new UncheckedIOException("could not open the log in " + folder, e);
    }
  }

  static Log open(
      Disk disk, AutoCloseable lock, String origin, SecureRandom random, InstantSource clock)
      throws IOException {
    Log log = new Log(Store.open(disk, origin, random), lock, clock);
    log.writer.start();
    return log;
  }

  /**
   * Appends and waits for the answer, also through interrupts.
   *
   * @throws LogException.Stopped if the leaf could not be made durable
   */
  public Appended append(Leaf leaf) {
    try {
      return submit(leaf).join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof LogException cause) {
        throw new LogException.Stopped("the leaf was not appended: " + cause.getMessage(), cause);
      }
      throw e;
    }
  }

  /**
   * Appends; the answer comes on a thread of its own, which may append again. Waits only if 65,536
   * leaves are waiting already.
   */
  public CompletableFuture<Appended> submit(Leaf leaf) {
    CompletableFuture<Appended> answer = new CompletableFuture<>();
    gate.lock();
    try {
      while (waiting.size() >= MAX_WAITING && !closed && stopped == null) {
        room.awaitUninterruptibly();
      }
      LogException.Stopped why = stopped;
      if (why == null && closed) {
        why = new LogException.Stopped("the log is closed", null);
      }
      if (why != null) {
        answer.completeExceptionally(why);
        return answer;
      }
      waiting.add(new Waiting(leaf, clock.millis(), answer));
      arrived.signal();
      return answer;
    } finally {
      gate.unlock();
    }
  }

  /**
   * A proof (C2SP tlog-proof text) that the leaf is in the tree of the newest checkpoint.
   *
   * @throws IllegalArgumentException if there is no such leaf
   */
  public String proof(long index) {
    return reading(() -> store.proof(store.published(), index));
  }

  /** The proof that the newest checkpoint extends the tree of an older size (RFC 6962, 2.1.2). */
  public List<Hash> consistency(long olderSize) {
    return reading(() -> store.consistency(olderSize));
  }

  /** The newest published checkpoint. */
  public Checkpoint checkpoint() {
    return store.published().checkpoint();
  }

  public long size() {
    return checkpoint().size();
  }

  public String origin() {
    return checkpoint().origin();
  }

  /** The public key of this log in the text form of signed notes. */
  public String vkey() {
    return store.key().publicKey().vkey();
  }

  /** Shows the leaves {@code [from, to)}; each is checked against the tree. */
  public void leaves(long from, long to, LeafVisitor visitor) {
    reading(() -> {
      store.leaves(from, to, visitor);
      return to;
    });
  }

  /**
   * Signs a promise or an account with the key of this log, as a signed note.
   *
   * @throws IllegalArgumentException if the text could be taken for a checkpoint of this log, or
   *     does not end with a newline
   */
  public String sign(String text) {
    if (text.startsWith(origin() + "\n")) {
      throw new IllegalArgumentException("a note that begins with the origin is a checkpoint");
    }
    return store.key().sign(text);
  }

  /**
   * What is served at {@code /log/<path>}: {@code checkpoint} and {@code tile/…}; empty for every
   * other path, whatever it holds.
   */
  public Optional<Resource> resource(String path) {
    return reading(() -> store.resource(path));
  }

  /** Why the log takes no more entries, if a write failed. */
  public Optional<LogException> failure() {
    return Optional.ofNullable(stopped);
  }

  /** Writes what is waiting, then lets go of the folder. */
  @Override
  public void close() {
    gate.lock();
    try {
      closed = true;
      arrived.signal();
      room.signalAll();
    } finally {
      gate.unlock();
    }
    boolean interrupted = false;
    while (writer.isAlive()) {
      try {
        writer.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    try {
      lock.close();
    } catch (Exception e) {
      throw new IllegalStateException("could not let go of the log's lock", e);
    }
  }

  /** A reader that finds an altered file stops the log: nothing may be built on it. */
  private <T> T reading(Supplier<T> read) {
    try {
      return read.get();
    } catch (LogException.Corrupt e) {
      stop(new LogException.Stopped("a file of the log is altered: " + e.getMessage(), e));
      throw e;
    }
  }

  private void write() {
    try {
      List<Waiting> batch = nextBatch();
      while (!batch.isEmpty()) {
        commit(batch);
        batch = nextBatch();
      }
    } catch (RuntimeException | Error e) {
      stop(new LogException.Stopped("the log's writer ended", e));
    }
  }

  private void commit(List<Waiting> batch) {
    LogException.Stopped why = stopped;
    if (why != null) {
      fail(batch, why);
      return;
    }
    try {
      Store.Published now = store.append(batch.stream().map(one -> one.leaf().encode()).toList());
      Thread.ofVirtual().name("aye-log-answers").start(() -> answer(batch, now));
    } catch (IOException | RuntimeException | Error e) {
      why = new LogException.Stopped("a write failed; the log must be opened again", e);
      stop(why);
      fail(batch, why);
      return;
    }
    try {
      store.tidy();
    } catch (IOException e) {
      stop(new LogException.Stopped("an old file could not be removed", e));
    }
  }

  /** From here on nothing is taken; what is waiting is answered, and not with a place. */
  private void stop(LogException.Stopped why) {
    List<Waiting> left;
    gate.lock();
    try {
      if (stopped == null) {
        stopped = why;
      }
      left = List.copyOf(waiting);
      waiting.clear();
      room.signalAll();
    } finally {
      gate.unlock();
    }
    fail(left, why);
  }

  private static void fail(List<Waiting> batch, LogException why) {
    Thread.ofVirtual()
        .name("aye-log-answers")
        .start(() -> batch.forEach(one -> one.answer().completeExceptionally(why)));
  }

  private void answer(List<Waiting> batch, Store.Published now) {
    long index = now.checkpoint().size() - batch.size();
    try {
      Store.Prover prover = store.prover(now);
      for (Waiting one : batch) {
        one.answer().complete(new Appended(index, prover.proof(index)));
        index++;
      }
    } catch (RuntimeException | Error e) {
      var why = new LogException.Stopped("the entry is in the log, its proof could not be made", e);
      stop(why);
      batch.forEach(one -> one.answer().completeExceptionally(why));
    }
  }

  /** Waits for a batch to close; an empty one means that the log was closed. */
  private List<Waiting> nextBatch() {
    gate.lock();
    try {
      while (waiting.isEmpty() && !closed) {
        arrived.awaitUninterruptibly();
      }
      int seen = 0;
      while (!closed
          && waiting.size() < Layout.MAX_BATCH
          && waiting.size() > seen
          && clock.millis() - waiting.getFirst().since() < WINDOW_MILLIS) {
        seen = waiting.size();
        quiet();
      }
      List<Waiting> batch = new ArrayList<>();
      while (!waiting.isEmpty() && batch.size() < Layout.MAX_BATCH) {
        batch.add(waiting.removeFirst());
      }
      room.signalAll();
      return batch;
    } finally {
      gate.unlock();
    }
  }

  /** Lets 3 ms pass, in which more may arrive, or less when the batch is full by then. */
  private void quiet() {
    long left = QUIET_NANOS;
    try {
      while (left > 0 && !closed && waiting.size() < Layout.MAX_BATCH) {
        left = arrived.awaitNanos(left);
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException("nobody interrupts the log's writer", e);
    }
  }

  private static void closeQuietly(AutoCloseable lock, Throwable cause) {
    try {
      lock.close();
    } catch (Exception e) {
      cause.addSuppressed(e);
    }
  }
}
