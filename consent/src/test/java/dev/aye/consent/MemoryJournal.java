package dev.aye.consent;

import dev.aye.log.Appended;
import dev.aye.log.Leaf;
import dev.aye.log.LeafVisitor;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** A log in memory that can be told to fail, with the leaf kept or not. */
final class MemoryJournal implements Journal {
  final List<Leaf> leaves = new ArrayList<>();
  MemoryStore.Failing failing = MemoryStore.Failing.NOT;
  Runnable beforeAppend = () -> {};

  /** No quorum can be reached: what waits for it comes into the log, and is told that. */
  boolean witnessesAway;

  /** The leaf is published, and whoever appended it does not know yet. */
  Runnable afterAppend = () -> {};

  @Override
  public String origin() {
    return "aye.example/log";
  }

  @Override
  public synchronized long size() {
    return leaves.size();
  }

  @Override
  public Appended append(Leaf leaf) {
    Appended appended = appendUnwitnessed(leaf);
    if (witnessesAway) {
      throw new IllegalStateException("not witnessed");
    }
    return appended;
  }

  @Override
  public Appended appendUnwitnessed(Leaf leaf) {
    beforeAppend.run();
    Appended appended;
    synchronized (this) {
      if (failing != MemoryStore.Failing.UNKEPT) {
        leaves.add(leaf);
      }
      if (failing != MemoryStore.Failing.NOT) {
        throw new IllegalStateException("log stopped");
      }
      appended = new Appended(leaves.size() - 1L, proof(leaves.size() - 1L));
    }
    afterAppend.run();
    return appended;
  }

  @Override
  public CompletableFuture<Appended> submit(Leaf leaf) {
    try {
      return CompletableFuture.completedFuture(appendUnwitnessed(leaf));
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  @Override
  public String proof(long index) {
    return "proof of " + index;
  }

  @Override
  public String sign(String text) {
    return text + "\nsigned\n";
  }

  @Override
  public synchronized void leaves(long from, long to, LeafVisitor visitor) {
    for (long i = from; i < to; i++) {
      visitor.leaf(i, leaves.get((int) i));
    }
  }

  <L extends Leaf> List<L> all(Class<L> type) {
    return leaves.stream().filter(type::isInstance).map(type::cast).toList();
  }
}
