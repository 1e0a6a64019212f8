package dev.aye.app;

import dev.aye.companion.Companion;
import dev.aye.companion.Summary;
import dev.aye.companion.Transcript;
import dev.aye.consent.Change;
import dev.aye.consent.Consents;
import dev.aye.consent.MeetingId;
import dev.aye.consent.ParticipantId;
import dev.aye.consent.PersonId;
import dev.aye.consent.Seat;
import dev.aye.consent.State;
import dev.aye.log.Hash;
import dev.aye.media.AccessToken;
import dev.aye.media.RoomControl;
import dev.aye.media.RoomListener;
import dev.aye.media.Sfu;
import dev.aye.media.TokenKey;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Meetings while they are held: who comes and goes, what their pages are told, and the order in
 * which a meeting ends so that what was said is still written down and nothing after it is.
 */
final class Gatherings {
  private static final Logger logger = LoggerFactory.getLogger(Gatherings.class);

  /** How long a seat in which nobody ever sat is kept. */
  private static final Duration SEAT_LIFE = Duration.ofHours(12);

  private static final int SUMMARY_SENTENCES = 5;
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  /** Somebody who may now come in. */
  record Joined(Meetings.Seat seat, String key, String token) {}

  private final AyeConfig config;
  private final Meetings meetings;
  private final Asking asking;
  private final Consents consents;
  private final Sfu sfu;
  private final TokenKey tokens;
  private final Listening listening;
  private final Companion companion;
  private final Notebook notebook;
  private final Events events;
  private final Withdrawals withdrawals;
  private final InstantSource clock;
  private final Soundness soundness;
  private final Set<String> settling = ConcurrentHashMap.newKeySet();

  /** Meetings in whose room somebody was, at any time, of whom nothing was taken in just then. */
  private final Set<String> incomplete = ConcurrentHashMap.newKeySet();

  Gatherings(
      AyeConfig config,
      Meetings meetings,
      Asking asking,
      Consents consents,
      Sfu sfu,
      TokenKey tokens,
      Listening listening,
      Companion companion,
      Notebook notebook,
      Events events,
      Withdrawals withdrawals,
      InstantSource clock,
      Soundness soundness) {
    this.config = config;
    this.meetings = meetings;
    this.asking = asking;
    this.consents = consents;
    this.sfu = sfu;
    this.tokens = tokens;
    this.listening = listening;
    this.companion = companion;
    this.notebook = notebook;
    this.events = events;
    this.withdrawals = withdrawals;
    this.clock = clock;
    this.soundness = soundness;
  }

  Listening listening() {
    return listening;
  }

  /** Opens again what was open when the server stopped, and finishes what was ending. */
  void resume() {
    endWhatIsOver();
    long since = clock.millis() - Asking.LONGEST_MEETING.toMillis();
    meetings.openSince(
        since,
        meeting -> {
          sfu.openRoom(meeting.id());
          meetings.personalSeats(meeting.id()).forEach(seat -> consents.sit(seated(seat)));
          asking.offer(meeting);
          notebook.lookAt(new MeetingId(meeting.id()));
        });
  }

  /** A seat as consent knows it. */
  static Seat seated(Meetings.Seat seat) {
    return new Seat(
        new MeetingId(seat.meeting()),
        new ParticipantId(seat.participant()),
        new PersonId(seat.person()),
        seat.lasting());
  }

  /** Ends what has lasted too long, and finishes meetings whose end was interrupted. */
  void endWhatIsOver() {
    for (Meetings.Meeting meeting :
        meetings.unsettled(clock.millis() - Asking.LONGEST_MEETING.toMillis())) {
      if (!meeting.ended()) {
        end(meeting);
      } else if (settling.add(meeting.id())) {
        settle(meeting.id(), new MeetingId(meeting.id()));
      }
    }
  }

  Meetings.Opened open(String title, List<String> purposes, boolean demo, Optional<Hash> door) {
    return opened(meetings.open(title, purposes, demo, door));
  }

  /** Opens a meeting, in the room of an earlier one or in a new one. */
  Meetings.Opened open(
      String title,
      Optional<Meetings.Meeting> after,
      List<String> purposes,
      boolean minors,
      Optional<Hash> door) {
    return opened(
        meetings.open(title, after.map(Meetings.Meeting::room), purposes, minors, false, door));
  }

  private Meetings.Opened opened(Meetings.Opened opened) {
    sfu.openRoom(opened.meeting().id());
    asking.offer(opened.meeting());
    return opened;
  }

  boolean isOpen(Meetings.Meeting meeting) {
    return !meeting.ended()
        && clock.millis() < meeting.created() + Asking.LONGEST_MEETING.toMillis();
  }

  Meetings.Meeting offer(String id, List<String> purposes, boolean minors) {
    meetings.offer(id, purposes, minors);
    Meetings.Meeting meeting = meetings.meeting(id).orElseThrow();
    asking.offer(meeting);
    return meeting;
  }

  Joined join(Meetings.Meeting meeting, String name, String person, boolean host, boolean lasting) {
    if (sfu.participants(meeting.id()).size() >= config.maxPeople()) {
      throw Problem.conflict("full", "This meeting is full.");
    }
    if (!person.isEmpty() && meetings.barred(meeting.id(), person)) {
      throw Problem.forbidden("put-out", "The host put you out of this meeting.");
    }
    Meetings.Taken taken =
        meetings.take(meeting.id(), name, person, host, lasting, SEAT_LIFE.toMillis());
    if (!person.isEmpty()) {
      consents.sit(seated(taken.seat()));
    }
    String token =
        new AccessToken(taken.seat().participant(), name, AccessToken.Grants.meeting(meeting.id()))
            .mint(tokens, clock.instant());
    return new Joined(taken.seat(), taken.key(), token);
  }

  /** What a page is told when it begins to listen: everything as it is now. */
  List<Events.Event> greet(Meetings.Seat seat) {
    Meetings.Meeting meeting = meetings.meeting(seat.meeting()).orElseThrow();
    List<Events.Event> greeting = new ArrayList<>();
    greeting.add(new Events.Event("meeting", asking.describe(meeting, seat.host())));
    greeting.add(new Events.Event("ai", sign(meeting)));
    if (!seat.person().isEmpty()) {
      PersonId person = new PersonId(seat.person());
      greeting.add(new Events.Event("mine", asking.mine(meeting, person)));
      withdrawals
          .of(person)
          .forEach(withdrawal -> greeting.add(new Events.Event("withdrawal", withdrawal)));
    }
    if (!isOpen(meeting)) {
      greeting.add(new Events.Event("ended", Map.of()));
    }
    return greeting;
  }

  /** Mutes somebody: the companion's ear first, then the meeting. */
  void mute(String meeting, String participant) {
    listening.silence(new ParticipantId(participant), meeting, true);
    sfu.mute(meeting, participant);
  }

  /** Puts somebody out: what the companion hears first, then the seat, then the meeting. */
  void remove(String meeting, String participant) {
    listening.close(new ParticipantId(participant));
    meetings.bar(participant);
    meetings
        .participant(participant)
        .filter(seat -> !seat.person().isEmpty())
        .ifPresent(seat -> consents.rise(seated(seat)));
    sfu.remove(meeting, participant);
    events.end(meeting, participant, "ended", Map.of());
    listening.close(new ParticipantId(participant)); // one that was being opened meanwhile
  }

  /**
   * Ends a meeting for good. Nothing more is taken in when this returns; what was said until now is
   * still written down, then all permits of the meeting end.
   */
  void end(Meetings.Meeting meeting) {
    MeetingId id = new MeetingId(meeting.id());
    if (!settling.add(meeting.id())) {
      return; // it is ending already
    }
    boolean first = false;
    try {
      first = meetings.end(meeting.id());
    } finally {
      if (!first) {
        settling.remove(meeting.id());
      }
    }
    if (!first) {
      return;
    }
    listening.closeAll(id);
    sfu.closeRoom(meeting.id());
    events.all(meeting.id(), "ended", Map.of());
    Thread.startVirtualThread(() -> settle(meeting.id(), id));
  }

  private void settle(String meeting, MeetingId id) {
    try {
      if (!companion.drain(id, PATIENCE)) {
        logger.warn("A meeting ended before all that was said in it was written down");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    try {
      consents.endMeeting(id);
      notebook.lookAt(id);
      notebook.capture();
      meetings.settled(meeting);
    } catch (RuntimeException e) {
      soundness.check(e);
      logger.error("The end of a meeting will be tried again: {}", e.getClass().getName());
    } finally {
      settling.remove(meeting);
      incomplete.remove(meeting);
    }
  }

  /** Whether somebody was in the room of the meeting under this seat, for all to see. */
  boolean wasThere(Meetings.Seat seat) {
    boolean here =
        sfu.participants(seat.meeting()).stream()
            .anyMatch(p -> p.identity().equals(seat.participant()));
    if (here) {
      meetings.seen(seat.meeting(), seat.participant());
    }
    return here || meetings.wasSeen(seat.meeting(), seat.participant());
  }

  /** Whether the host was in the room of the meeting, for all to see. */
  boolean hostWasThere(String meeting) {
    return meetings.hostWasSeen(meeting)
        || sfu.participants(meeting).stream()
            .flatMap(participant -> meetings.participant(participant.identity()).stream())
            .anyMatch(Meetings.Seat::host);
  }

  /** Whether nothing more will come into the notes: the meeting is over, or nobody is there. */
  boolean settled(Meetings.Meeting meeting) {
    return !settling.contains(meeting.id())
        && (!isOpen(meeting) || sfu.participants(meeting.id()).isEmpty());
  }

  /**
   * What may be read of a meeting under this seat, or with the key of its host. Strangers come to a
   * standing demo, hours apart: each reads the words of the simulated people, who are its hosts,
   * and their own.
   */
  Transcript transcript(Meetings.Meeting meeting, Optional<Meetings.Seat> reader) {
    Transcript all = notebook.transcript(new MeetingId(meeting.id()));
    if (!meeting.demo()) {
      return all;
    }
    Set<PersonId> heard = new HashSet<>(meetings.hosts(meeting.id()));
    reader
        .map(Meetings.Seat::person)
        .filter(person -> !person.isEmpty())
        .ifPresent(person -> heard.add(new PersonId(person)));
    return all.only(heard);
  }

  /** The sentences that say most, each by the one who said it. */
  List<Says.SummaryLine> summary(Transcript transcript) {
    return Summary.of(transcript, SUMMARY_SENTENCES).lines().stream()
        .map(sentence -> new Says.SummaryLine(sentence.text(), sentence.name()))
        .toList();
  }

  // ---- what pages are told

  /** Consent changed: tells those whom it concerns, and only them what is theirs. */
  void changed(Change change) {
    switch (change) {
      case Change.Answered(PersonId person, MeetingId id) -> {
        listening.closeWhatIsOver(person, id);
        mine(id, person);
        sign(id);
      }
      case Change.Ended(var grant, State _) -> {
        listening.closeWhatIsOver(grant.person(), grant.meeting());
        mine(grant.meeting(), grant.person());
        sign(grant.meeting());
        withdrawals.ended();
      }
      case Change.Logged(var withdrawal) ->
          progress(withdrawal.grant().person(), withdrawal.handle());
      case Change.Offered(MeetingId id) -> offered(id);
      case Change.MeetingOver(MeetingId id) -> sign(id);
    }
  }

  /** A step of forgetting is done: tells its person. */
  void progress(PersonId person, dev.aye.consent.Handle handle) {
    withdrawals
        .of(handle)
        .ifPresent(withdrawal -> {
          for (Meetings.Seat seat : meetings.seatsOf(person.value())) {
            events.one(seat.meeting(), seat.participant(), "withdrawal", withdrawal);
          }
        });
  }

  private void offered(MeetingId id) {
    meetings
        .meeting(id.value())
        .ifPresent(meeting -> {
          events.each(
              id.value(),
              "meeting",
              participant ->
                  asking.describe(
                      meeting,
                      meetings.participant(participant).map(Meetings.Seat::host).orElse(false)));
          events.some(
              id.value(),
              "mine",
              participant ->
                  meetings
                      .participant(participant)
                      .filter(seat -> !seat.person().isEmpty())
                      .map(seat -> asking.mine(meeting, new PersonId(seat.person()))));
          sign(id);
        });
  }

  private void mine(MeetingId id, PersonId person) {
    meetings
        .meeting(id.value())
        .ifPresent(meeting -> {
          for (Meetings.Seat seat : meetings.seatsOf(person.value())) {
            if (seat.meeting().equals(id.value())) {
              events.one(id.value(), seat.participant(), "mine", asking.mine(meeting, person));
            }
          }
        });
  }

  /** Tells everybody what listens now. */
  void sign(MeetingId id) {
    meetings.meeting(id.value()).ifPresent(meeting -> events.all(id.value(), "ai", sign(meeting)));
  }

  /**
   * That part of a meeting is not captured stays so: from the first moment in which it was true of
   * anybody, which is when the first one came in. Were it told as it stands, its turning back, or
   * not, would tell what the last one who came, left or changed their mind had chosen.
   */
  private Says.AiState sign(Meetings.Meeting meeting) {
    if (sfu.participants(meeting.id()).stream()
        .map(RoomControl.Participant::identity)
        .anyMatch(identity -> !listening.covers(new ParticipantId(identity)))) {
      incomplete.add(meeting.id());
    }
    return asking.sign(
        meeting, listening.listens(new MeetingId(meeting.id())), incomplete.contains(meeting.id()));
  }

  /** What happens in the meeting rooms, for the sign and the listening rooms. */
  RoomListener rooms() {
    return new RoomListener() {
      @Override
      public void joined(String room, String identity) {
        boolean uncovered = !listening.covers(new ParticipantId(identity));
        Thread.startVirtualThread(() -> {
          meetings.seen(room, identity);
          if (uncovered && meetings.meeting(room).isPresent()) {
            incomplete.add(room);
          }
          sign(new MeetingId(room));
        });
      }

      @Override
      public void left(String room, String identity) {
        Thread.startVirtualThread(() -> {
          if (meetings.participant(identity).filter(s -> s.meeting().equals(room)).isPresent()) {
            listening.close(new ParticipantId(identity));
            sign(new MeetingId(room));
          }
        });
      }

      @Override
      public void trackMuted(String room, String identity, RoomControl.Track track) {
        if (track.source() == AccessToken.Source.MICROPHONE) {
          listening.silence(new ParticipantId(identity), room, track.muted());
        }
      }
    };
  }
}
