package dev.aye.app;

import dev.aye.consent.PersonId;
import dev.aye.log.Hash;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Meetings and the seats in them: what the server must remember so that a meeting can still be
 * joined after a restart. Keys of hosts and seats are kept as hashes, titles and names sealed.
 */
final class Meetings {
  /** One meeting; {@code purposes} is what may be asked in it. */
  record Meeting(
      String id,
      String title,
      String room,
      List<String> purposes,
      boolean minors,
      boolean demo,
      long created,
      boolean ended) {}

  /** One presence in a meeting; {@code person} is empty for somebody without a device key. */
  record Seat(
      String participant,
      String meeting,
      String person,
      boolean host,
      boolean lasting,
      String name) {}

  /** A new meeting with the key of its host, which is not kept. */
  record Opened(Meeting meeting, String hostKey) {}

  /** A new seat with its key, which is not kept. */
  record Taken(Seat seat, String key) {}

  private static final int MOST_SEATS = 500;
  private static final long RECENT_MILLIS = 10 * 60_000;

  private final Database database;
  private final Keys.Box box;
  private final SecureRandom random;
  private final InstantSource clock;

  Meetings(Database database, Keys.Box box, SecureRandom random, InstantSource clock) {
    this.database = database;
    this.box = box;
    this.random = random;
    this.clock = clock;
  }

  /**
   * Opens a meeting in a room of its own.
   *
   * @param door the hash of what the link secret yields, when the meeting has one ({@link #admits})
   */
  Opened open(String title, List<String> purposes, boolean demo, Optional<Hash> door) {
    return open(title, Optional.empty(), purposes, false, demo, door);
  }

  /**
   * The same.
   *
   * @param wanted the room, when it is the one of an earlier meeting
   * @param minors whether the host says that minors may be present
   */
  Opened open(
      String title,
      Optional<String> wanted,
      List<String> purposes,
      boolean minors,
      boolean demo,
      Optional<Hash> door) {
    String room = wanted.orElseGet(() -> draw(12));
    String id = draw(12);
    String hostKey = draw(24);
    long now = clock.millis();
    database
        .transaction()
        .executeWithoutResult(_ -> {
          database
              .sql()
              .sql(
                  "INSERT INTO meetings"
                      + " (id, host_hash, sealed, room, purposes, minors, demo, created)"
                      + " VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
              .params(
                  id,
                  hash(hostKey),
                  box.close("meeting " + id, title),
                  room,
                  String.join(" ", purposes),
                  minors ? 1 : 0,
                  demo ? 1 : 0,
                  now)
              .update();
          door.ifPresent(hash ->
              database
                  .sql()
                  .sql("UPDATE meetings SET door = ? WHERE id = ?")
                  .params(hash.bytes(), id)
                  .update());
        });
    return new Opened(new Meeting(id, title, room, purposes, minors, demo, now, false), hostKey);
  }

  Optional<Meeting> meeting(String id) {
    return database
        .sql()
        .sql(
            "SELECT id, sealed, room, purposes, minors, demo, created, ended FROM meetings WHERE id = ?")
        .param(id)
        .query((row, n) -> meeting(row))
        .optional();
  }

  private Meeting meeting(ResultSet row) throws SQLException {
    String id = row.getString("id");
    String purposes = row.getString("purposes");
    row.getLong("ended");
    boolean ended = !row.wasNull();
    return new Meeting(
        id,
        box.openText("meeting " + id, row.getBytes("sealed")),
        row.getString("room"),
        purposes.isEmpty() ? List.of() : List.of(purposes.split(" ")),
        row.getInt("minors") == 1,
        row.getInt("demo") == 1,
        row.getLong("created"),
        ended);
  }

  /** Whether this key is the key of the meeting's host. */
  boolean isHost(String meeting, String key) {
    return database
        .sql()
        .sql("SELECT host_hash FROM meetings WHERE id = ?")
        .param(meeting)
        .query((row, n) -> row.getBytes("host_hash"))
        .optional()
        .filter(expected -> MessageDigest.isEqual(expected, hash(key)))
        .isPresent();
  }

  /**
   * Whether somebody who brings this {@code knock} has the whole link: its hash is what the meeting
   * was opened with. A meeting without a link secret admits all who know its id.
   */
  boolean admits(String meeting, Optional<Hash> knock) {
    Optional<Hash> door =
        database
            .sql()
            .sql("SELECT door FROM meetings WHERE id = ?")
            .param(meeting)
            .query((row, n) -> Optional.ofNullable(row.getBytes("door")).map(Hash::of))
            .single();
    return door.isEmpty() || door.equals(knock.map(k -> Hash.sha256(k.bytes())));
  }

  /** Whether anybody with the host's key was ever in the room, for all to see. */
  boolean hostWasSeen(String meeting) {
    return database
        .sql()
        .sql("SELECT COUNT(*) FROM seats WHERE meeting = ? AND host = 1 AND seen IS NOT NULL")
        .param(meeting)
        .query((row, n) -> row.getLong(1) > 0)
        .single();
  }

  /** Says of a meeting that its people are simulated by this very machine. */
  void markDemo(String meeting) {
    database.sql().sql("UPDATE meetings SET demo = 1 WHERE id = ?").param(meeting).update();
  }

  /** Changes what may be asked; durable when it returns. */
  void offer(String meeting, List<String> purposes, boolean minors) {
    database
        .sql()
        .sql("UPDATE meetings SET purposes = ?, minors = ? WHERE id = ?")
        .params(String.join(" ", purposes), minors ? 1 : 0, meeting)
        .update();
  }

  /** Ends a meeting for good; durable when it returns. Says whether it was still open. */
  boolean end(String meeting) {
    return database
            .sql()
            .sql("UPDATE meetings SET ended = ? WHERE id = ? AND ended IS NULL")
            .params(clock.millis(), meeting)
            .update()
        == 1;
  }

  /** The meetings that ended, or are older than this, and are not {@link #settled} yet. */
  List<Meeting> unsettled(long created) {
    return database
        .sql()
        .sql(
            "SELECT id, sealed, room, purposes, minors, demo, created, ended FROM meetings"
                + " WHERE settled = 0 AND (ended IS NOT NULL OR created < ?)")
        .param(created)
        .query((row, n) -> meeting(row))
        .list();
  }

  /** Notes that nothing is left to do for a meeting that ended; durable when it returns. */
  void settled(String meeting) {
    database.sql().sql("UPDATE meetings SET settled = 1 WHERE id = ?").param(meeting).update();
  }

  /** Hands over each meeting that is still open and younger than this, the newest first. */
  void openSince(long created, Consumer<Meeting> meetings) {
    List<String> ids =
        database
            .sql()
            .sql(
                "SELECT id FROM meetings WHERE ended IS NULL AND created >= ?"
                    + " ORDER BY created DESC")
            .param(created)
            .query(String.class)
            .list();
    ids.forEach(id -> meeting(id).ifPresent(meetings));
  }

  /**
   * Takes a new seat. Only seats that somebody may be about to use count against the most that
   * there can be, and never keep out the host; those that nobody used for long are dropped.
   *
   * @param unusedMillis how long a seat is kept in which nobody ever sat
   */
  Taken take(String meeting, String name, String person, boolean host, long unusedMillis) {
    return take(meeting, name, person, host, false, unusedMillis);
  }

  /**
   * The same.
   *
   * @param lasting whether the device said that it keeps its key beyond the meeting
   */
  Taken take(
      String meeting,
      String name,
      String person,
      boolean host,
      boolean lasting,
      long unusedMillis) {
    long now = clock.millis();
    database
        .sql()
        .sql("DELETE FROM seats WHERE meeting = ? AND seen IS NULL AND joined < ?")
        .params(meeting, now - unusedMillis)
        .update();
    Long seats =
        database
            .sql()
            .sql("SELECT COUNT(*) FROM seats WHERE meeting = ? AND seen IS NULL AND joined > ?")
            .params(meeting, now - RECENT_MILLIS)
            .query(Long.class)
            .single();
    if (seats >= MOST_SEATS && !host) {
      throw Problem.conflict(
          "full", "Too many people are at the door of this meeting; try again in some minutes.");
    }
    String participant = draw(9);
    String key = draw(24);
    database
        .sql()
        .sql(
            "INSERT INTO seats"
                + " (participant, meeting, seat_hash, person, host, lasting, sealed, joined)"
                + " VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
        .params(
            participant,
            meeting,
            hash(key),
            person,
            host ? 1 : 0,
            lasting ? 1 : 0,
            box.close("seat " + participant, name),
            now)
        .update();
    return new Taken(new Seat(participant, meeting, person, host, lasting, name), key);
  }

  /** The seat of this key. */
  Optional<Seat> seat(String key) {
    return database
        .sql()
        .sql(
            "SELECT participant, meeting, person, host, lasting, sealed FROM seats WHERE seat_hash = ?")
        .param(hash(key))
        .query((row, n) -> seat(row))
        .optional();
  }

  /** Notes that somebody is in the meeting's room under this seat; durable when it returns. */
  void seen(String meeting, String participant) {
    database
        .sql()
        .sql("UPDATE seats SET seen = ? WHERE participant = ? AND meeting = ? AND seen IS NULL")
        .params(clock.millis(), participant, meeting)
        .update();
  }

  /** Whether somebody ever was in the meeting's room under this seat. */
  boolean wasSeen(String meeting, String participant) {
    return database
            .sql()
            .sql(
                "SELECT COUNT(*) FROM seats"
                    + " WHERE participant = ? AND meeting = ? AND seen IS NOT NULL")
            .params(participant, meeting)
            .query(Long.class)
            .single()
        == 1;
  }

  /** Makes the key of a seat worthless, and its person {@link #barred}: the host put them out. */
  void bar(String participant) {
    database
        .sql()
        .sql("UPDATE seats SET seat_hash = ?, barred = 1 WHERE participant = ?")
        .params(hash(draw(24)), participant)
        .update();
  }

  /** Whether the host put this person out of the meeting. */
  boolean barred(String meeting, String person) {
    return database
        .sql()
        .sql("SELECT COUNT(*) FROM seats WHERE meeting = ? AND person = ? AND barred = 1")
        .params(meeting, person)
        .query((row, n) -> row.getLong(1) > 0)
        .single();
  }

  Optional<Seat> participant(String participant) {
    return database
        .sql()
        .sql(
            "SELECT participant, meeting, person, host, lasting, sealed FROM seats WHERE participant = ?")
        .param(participant)
        .query((row, n) -> seat(row))
        .optional();
  }

  /** The people who came into a meeting with the key of its host. */
  Set<PersonId> hosts(String meeting) {
    return database
        .sql()
        .sql("SELECT DISTINCT person FROM seats WHERE meeting = ? AND host = 1 AND person <> ''")
        .param(meeting)
        .query(String.class)
        .list()
        .stream()
        .map(PersonId::new)
        .collect(Collectors.toUnmodifiableSet());
  }

  /** The seats in a meeting of people who proved a key, but for those who were put out. */
  List<Seat> personalSeats(String meeting) {
    return database
        .sql()
        .sql(
            "SELECT participant, meeting, person, host, lasting, sealed FROM seats"
                + " WHERE meeting = ? AND person <> '' AND barred = 0")
        .param(meeting)
        .query((row, n) -> seat(row))
        .list();
  }

  /** Every seat this person has had, the newest last. */
  List<Seat> seatsOf(String person) {
    return database
        .sql()
        .sql(
            "SELECT participant, meeting, person, host, lasting, sealed FROM seats WHERE person = ?"
                + " ORDER BY joined, participant")
        .param(person)
        .query((row, n) -> seat(row))
        .list();
  }

  private Seat seat(ResultSet row) throws SQLException {
    String participant = row.getString("participant");
    return new Seat(
        participant,
        row.getString("meeting"),
        row.getString("person"),
        row.getInt("host") == 1,
        row.getInt("lasting") == 1,
        box.openText("seat " + participant, row.getBytes("sealed")));
  }

  private String draw(int bytes) {
    byte[] drawn = new byte[bytes];
    random.nextBytes(drawn);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(drawn);
  }

  private static byte[] hash(String key) {
    try {
      return Arrays.copyOf(
          MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8)), 32);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
