package dev.aye.app;

import dev.aye.companion.Companion;
import dev.aye.companion.Ear;
import dev.aye.consent.Consents;
import dev.aye.consent.Medium;
import dev.aye.consent.MeetingId;
import dev.aye.consent.ParticipantId;
import dev.aye.consent.Permit;
import dev.aye.consent.PersonId;
import dev.aye.consent.Purpose;
import dev.aye.consent.RecipientId;
import dev.aye.media.AccessToken;
import dev.aye.media.Sfu;
import dev.aye.media.StreamKey;
import dev.aye.media.Tap;
import dev.aye.media.TapSink;
import dev.aye.media.TokenKey;
import dev.aye.media.VoiceFrame;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Phaser;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The listening rooms: for each person who agreed, one room into which their device publishes a
 * copy of what they granted, one tap on it, one ear behind the tap.
 *
 * <p>A room is opened only for live permits, and its token lets publish only what they cover. It is
 * closed with the last of them; each packet is checked by the tap in any case.
 */
final class Listening {
  private static final JsonMapper CHAT = Wiring.strictJson();
  private static final List<Purpose> PURPOSES =
      List.of(Purpose.CAPTIONS, Purpose.NOTES, Purpose.TRAINING);
  private static final Duration PATIENCE = Duration.ofSeconds(2);

  /** What stands between a tap and the ear behind it: nothing, but where a test watches. */
  interface Pour {
    Pour STRAIGHT = (participant, ear) -> ear;

    TapSink into(ParticipantId participant, TapSink ear);
  }

  /** One open stream. */
  private record Stream(
      PersonId person, MeetingId meeting, String room, Tap tap, Ear ear, Hearing hearing) {}

  private final Sfu sfu;
  private final TokenKey tokens;
  private final Consents consents;
  private final Companion companion;
  private final CompanionKey key;
  private final Pour pour;
  private final InstantSource clock;
  private final Consumer<MeetingId> changed;
  private final Map<ParticipantId, Stream> streams = new ConcurrentHashMap<>();

  /** Locks: a seat has one stream at a time, and few seats wait for each other. */
  private final List<Object> doors = IntStream.range(0, 64).mapToObj(_ -> new Object()).toList();

  /**
   * @param changed told when a stream of a meeting opened or closed
   */
  Listening(
      Sfu sfu,
      TokenKey tokens,
      Consents consents,
      Companion companion,
      CompanionKey key,
      Pour pour,
      InstantSource clock,
      Consumer<MeetingId> changed) {
    this.sfu = sfu;
    this.tokens = tokens;
    this.consents = consents;
    this.companion = companion;
    this.key = key;
    this.pour = pour;
    this.clock = clock;
    this.changed = changed;
  }

  /**
   * Opens the stream of a seat, in place of one that is open already. What came through the one
   * before is still delivered under the permits that are live.
   *
   * @return the token with which the device joins the listening room
   * @throws Problem when nothing is granted, or the key was not wrapped for this
   */
  String open(Meetings.Seat seat, byte[] wrappedKey) {
    MeetingId meeting = new MeetingId(seat.meeting());
    ParticipantId participant = new ParticipantId(seat.participant());
    PersonId person = new PersonId(seat.person());
    byte[] raw =
        key.unwrap(wrappedKey, seat.meeting(), seat.participant(), RecipientId.COMPANION.value())
            .orElseThrow(() ->
                Problem.badRequest(
                    "wrapped-key", "This key was not wrapped for this companion and seat."));
    List<Permit<?>> permits = permits(person, meeting);
    if (permits.isEmpty()) {
      throw Problem.forbidden(
          "nothing-granted",
          "Nothing of you may be sent to the companion: you said no, or nothing.");
    }
    try {
      synchronized (door(participant)) {
        return open(seat, raw, permits);
      }
    } finally { // told once, however it went: that a stream was replaced is nobody's business
      changed.accept(meeting);
    }
  }

  /** Under the door of the seat. */
  private String open(Meetings.Seat seat, byte[] raw, List<Permit<?>> permits) {
    MeetingId meeting = new MeetingId(seat.meeting());
    ParticipantId participant = new ParticipantId(seat.participant());
    PersonId person = new PersonId(seat.person());
    replace(participant);
    String room = sfu.openListeningRoom();
    Ear ear = companion.ear(meeting, participant, person);
    permits.forEach(ear::grant);
    StreamKey streamKey = new StreamKey(raw);
    java.util.Arrays.fill(raw, (byte) 0);
    Hearing hearing = new Hearing(ear, participant, room);
    Tap tap;
    try {
      tap = Tap.open(sfu, room, permits, streamKey, pour.into(participant, hearing));
    } catch (IllegalArgumentException ended) {
      ear.close();
      sfu.closeRoom(room);
      throw justEnded();
    } finally {
      streamKey.erase();
    }
    tap.silence(true); // until it is known to whoever mutes, and the mute of now is known
    Stream stream = new Stream(person, meeting, room, tap, ear, hearing);
    streams.put(participant, stream);
    // What ended before it stood there had nothing to close; what ends from here on has.
    long now = clock.millis();
    if (tap.isClosed() || permits.stream().noneMatch(permit -> permit.live(now))) {
      close(participant, stream);
      throw justEnded();
    }
    boolean muted;
    do { // a mute that came between reading and setting is not undone
      muted = muted(seat);
      tap.silence(muted);
    } while (muted(seat) != muted);
    return token(room, seat.participant(), permits);
  }

  private static Problem justEnded() {
    return Problem.forbidden("nothing-granted", "What you had granted has just ended.");
  }

  private Object door(ParticipantId participant) {
    return doors.get(Math.floorMod(participant.hashCode(), doors.size()));
  }

  /** Whether this seat's microphone is muted in the meeting; not when there is none yet. */
  private boolean muted(Meetings.Seat seat) {
    return sfu.participants(seat.meeting()).stream()
        .filter(p -> p.identity().equals(seat.participant()))
        .flatMap(p -> p.tracks().stream())
        .anyMatch(t -> t.source() == AccessToken.Source.MICROPHONE && t.muted());
  }

  private String token(String room, String participant, List<Permit<?>> permits) {
    Set<AccessToken.Source> sources = EnumSet.noneOf(AccessToken.Source.class);
    boolean chat = false;
    for (Permit<?> permit : permits) {
      switch (permit.medium()) {
        case VOICE -> sources.add(AccessToken.Source.MICROPHONE);
        case CHAT -> chat = true;
        case VIDEO, SCREEN, FILES -> {}
      }
    }
    return new AccessToken(participant, "", AccessToken.Grants.listening(room, sources, chat))
        .mint(tokens, clock.instant());
  }

  /** The permits that the companion has of this person at this moment. */
  private List<Permit<?>> permits(PersonId person, MeetingId meeting) {
    List<Permit<?>> live = new ArrayList<>();
    for (Purpose purpose : PURPOSES) {
      for (Medium medium : List.of(Medium.VOICE, Medium.CHAT)) {
        consents
            .permit(person, meeting, purpose, medium, RecipientId.COMPANION)
            .ifPresent(live::add);
      }
    }
    return live;
  }

  /** Whether something of anybody in the meeting may come in now. */
  boolean listens(MeetingId meeting) {
    return streams.values().stream().anyMatch(stream -> stream.meeting().equals(meeting));
  }

  /** Whether something of this person is being taken in. */
  boolean covers(ParticipantId participant) {
    return streams.containsKey(participant);
  }

  /**
   * Silences the stream of somebody who is muted in the meeting, or no longer. Does not block; when
   * a host mutes, this comes before the meeting hears of it.
   */
  void silence(ParticipantId participant, String meeting, boolean on) {
    Stream stream = streams.get(participant);
    if (stream != null && stream.meeting().value().equals(meeting)) {
      stream.tap().silence(on);
      if (on) {
        stream.ear().pause();
      }
    }
  }

  /** Closes the stream of one presence once the messages that came through it are delivered. */
  private void replace(ParticipantId participant) {
    Stream stream = streams.get(participant);
    if (stream != null) {
      stream.hearing().replaced = true;
      stream.tap().close(); // nothing more comes from here on
      stream.hearing().finish();
      if (streams.remove(participant, stream)) {
        shut(stream);
      }
    }
  }

  /** Closes the stream of one presence. */
  void close(ParticipantId participant) {
    Stream stream = streams.remove(participant);
    if (stream != null) {
      end(stream);
    }
  }

  /** Closes this stream, unless it was closed or replaced by now. */
  private void close(ParticipantId participant, Stream stream) {
    if (streams.remove(participant, stream)) {
      end(stream);
    }
  }

  /** Closes the streams of a person for which no permit is live any more. */
  void closeWhatIsOver(PersonId person, MeetingId meeting) {
    if (permits(person, meeting).isEmpty()) {
      streams.forEach((participant, stream) -> {
        if (stream.person().equals(person) && stream.meeting().equals(meeting)) {
          close(participant, stream);
        }
      });
    }
  }

  /** Closes every stream of a meeting. */
  void closeAll(MeetingId meeting) {
    streams.forEach((participant, stream) -> {
      if (stream.meeting().equals(meeting)) {
        close(participant, stream);
      }
    });
  }

  private void end(Stream stream) {
    shut(stream);
    changed.accept(stream.meeting());
  }

  private void shut(Stream stream) {
    stream.tap().close();
    stream.ear().close();
    sfu.closeRoom(stream.room());
  }

  /** Hands what comes out of the tap to the ear. */
  private final class Hearing implements TapSink {
    private final Ear ear;
    private final ParticipantId participant;
    private final String room;
    private final Phaser messages = new Phaser(1);
    private final AtomicBoolean finishing = new AtomicBoolean();

    /** Whoever replaces the stream ends it, in its own time. */
    private volatile boolean replaced;

    Hearing(Ear ear, ParticipantId participant, String room) {
      this.ear = ear;
      this.participant = participant;
      this.room = room;
    }

    @Override
    public void voice(VoiceFrame frame) {
      ear.voice(
          frame.opus(),
          (int) (frame.sequence() & 0xffff),
          Integer.toUnsignedLong(frame.timestamp()),
          frame.arrivalMillis());
    }

    @Override
    public void chat(byte[] message, long arrivalMillis) {
      if (messages.register() < 0) {
        return; // finished
      }
      Thread.startVirtualThread(() -> {
        try {
          take(message, arrivalMillis);
        } finally {
          messages.arriveAndDeregister();
        }
      });
    }

    /** Waits until the messages that came are delivered; takes no more. */
    void finish() {
      if (finishing.compareAndSet(false, true)) {
        messages.arriveAndDeregister();
      }
      try { // the first phase is the only one: it ends when none is left
        messages.awaitAdvanceInterruptibly(0, PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } catch (TimeoutException e) {
        messages.forceTermination(); // lost, as when the stream were closed
      }
    }

    private void take(byte[] message, long arrivalMillis) {
      try {
        JsonNode json = CHAT.readTree(new String(message, StandardCharsets.UTF_8));
        ear.chat(json.path("text").asString(""), Instant.ofEpochMilli(arrivalMillis));
      } catch (JacksonException malformed) {
        ear.chat("", Instant.ofEpochMilli(arrivalMillis));
      }
    }

    @Override
    public void closed() {
      if (replaced) {
        return;
      }
      Thread.startVirtualThread(() -> {
        finish();
        Stream stream = streams.get(participant);
        if (stream != null && stream.room().equals(room)) {
          close(participant, stream);
        }
      });
    }
  }
}
