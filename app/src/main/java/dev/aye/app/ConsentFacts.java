package dev.aye.app;

import dev.aye.consent.ConsentStore;
import dev.aye.consent.Event;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * The facts of consent in the database, each sealed under the data key and bound to its place, so
 * that rows can be neither read nor exchanged there.
 */
final class ConsentFacts implements ConsentStore {
  private static final int STEP = 4096;

  private final Database database;
  private final Keys.Box box;

  ConsentFacts(Database database, Keys.Box box) {
    this.database = database;
    this.box = box;
  }

  @Override
  public synchronized void append(List<Event> events) {
    database
        .transaction()
        .executeWithoutResult(status -> {
          long sequence =
              database
                  .sql()
                  .sql("SELECT COALESCE(MAX(sequence), 0) FROM consent_events")
                  .query(Long.class)
                  .single();
          for (Event event : events) {
            sequence++;
            database
                .sql()
                .sql("INSERT INTO consent_events (sequence, sealed) VALUES (?, ?)")
                .params(sequence, box.close(place(sequence), padded(event.encode())))
                .update();
          }
        });
  }

  @Override
  public List<Event> load() {
    return database
        .sql()
        .sql("SELECT sequence, sealed FROM consent_events ORDER BY sequence")
        .query((row, n) ->
            Event.decode(
                new String(
                        box.open(place(row.getLong("sequence")), row.getBytes("sealed")),
                        StandardCharsets.UTF_8)
                    .stripTrailing()))
        .list();
  }

  /** With spaces to a full step, so that the length of a row does not tell what it says. */
  private static String padded(String fact) {
    int bytes = fact.getBytes(StandardCharsets.UTF_8).length;
    return fact + " ".repeat(Math.floorMod(-bytes, STEP));
  }

  private static String place(long sequence) {
    return "consent event " + sequence;
  }
}
