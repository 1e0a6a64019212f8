package dev.aye.companion;

import dev.aye.consent.Handle;
import dev.aye.consent.PersonId;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The words of a meeting that may be kept for its notes, in the order in which they were said. A
 * value.
 */
public record Transcript(List<Entry> entries) {
  public static final Transcript EMPTY = new Transcript(List.of());

  /**
   * Words of one person.
   *
   * @param handle the grant under which they are kept
   * @param name the name the person was shown under
   */
  public record Entry(Handle handle, PersonId person, String name, Instant at, String text) {
    /** Content stays out of logs. */
    @Override
    public String toString() {
      return "Entry[" + at + ", " + text.length() + " characters]";
    }
  }

  public Transcript {
    entries = entries.stream().sorted(Comparator.comparing(Entry::at)).toList();
  }

  public Transcript with(Entry entry) {
    return new Transcript(
        java.util.stream.Stream.concat(entries.stream(), java.util.stream.Stream.of(entry))
            .toList());
  }

  /** What is left when a grant is taken back. */
  public Transcript without(Handle handle) {
    return new Transcript(entries.stream().filter(e -> !e.handle.equals(handle)).toList());
  }

  /** What is left when a person is forgotten. */
  public Transcript without(PersonId person) {
    return new Transcript(entries.stream().filter(e -> !e.person.equals(person)).toList());
  }

  /** What these people said, and nobody else. */
  public Transcript only(Set<PersonId> people) {
    return new Transcript(entries.stream().filter(e -> people.contains(e.person)).toList());
  }

  /** The grants it rests on. */
  public Set<Handle> handles() {
    return entries.stream().map(Entry::handle).collect(Collectors.toUnmodifiableSet());
  }
}
