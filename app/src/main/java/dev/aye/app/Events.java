package dev.aye.app;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/**
 * Who in a meeting hears what happens there: for each open page one bounded queue. A page that does
 * not read loses its connection, never a single event, and reads the whole state when it is back.
 */
final class Events {
  private static final int MOST_WAITING = 256;

  /**
   * One thing that happened: the name and the JSON value of a server-sent event.
   *
   * @param still asked once more when it is written to a page; what may not be shown any more by
   *     then is discarded
   */
  record Event(String name, Object data, BooleanSupplier still) {
    Event(String name, Object data) {
      this(name, data, () -> true);
    }
  }

  /** One open page. */
  static final class Listener {
    private final String meeting;
    private final String participant;
    private final BlockingQueue<Event> waiting = new ArrayBlockingQueue<>(MOST_WAITING);
    private volatile boolean open = true;
    private volatile boolean over;

    private Listener(String meeting, String participant) {
      this.meeting = meeting;
      this.participant = participant;
    }

    /** Whether there is, or may come, something to write. */
    synchronized boolean open() {
      return open && !(over && waiting.isEmpty());
    }

    /** The next event, or nothing if none came within the time. */
    Optional<Event> next(long millis) throws InterruptedException {
      return Optional.ofNullable(waiting.poll(millis, TimeUnit.MILLISECONDS));
    }

    synchronized void give(Event event) {
      if (!over && !waiting.offer(event)) {
        open = false;
      }
    }

    /** Discards what waits and gives this one as the last. */
    private synchronized void end(Event last) {
      waiting.clear();
      give(last);
      over = true;
    }
  }

  private final List<Listener> listeners = new CopyOnWriteArrayList<>();

  Listener listen(String meeting, String participant) {
    Listener listener = new Listener(meeting, participant);
    listeners.add(listener);
    return listener;
  }

  void close(Listener listener) {
    listener.open = false;
    listeners.remove(listener);
  }

  /** How many pages of this participant listen. */
  long pages(String meeting, String participant) {
    return listeners.stream()
        .filter(l -> l.meeting.equals(meeting) && l.participant.equals(participant))
        .count();
  }

  /** Gives one event to everybody in the meeting. */
  void all(String meeting, String name, Object data) {
    Event event = new Event(name, data);
    for (Listener listener : listeners) {
      if (listener.meeting.equals(meeting)) {
        listener.give(event);
      }
    }
  }

  /** Gives one event to one participant alone. */
  void one(String meeting, String participant, String name, Object data) {
    for (Listener listener : listeners) {
      if (listener.meeting.equals(meeting) && listener.participant.equals(participant)) {
        listener.give(new Event(name, data));
      }
    }
  }

  /** Gives one participant a last event and closes their pages. */
  void end(String meeting, String participant, String name, Object data) {
    for (Listener listener : listeners) {
      if (listener.meeting.equals(meeting) && listener.participant.equals(participant)) {
        listener.end(new Event(name, data));
      }
    }
  }

  /** Gives each page the event that is made for its participant, if any. */
  void gated(String meeting, Function<String, Optional<Event>> event) {
    for (Listener listener : listeners) {
      if (listener.meeting.equals(meeting)) {
        event.apply(listener.participant).ifPresent(listener::give);
      }
    }
  }

  /** Gives each participant what is theirs. */
  void each(String meeting, String name, Function<String, Object> data) {
    for (Listener listener : listeners) {
      if (listener.meeting.equals(meeting)) {
        listener.give(new Event(name, data.apply(listener.participant)));
      }
    }
  }

  /** Gives those participants something for whom there is something. */
  void some(String meeting, String name, Function<String, Optional<? extends Object>> data) {
    for (Listener listener : listeners) {
      if (listener.meeting.equals(meeting)) {
        data.apply(listener.participant).ifPresent(value -> listener.give(new Event(name, value)));
      }
    }
  }
}
