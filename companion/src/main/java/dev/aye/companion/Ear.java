package dev.aye.companion;

import dev.aye.consent.Medium;
import dev.aye.consent.MeetingId;
import dev.aye.consent.ParticipantId;
import dev.aye.consent.Permit;
import dev.aye.consent.PersonId;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What the companion hears of one person in one meeting: packets of the voice and single chat
 * messages in, segments out.
 *
 * <p>Without a live permit it is deaf: nothing is decoded, nothing buffered. A new permit covers
 * what comes after it, so granting one cuts the segment that is being spoken; an ended permit
 * covers nothing that is not delivered yet. Thread-safe.
 */
public final class Ear implements AutoCloseable {
  private static final int LONGEST_CHAT = 8_192;
  private static final long FALLS_SILENT_MILLIS = 600;

  private final Companion companion;
  private final MeetingId meeting;
  private final ParticipantId participant;
  private final PersonId person;

  // Guarded by this.
  private final OpusStream opus = new OpusStream();
  private final VoiceActivity activity = new VoiceActivity();
  private final short[] frame = new short[VoiceActivity.FRAME];
  private int filled;
  private Cover voice = Cover.NONE;
  private Cover chat = Cover.NONE;
  private @Nullable Segment current;
  private long lastPacketAt;
  private long coveredSince;
  private boolean closed;

  Ear(Companion companion, MeetingId meeting, ParticipantId participant, PersonId person) {
    this.companion = companion;
    this.meeting = meeting;
    this.participant = participant;
    this.person = person;
  }

  /**
   * Lets it use what comes from now on for the permit's purpose. The permit takes itself away when
   * it ends.
   *
   * @throws IllegalArgumentException for a permit of another person, meeting, medium than voice and
   *     chat, or purpose than captions, notes and training
   */
  public void grant(Permit<?> permit) {
    if (!permit.person().equals(person) || !permit.meeting().equals(meeting)) {
      throw new IllegalArgumentException("a permit opens the ear of its own person and meeting");
    }
    synchronized (this) {
      if (closed) {
        return;
      }
      switch (permit.medium()) {
        case VOICE -> {
          cut();
          voice = voice.with(permit);
          coveredSince = companion.now();
        }
        case CHAT -> chat = chat.with(permit);
        case VIDEO, SCREEN, FILES ->
            throw new IllegalArgumentException("the companion hears voice and chat only");
      }
    }
    permit.onEnd(this::ended);
  }

  /**
   * One packet of the voice.
   *
   * @param sequence RTP sequence number, 16 bit
   * @param timestamp RTP timestamp, 32 bit, 48 kHz
   * @param arrival epoch milliseconds
   */
  public synchronized void voice(byte[] packet, int sequence, long timestamp, long arrival) {
    if (closed || deaf(arrival)) {
      return;
    }
    lastPacketAt = arrival;
    opus.push(sequence, timestamp, packet, arrival, samples -> hear(samples, arrival));
  }

  /** One chat message. Delivered, or dropped, before this returns. */
  public void chat(String text, Instant arrival) {
    Cover cover;
    synchronized (this) {
      chat = chat.at(arrival.toEpochMilli());
      cover = chat;
      if (closed || cover.none() || text.isBlank() || text.length() > LONGEST_CHAT) {
        return;
      }
    }
    var utterance =
        new Utterance(
            companion.nextId(),
            meeting,
            participant,
            Medium.CHAT,
            arrival,
            Duration.ZERO,
            text,
            List.of(new Hypothesis(text, 0)));
    companion.deliver(cover, utterance, utterance);
  }

  /** The person muted, or the track ended: what was said so far is complete. */
  public synchronized void pause() {
    cut();
  }

  /** Hears nothing more. What was heard is still delivered, permits allowing. */
  @Override
  public void close() {
    synchronized (this) {
      cut();
      closed = true;
      voice = Cover.NONE;
      chat = Cover.NONE;
    }
    companion.closed(this);
  }

  MeetingId meeting() {
    return meeting;
  }

  PersonId person() {
    return person;
  }

  /** Lets time pass for an ear to which no packets come. */
  synchronized void tick(long now) {
    if (closed || deaf(now)) {
      return;
    }
    opus.tick(now, samples -> hear(samples, now));
    if (current != null && now - lastPacketAt > FALLS_SILENT_MILLIS) {
      cut();
    }
  }

  /**
   * A permit ended: at once nothing is heard under it, and what waits under it alone is
   * overwritten.
   */
  private void ended() {
    long now = companion.now();
    synchronized (this) {
      chat = chat.at(now);
      deaf(now);
    }
    companion.expire(now);
  }

  /** Whether nothing permits to hear; if so there is nothing left of what was being heard. */
  private boolean deaf(long now) {
    Segment segment = current;
    if (segment != null) {
      segment.cover(now);
    }
    if (voice.none()) {
      return true;
    }
    voice = voice.at(now);
    if (voice.none()) {
      cut();
    }
    return voice.none();
  }

  private void hear(short[] samples, long now) {
    for (int at = 0; at < samples.length; ) {
      int n = Math.min(frame.length - filled, samples.length - at);
      System.arraycopy(samples, at, frame, filled, n);
      filled += n;
      at += n;
      if (filled == frame.length) {
        filled = 0;
        step(frame.clone(), now);
      }
    }
  }

  private void step(short[] sound, long now) {
    switch (activity.push(sound)) {
      case SILENCE -> {}
      case BEGIN -> {
        short[] preRoll = activity.preRoll();
        // Packets may have come in a burst; none in here came before the last grant.
        long started = Math.max(coveredSince, now - 1000L * preRoll.length / Speech.RATE);
        var segment =
            new Segment(
                companion.nextId(),
                meeting,
                participant,
                person,
                voice,
                started,
                companion.clock());
        segment.append(preRoll, now);
        current = segment;
        companion.enqueue(segment);
      }
      case SPEECH -> append(sound, now);
      case END -> {
        append(sound, now);
        Optional.ofNullable(current).ifPresent(Segment::end);
        current = null;
      }
    }
  }

  private void append(short[] sound, long now) {
    if (current != null) {
      current.append(sound, now);
    }
  }

  /** Ends the segment that is being spoken and forgets all sound that is not in one. */
  private void cut() {
    if (current != null) {
      current.end();
      current = null;
    }
    activity.reset();
    opus.restart();
    Arrays.fill(frame, (short) 0);
    filled = 0;
  }
}
