package dev.aye.app;

import dev.aye.log.Leaf;
import dev.aye.log.Log;
import java.util.Optional;

/**
 * The leaves that the server itself owes the log: its recipient's key and the pages that it serves.
 * A crash between log and database leaves a leaf twice, which says nothing new.
 */
final class OwnLeaves {
  private final Database database;
  private final Log log;

  OwnLeaves(Database database, Log log) {
    this.database = database;
    this.log = log;
  }

  /** The index of this leaf, which is appended when it is not there. */
  long index(Leaf leaf) {
    String name = java.util.HexFormat.of().formatHex(leaf.encode());
    Optional<Long> known =
        database
            .sql()
            .sql("SELECT position FROM own_leaves WHERE name = ?")
            .param(name)
            .query(Long.class)
            .optional();
    if (known.isPresent()) {
      return known.get();
    }
    long index = log.append(leaf).index();
    database
        .sql()
        .sql("INSERT INTO own_leaves (name, position) VALUES (?, ?)")
        .params(name, index)
        .update();
    return index;
  }
}
