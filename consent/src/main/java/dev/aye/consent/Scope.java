package dev.aye.consent;

import java.time.Instant;
import java.util.Locale;
import java.util.Optional;

/**
 * How far an answer reaches: this meeting, the meetings of this room, or every meeting of this
 * organisation, the wider ones until a time.
 *
 * <p>A wider yes gives a permit in a later meeting only where its person sits under the same key
 * and the row that is asked there is the one they answered, word for word. It takes in nothing by
 * itself.
 */
public sealed interface Scope {
  /** The meeting in which it was answered. */
  Scope MEETING = new Meeting();

  /** The kinds of scope, the narrowest first. */
  enum Kind {
    MEETING,
    ROOM,
    ORGANISATION;

    /** Its name on the wire. */
    public String id() {
      return name().toLowerCase(Locale.ROOT);
    }

    public static Optional<Kind> named(String id) {
      for (Kind kind : values()) {
        if (kind.id().equals(id)) {
          return Optional.of(kind);
        }
      }
      return Optional.empty();
    }
  }

  Kind kind();

  /** From when on nothing is taken in under it; empty where the end of the meeting says so. */
  Optional<Instant> until();

  /** This meeting alone. */
  record Meeting() implements Scope {
    @Override
    public Kind kind() {
      return Kind.MEETING;
    }

    @Override
    public Optional<Instant> until() {
      return Optional.empty();
    }
  }

  /** The meetings of one room. */
  record Room(RoomId id, Instant end) implements Scope {
    @Override
    public Kind kind() {
      return Kind.ROOM;
    }

    @Override
    public Optional<Instant> until() {
      return Optional.of(end);
    }
  }

  /** Every meeting here. */
  record Organisation(Instant end) implements Scope {
    @Override
    public Kind kind() {
      return Kind.ORGANISATION;
    }

    @Override
    public Optional<Instant> until() {
      return Optional.of(end);
    }
  }
}
