package dev.aye.media;

import java.util.List;

/** What the operator of a room may do and see: people and tracks, never media or messages. */
public interface RoomControl {

  /**
   * A published track.
   *
   * @param encrypted the publisher says that its frames are end-to-end encrypted
   */
  record Track(String sid, AccessToken.Source source, boolean muted, boolean encrypted) {}

  /** A person in a room. */
  record Participant(String identity, String name, List<Track> tracks) {
    public Participant {
      tracks = List.copyOf(tracks);
    }
  }

  /** Who is in a room now; nobody if there is no such room. */
  List<Participant> participants(String room);

  /**
   * Mutes all microphones of a person: the server drops their packets from now on until they unmute
   * themself, and tells the person's client.
   */
  void mute(String room, String identity);

  /** Puts a person out; their token is worth nothing until {@code room} is opened anew. */
  void remove(String room, String identity);

  /** Ends a room for everybody and forgets it. */
  void closeRoom(String room);
}
