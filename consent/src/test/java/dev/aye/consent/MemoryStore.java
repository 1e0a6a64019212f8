package dev.aye.consent;

import java.util.ArrayList;
import java.util.List;

/**
 * A store in memory that can be told to fail, with what it was given kept or not. Keeps facts as
 * their encoding.
 */
final class MemoryStore implements ConsentStore {
  enum Failing {
    NOT,
    UNKEPT,
    KEPT
  }

  final List<String> facts = new ArrayList<>();
  Failing failing = Failing.NOT;
  Runnable beforeAppend = () -> {};

  @Override
  public synchronized void append(List<Event> events) {
    beforeAppend.run();
    if (failing != Failing.UNKEPT) {
      events.forEach(event -> facts.add(event.encode()));
    }
    if (failing != Failing.NOT) {
      throw new IllegalStateException("disk full");
    }
  }

  @Override
  public synchronized List<Event> load() {
    return facts.stream().map(Event::decode).toList();
  }

  synchronized <E extends Event> List<E> all(Class<E> type) {
    return load().stream().filter(type::isInstance).map(type::cast).toList();
  }
}
