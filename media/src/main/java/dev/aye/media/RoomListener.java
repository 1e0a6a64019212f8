package dev.aye.media;

/**
 * Who is told what happens in rooms: people and tracks, never media or messages. Called on media
 * threads; must not block.
 */
public interface RoomListener {
  default void joined(String room, String identity) {}

  default void left(String room, String identity) {}

  default void trackPublished(String room, String identity, RoomControl.Track track) {}

  default void trackUnpublished(String room, String identity, RoomControl.Track track) {}

  default void trackMuted(String room, String identity, RoomControl.Track track) {}

  /** Somebody began or ceased to speak; {@code level} is 0…1, linear. */
  default void speaking(String room, String identity, boolean active, double level) {}
}
