package dev.aye.consent;

import java.util.Locale;
import java.util.Optional;

/** What of a person is used: their voice, picture, shared screen, chat messages or files. */
public enum Medium {
  VOICE,
  VIDEO,
  SCREEN,
  CHAT,
  FILES;

  /** Its name on the wire. */
  public String id() {
    return name().toLowerCase(Locale.ROOT);
  }

  public static Optional<Medium> named(String id) {
    for (Medium medium : values()) {
      if (medium.id().equals(id)) {
        return Optional.of(medium);
      }
    }
    return Optional.empty();
  }
}
