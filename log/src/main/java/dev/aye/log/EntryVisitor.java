package dev.aye.log;

/** Sees the entries of any log, leaves of this one or not, each with its index, in order. */
@FunctionalInterface
public interface EntryVisitor {
  void entry(long index, byte[] entry);
}
