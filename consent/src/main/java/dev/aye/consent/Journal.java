package dev.aye.consent;

import dev.aye.log.Appended;
import dev.aye.log.Leaf;
import dev.aye.log.LeafVisitor;
import dev.aye.log.Log;
import java.util.concurrent.CompletableFuture;

/**
 * What consent needs of the log; its second implementation fails on purpose, in tests of the order
 * of writes.
 */
interface Journal {
  String origin();

  long size();

  /** Returns when the leaf is durable and in a published checkpoint. */
  Appended append(Leaf leaf);

  /** As {@link #append}, but waits for no witness. */
  Appended appendUnwitnessed(Leaf leaf);

  CompletableFuture<Appended> submit(Leaf leaf);

  String proof(long index);

  /** The text as a note signed by the log's key. */
  String sign(String text);

  /** Shows the leaves from index {@code from} to before {@code to}. */
  void leaves(long from, long to, LeafVisitor visitor);

  static Journal of(Log log) {
    return new Journal() {
      @Override
      public String origin() {
        return log.origin();
      }

      @Override
      public long size() {
        return log.size();
      }

      @Override
      public Appended append(Leaf leaf) {
        return log.append(leaf);
      }

      @Override
      public Appended appendUnwitnessed(Leaf leaf) {
        return log.appendUnwitnessed(leaf);
      }

      @Override
      public CompletableFuture<Appended> submit(Leaf leaf) {
        return log.submit(leaf);
      }

      @Override
      public String proof(long index) {
        return log.proof(index);
      }

      @Override
      public String sign(String text) {
        return log.sign(text);
      }

      @Override
      public void leaves(long from, long to, LeafVisitor visitor) {
        log.leaves(from, to, visitor);
      }
    };
  }
}
