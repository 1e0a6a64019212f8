package dev.aye.app;

import dev.aye.companion.Caption;
import dev.aye.companion.Sinks;
import dev.aye.companion.Transcript;
import dev.aye.companion.Utterance;
import dev.aye.consent.Consents;
import dev.aye.consent.MeetingId;
import dev.aye.consent.ParticipantId;
import dev.aye.consent.Permit;
import dev.aye.consent.Purpose;
import dev.aye.consent.Scope;
import dev.aye.consent.Use;
import dev.aye.learn.Segment;
import dev.aye.log.Appended;
import dev.aye.log.Leaf;
import dev.aye.vault.Capture;
import dev.aye.vault.Content;
import dev.aye.vault.Slice;
import dev.aye.vault.Vault;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;

/**
 * Where the companion's words go: captions to the open pages, notes and training to the vault, and
 * what was captured into the log. Nothing here outlives the vault's blocks: a transcript is read
 * from them anew each time, under the uses that stand at that moment.
 */
final class Notebook implements Sinks {
  private static final Logger logger = LoggerFactory.getLogger(Notebook.class);
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final Vault vault;
  private final Consents consents;
  private final Meetings meetings;
  private final Events events;
  private final Presence presence;
  private final InstantSource clock;
  private final String model;
  private final Set<MeetingId> uncaptured = ConcurrentHashMap.newKeySet();

  /** Whether the vault may hold captures that the log does not have: after a start or a failure. */
  private volatile boolean owed = true;

  Notebook(
      Vault vault,
      Consents consents,
      Meetings meetings,
      Events events,
      Presence presence,
      InstantSource clock,
      String model) {
    this.vault = vault;
    this.consents = consents;
    this.meetings = meetings;
    this.events = events;
    this.presence = presence;
    this.clock = clock;
    this.model = model;
  }

  @Override
  public void caption(Permit<Purpose.Captions> permit, Caption caption) {
    show(
        caption.meeting(),
        caption.participant(),
        caption.id(),
        caption.text(),
        caption.last(),
        caption.at(),
        caption.lagMillis(),
        () -> permit.live(clock.millis()));
  }

  @Override
  public void gone(MeetingId meeting, ParticipantId participant, long caption) {
    show(meeting, participant, caption, "", true, Instant.EPOCH, 0, () -> true);
  }

  private void show(
      MeetingId meeting,
      ParticipantId participant,
      long id,
      String text,
      boolean last,
      Instant at,
      long lagMillis,
      BooleanSupplier permitted) {
    Says.Caption caption =
        new Says.Caption(
            Long.toString(id),
            participant.value(),
            name(participant),
            text,
            last,
            Times.text(at),
            lagMillis);
    events.gated(
        meeting.value(),
        reader -> {
          BooleanSupplier still =
              () -> permitted.getAsBoolean() && presence.here(meeting.value(), reader);
          return still.getAsBoolean()
              ? Optional.of(new Events.Event("caption", caption, still))
              : Optional.empty();
        });
  }

  @Override
  public void note(Permit<Purpose.Notes> permit, Utterance utterance) {
    byte[] content =
        JSON.writeValueAsBytes(
            JsonNodeFactory.instance
                .objectNode()
                .put("name", name(utterance.participant()))
                .put("text", utterance.text()));
    if (vault.appendNotes(permit, slice(utterance), content).isPresent()) {
      uncaptured.add(utterance.meeting());
    }
  }

  @Override
  public void train(Permit<Purpose.Training> permit, Utterance utterance) {
    Segment segment =
        new Segment(
            utterance.medium(),
            utterance.text(),
            utterance.readings().stream()
                .map(r -> new dev.aye.learn.Hypothesis(r.text(), r.score()))
                .toList(),
            new byte[0],
            utterance.at().toEpochMilli(),
            utterance.duration().toMillis(),
            utterance.medium() == dev.aye.consent.Medium.VOICE ? model : "");
    if (vault.appendTraining(permit, slice(utterance), segment.encode()).isPresent()) {
      uncaptured.add(utterance.meeting());
    }
  }

  private static Slice slice(Utterance utterance) {
    return new Slice(utterance.at().toEpochMilli(), utterance.duration().toMillis());
  }

  private String name(ParticipantId participant) {
    return meetings.participant(participant.value()).map(Meetings.Seat::name).orElse("");
  }

  /** Puts into the log what was captured since the last time. */
  synchronized void capture() {
    boolean again = owed;
    owed = true; // until all of it is in the log
    if (again) {
      vault.pendingCaptures().forEach(capture -> uncaptured.addAll(settle(capture)));
    }
    for (MeetingId meeting : Set.copyOf(uncaptured)) {
      uncaptured.remove(meeting); // first, as more may be kept meanwhile
      try {
        boolean settled = false;
        while (!settled) { // each time round somebody withdrew, so it ends
          settled =
              vault
                  .capture(meeting, consents::stands)
                  .map(capture -> settle(capture).isEmpty())
                  .orElse(true);
        }
      } catch (RuntimeException e) {
        uncaptured.add(meeting);
        throw e;
      }
    }
    owed = false;
  }

  /**
   * Puts a capture into the log. When somebody in it withdrew meanwhile it does not count, and its
   * blocks are free to be captured without theirs: the answer is the meetings that they are of.
   */
  private Set<MeetingId> settle(Capture capture) {
    Optional<Appended> leaf =
        vault
            .grantsIn(capture)
            .flatMap(grants -> consents.appendUse(new Leaf.Capture(capture.root()), grants));
    if (leaf.isEmpty()) {
      return vault.giveUp(capture);
    }
    vault.captured(capture.root(), leaf.get().index());
    return Set.of();
  }

  /** Whether something was kept of which the log does not know yet. */
  boolean hasUncaptured() {
    return owed || !uncaptured.isEmpty();
  }

  /** Has the next {@link #capture} look at this meeting, as after a restart. */
  void lookAt(MeetingId meeting) {
    uncaptured.add(meeting);
  }

  /** What may be read of the meeting at this moment. */
  Transcript transcript(MeetingId meeting) {
    Transcript transcript = Transcript.EMPTY;
    for (Use<Purpose.Notes> use : consents.uses(Purpose.NOTES)) {
      boolean reaches = use.grant().scope().kind() != Scope.Kind.MEETING;
      if (reaches || use.meeting().equals(meeting)) {
        for (Content content : vault.notes(use)) {
          if (content.meeting().equals(meeting)) {
            transcript = transcript.with(entry(use, content));
          }
        }
      }
    }
    return transcript;
  }

  private static Transcript.Entry entry(Use<Purpose.Notes> use, Content content) {
    JsonNode json = JSON.readTree(content.bytes());
    return new Transcript.Entry(
        use.handle(),
        use.person(),
        json.path("name").asString(""),
        Instant.ofEpochMilli(content.block().slice().startMillis()),
        json.path("text").asString(""));
  }

  static List<Says.TranscriptLine> said(Transcript transcript) {
    return transcript.entries().stream()
        .map(e -> new Says.TranscriptLine(e.name(), e.text(), Times.text(e.at())))
        .toList();
  }

  /** The words in a block of its own person. */
  static String words(Content content) {
    if (content.block().purpose().equals(Purpose.NOTES.id())) {
      return JSON.readTree(content.bytes()).path("text").asString("");
    }
    return Segment.decode(content.bytes()).text();
  }

  /** Told when a sink threw; what was said is lost to that sink. */
  static void fault(RuntimeException e) {
    StackTraceElement[] trace = e.getStackTrace();
    logger.error(
        "Words could not be kept: {} at {}",
        e.getClass().getName(),
        trace.length == 0 ? "unknown" : trace[0]);
  }
}
