package dev.aye.log;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
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
 * <p>With witnesses, the published checkpoint carries their cosignatures as they come, and what
 * must wait for a quorum does ({@link Witnessing}): its answer comes with a proof under a cosigned
 * checkpoint, or with {@link LogException.NotWitnessed} after a while.
 *
 * <p>A write that fails stops the log ({@link LogException.Stopped}): after a failed fsync nobody
 * knows what the disk holds, so only a new opening, which reads it again, may go on. Any number of
 * threads may use a log; one process has it open. Waiting is measured by a clock that never jumps;
 * what the time of day is makes no difference to the log.
 */
public final class Log implements AutoCloseable {
  private static final int MAX_WAITING = 65_536;
  private static final int MAX_UNWITNESSED = 10_000;
  private static final long QUIET_NANOS = TimeUnit.MILLISECONDS.toNanos(3);
  private static final long WINDOW_NANOS = TimeUnit.MILLISECONDS.toNanos(250);
  private static final Duration FIRST_CONTACT = Duration.ofSeconds(3);

  private final Store store;
  private final AutoCloseable lock;
  private final Witnessing witnessing;
  private final Witnesses witnesses;
  private final LongSupplier nanos = System::nanoTime;
  private final Thread writer;
  private final Thread checker;
  private final Executor answering = work -> Thread.ofVirtual().name("aye-log-answers").start(work);

  private final ReentrantLock gate = new ReentrantLock();
  private final Condition arrived = gate.newCondition();
  private final Condition room = gate.newCondition();
  private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();

  /** Leaves that are in the log and whose callers were told that no quorum had seen them. */
  private final Map<Leaf, Long> unwitnessed =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Leaf, Long> eldest) {
          return size() > MAX_UNWITNESSED;
        }
      };

  private Store.@Nullable Published cosigned;
  private Store.@Nullable Published witnessed;
  private boolean closed;
  private volatile LogException.@Nullable Stopped stopped;

  /**
   * @param witnessed whether the answer waits for a quorum
   */
  private record Waiting(
      Leaf leaf, boolean witnessed, long since, CompletableFuture<Appended> answer) {}

  /** What the writer does next: a batch, cosignatures that came, or nothing more at all. */
  private record Work(
      List<Waiting> batch,
      Optional<Store.Published> cosigned,
      Optional<Store.Published> witnessed) {
    boolean isEnd() {
      return batch.isEmpty() && cosigned.isEmpty() && witnessed.isEmpty();
    }
  }

  private Log(Store store, AutoCloseable lock, InstantSource clock, Witnessing witnessing) {
    this.store = store;
    this.lock = lock;
    this.witnessing = witnessing;
    this.witnesses = new Witnesses(witnessing, new Host(), nanos, clock);
    this.writer = Thread.ofPlatform().name("aye-log").daemon().unstarted(this::write);
    this.checker = Thread.ofPlatform().name("aye-log-check").daemon().unstarted(this::checkOldest);
  }

  /** Opens a log without witnesses, as the other {@code open} does. */
  public static Log open(Path folder, String origin, SecureRandom random, InstantSource clock) {
    return open(folder, origin, random, clock, Witnessing.NONE);
  }

  /**
   * Opens the log in a folder, or begins one there with a new key. Finishes what a crash
   * interrupted, and checks what it finds: the right edge and the newest 262,144 entries before it
   * returns, all others in the background, which stops the log if it finds one altered.
   *
   * <p>Asks the witnesses first, for a few seconds: if one of them has seen more of this log, or
   * another one, it does not open. A folder that was put back from a backup opens only when a
   * quorum says that it is the newest state (its mark is {@code private/restored}).
   *
   * @param origin the name of the log, by custom its URL without the scheme; fixed for its life
   * @param clock the time of day, told with the state of the witnesses; nothing depends on it
   * @throws LogException.InUse if it is open elsewhere
   * @throws LogException.Corrupt if a file is missing, cut short or altered, or belongs to another
   *     origin
   * @throws LogException.Behind if to go on could be to fork it
   * @throws UncheckedIOException if the folder cannot be read or written
   */
  public static Log open(
      Path folder, String origin, SecureRandom random, InstantSource clock, Witnessing witnessing) {
    FolderDisk disk = new FolderDisk(folder);
    try {
      AutoCloseable lock = disk.lock();
      try {
        return open(disk, lock, origin, random, clock, witnessing);
      } catch (Throwable e) {
        closeQuietly(lock, e);
        throw e;
      }
    } catch (IOException e) {
      throw new UncheckedIOException("could not open the log in " + folder, e);
    }
  }

  static Log open(
      Disk disk,
      AutoCloseable lock,
      String origin,
      SecureRandom random,
      InstantSource clock,
      Witnessing witnessing)
      throws IOException {
    Log log = new Log(Store.open(disk, origin, random), lock, clock, witnessing);
    log.begin();
    return log;
  }

  /**
   * Checks the whole log in a folder, its private files too, and changes nothing; a server may have
   * it open. What is found wrong is named.
   */
  public static Verdict<Checkpoint> check(Path folder) throws IOException {
    return Store.check(new FolderDisk(folder));
  }

  /**
   * Makes a log of a copy, in an empty or new folder. It opens only when a quorum of its witnesses
   * says that nothing was appended after it, or its owner does here.
   *
   * @param copy what {@link #copyTo} made
   * @param newer a folder with the public files of the same log from later, as any mirror has them
   * @param current whether its owner says that nothing was appended after that
   * @return the state that was restored, or why it was not
   */
  public static Verdict<Checkpoint> restore(
      Path copy, Optional<Path> newer, boolean current, Path folder) throws IOException {
    return LogCopy.restore(
        new FolderDisk(copy), newer.map(FolderDisk::new), current, new FolderDisk(folder));
  }

  /**
   * Brings a copy of this log up to date, with its key, for a backup. What did not change is not
   * written again. Appends go on meanwhile; the copy has what was published when it began.
   */
  public void copyTo(Path folder) throws IOException {
    store.copyTo(new FolderDisk(folder));
  }

  private void begin() throws IOException {
    witnesses.start();
    try {
      if (!witnessing.witnesses().isEmpty()) {
        int agreed = witnesses.firstContact(FIRST_CONTACT);
        if (store.isRestored() && agreed >= Math.max(1, witnessing.quorum())) {
          store.forgetRestored();
        }
      }
      if (store.isRestored()) {
        throw new LogException.Behind(
            witnessing.witnesses().isEmpty()
                ? "this log was put back from a backup, and it has no witnesses who could say"
                    + " whether anything was appended after that"
                : "this log was put back from a backup, and too few of its witnesses can be asked"
                    + " whether anything was appended after that");
      }
    } catch (Throwable e) {
      witnesses.close();
      throw e;
    }
    writer.start();
    checker.start();
  }

  /**
   * Appends and waits for the answer, also through interrupts.
   *
   * @throws LogException.Stopped if the leaf could not be made durable
   * @throws LogException.NotWitnessed if it was, and its witnesses have not seen it yet
   */
  public Appended append(Leaf leaf) {
    return placed(submit(leaf));
  }

  /**
   * Waits for the answer to what was submitted, also through interrupts.
   *
   * @throws LogException as {@link #append} does
   */
  public static Appended placed(CompletableFuture<Appended> answer) {
    try {
      return answer.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof LogException.NotWitnessed cause) {
        throw cause;
      }
      if (e.getCause() instanceof LogException cause) {
        throw new LogException.Stopped("the leaf was not appended: " + cause.getMessage(), cause);
      }
      throw e;
    }
  }

  /**
   * Appends; the answer comes on a thread of its own, which may append again. Waits only if 65,536
   * leaves are waiting already. A leaf that is in the log and was answered with {@link
   * LogException.NotWitnessed} is not appended again: its first place counts.
   */
  public CompletableFuture<Appended> submit(Leaf leaf) {
    return submit(leaf, witnessing.waits(leaf));
  }

  /**
   * As {@link #append}, but waits for no witness, whatever the leaf: for what may hold up nobody,
   * such as an answer that grants nothing.
   *
   * @throws LogException.Stopped if the leaf could not be made durable
   */
  public Appended appendUnwitnessed(Leaf leaf) {
    return placed(submit(leaf, false));
  }

  private CompletableFuture<Appended> submit(Leaf leaf, boolean waitsForQuorum) {
    CompletableFuture<Appended> answer = new CompletableFuture<>();
    Long place;
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
      place = unwitnessed.remove(leaf);
      if (place == null) {
        waiting.add(new Waiting(leaf, waitsForQuorum, nanos.getAsLong(), answer));
        arrived.signal();
        return answer;
      }
    } finally {
      gate.unlock();
    }
    // Not under the gate: the witnesses tell of news under theirs, and then take this one.
    List<Placed> again = List.of(new Placed(place, leaf, answer));
    if (waitsForQuorum) {
      later(again, place + 1);
    } else {
      answering.execute(() -> prove(again, store.published()));
    }
    return answer;
  }

  /**
   * A proof (C2SP tlog-proof text) that the leaf is in the tree: under the newest checkpoint that a
   * quorum of witnesses cosigned if it holds the leaf, else under the newest.
   *
   * @throws IllegalArgumentException if there is no such leaf
   */
  public String proof(long index) {
    Store.Published at =
        witnesses
            .witnessed()
            .filter(cosigned -> index < cosigned.checkpoint().size())
            .orElseGet(store::published);
    return reading(() -> store.proof(at, index));
  }

  /** The proof that the newest checkpoint extends the tree of an older size (RFC 6962, 2.1.2). */
  public List<Hash> consistency(long olderSize) {
    return reading(() -> store.consistency(olderSize));
  }

  /** The newest published checkpoint. */
  public Checkpoint checkpoint() {
    return store.published().checkpoint();
  }

  /** The newest checkpoint that a quorum of witnesses cosigned, if the log has a quorum at all. */
  public Optional<Checkpoint> witnessed() {
    return witnesses.witnessed().map(Store.Published::checkpoint);
  }

  /** Whom this log asks for cosignatures, and how many must agree. */
  public Witnessing witnessing() {
    return witnessing;
  }

  /** How it stands with each witness. */
  public List<WitnessState> witnesses() {
    return witnesses.states();
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
   * What is served at {@code /log/<path>}: {@code checkpoint}, {@code tile/…}, and {@code
   * witnessed}, the newest checkpoint with the cosignatures of a quorum if there is one; empty for
   * every other path, whatever it holds.
   */
  public Optional<Resource> resource(String path) {
    if (path.equals("witnessed")) {
      return witnessed().map(Resource::of);
    }
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
    witnesses.close();
    checker.interrupt();
    while (checker.isAlive()) {
      try {
        checker.join();
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
      Work work = nextWork();
      while (!work.isEnd()) {
        publish(work);
        if (!work.batch().isEmpty()) {
          commit(work.batch());
        }
        work = nextWork();
      }
    } catch (RuntimeException | Error e) {
      stop(new LogException.Stopped("the log's writer ended", e));
    }
  }

  /** Writes what witnesses said; none of it is needed for what was answered. */
  private void publish(Work work) {
    try {
      if (stopped == null && work.cosigned().isPresent()) {
        store.cosigned(work.cosigned().get());
      }
      if (stopped == null && work.witnessed().isPresent()) {
        store.witnessed(work.witnessed().get().checkpoint());
      }
    } catch (IOException e) {
      stop(new LogException.Stopped("the cosignatures of witnesses could not be written", e));
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
      witnesses.grown();
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

  /** What is older than what was checked at opening. */
  private void checkOldest() {
    try {
      store.checkOldest(() -> Thread.currentThread().isInterrupted());
    } catch (LogException e) {
      stop(new LogException.Stopped("a file of the log is altered: " + e.getMessage(), e));
    } catch (RuntimeException | Error e) {
      stop(new LogException.Stopped("a file of the log could not be checked", e));
    }
  }

  /** What the witnesses see and say of this log. */
  private final class Host implements Witnesses.Host {
    @Override
    public Store.Published newest() {
      return store.published();
    }

    @Override
    public List<Hash> consistency(Store.Published at, long olderSize) {
      return reading(() -> store.consistency(at, olderSize));
    }

    @Override
    public void cosigned(Store.Published at) {
      gate.lock();
      try {
        cosigned = at;
        arrived.signal();
      } finally {
        gate.unlock();
      }
    }

    @Override
    public void witnessed(Store.Published at) {
      gate.lock();
      try {
        witnessed = at;
        arrived.signal();
      } finally {
        gate.unlock();
      }
    }

    @Override
    public void contradicted(String why) {
      stop(new LogException.Stopped(why, new LogException.Behind(why)));
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
    List<Placed> later = new ArrayList<>();
    List<Placed> placed = new ArrayList<>();
    for (Waiting one : batch) {
      (one.witnessed() ? later : placed).add(new Placed(index++, one.leaf(), one.answer()));
    }
    prove(placed, now);
    if (!later.isEmpty()) {
      later(later, now.checkpoint().size());
    }
  }

  /** An entry that is in the log, and who waits to be told. */
  private record Placed(long index, Leaf leaf, CompletableFuture<Appended> answer) {}

  /** Answers when a quorum has seen the log at this size, or when that takes too long. */
  private void later(List<Placed> placed, long size) {
    witnesses
        .quorum(size)
        .thenAcceptAsync(at -> prove(placed, at), answering)
        .exceptionally(e -> {
          Throwable why = e instanceof CompletionException ? e.getCause() : e;
          gate.lock();
          try {
            placed.forEach(one -> unwitnessed.put(one.leaf(), one.index()));
          } finally {
            gate.unlock();
          }
          placed.forEach(one -> one.answer().completeExceptionally(why));
          return null;
        });
  }

  private void prove(List<Placed> placed, Store.Published at) {
    try {
      Store.Prover prover = store.prover(at);
      for (Placed one : placed) {
        one.answer().complete(new Appended(one.index(), prover.proof(one.index())));
      }
    } catch (RuntimeException | Error e) {
      var why = new LogException.Stopped("the entry is in the log, its proof could not be made", e);
      stop(why);
      placed.forEach(one -> one.answer().completeExceptionally(why));
    }
  }

  /** Waits for a batch to close, or for word from witnesses. */
  private Work nextWork() {
    gate.lock();
    try {
      while (waiting.isEmpty() && !closed && cosigned == null && witnessed == null) {
        arrived.awaitUninterruptibly();
      }
      int seen = 0;
      while (!closed
          && waiting.size() < Layout.MAX_BATCH
          && waiting.size() > seen
          && nanos.getAsLong() - waiting.getFirst().since() < WINDOW_NANOS) {
        seen = waiting.size();
        quiet();
      }
      List<Waiting> batch = new ArrayList<>();
      while (!waiting.isEmpty() && batch.size() < Layout.MAX_BATCH) {
        batch.add(waiting.removeFirst());
      }
      Work work = new Work(batch, Optional.ofNullable(cosigned), Optional.ofNullable(witnessed));
      cosigned = null;
      witnessed = null;
      room.signalAll();
      return work;
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
