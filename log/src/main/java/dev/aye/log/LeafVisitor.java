package dev.aye.log;

/** Sees the leaves of a log, each with its index, in order. */
@FunctionalInterface
public interface LeafVisitor {
  void leaf(long index, Leaf leaf);
}
