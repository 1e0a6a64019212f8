package dev.aye.media;

import dev.aye.consent.Medium;
import dev.aye.consent.Permit;
import dev.aye.media.transport.RtpPacket;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import livekit.LivekitModels.DataPacket;
import livekit.LivekitModels.EncryptedPacketPayload;

/**
 * The only way out of a room for AI or a recorder: one person's voice and chat, decrypted, as long
 * as a permit covers them.
 *
 * <p>Every packet asks its permits anew when it comes in and again when it is handed on, so that a
 * withdrawal holds from the very next packet; what waits to be put in order is dropped with it.
 * When the last permit ends the tap closes itself. Only listening rooms can be tapped, each by one
 * tap.
 *
 * <p>{@link #silence} and {@link #close} may be called from any thread and hold for the next
 * packet; everything else runs on the room's thread.
 */
public final class Tap implements AutoCloseable {
  private static final long HOLD_NANOS = 400_000_000L;
  private static final int MAX_HELD = 64;
  private static final int MAX_CHAT = 8 * 1024;

  private final List<Permit<?>> voice;
  private final List<Permit<?>> chat;
  private final List<Permit<?>> all;
  private final FrameCryptor cryptor;
  private final TapSink sink;
  private final InstantSource clock;
  private final Runnable detach;
  private final AtomicBoolean closed = new AtomicBoolean();
  private volatile boolean silent;

  private final TreeMap<Long, Held> held = new TreeMap<>();
  private int ssrc;
  private boolean started;
  private long highest;
  private long next;

  private record Held(VoiceFrame frame, long atNanos) {}

  private Tap(
      List<Permit<?>> permits,
      StreamKey key,
      TapSink sink,
      InstantSource clock,
      SecureRandom random,
      Runnable detach) {
    this.all = List.copyOf(permits);
    this.voice = all.stream().filter(p -> p.medium() == Medium.VOICE).toList();
    this.chat = all.stream().filter(p -> p.medium() == Medium.CHAT).toList();
    this.cryptor = new FrameCryptor(random);
    cryptor.setKey(key, 0);
    this.sink = sink;
    this.clock = clock;
    this.detach = detach;
  }

  /**
   * Opens the tap of a listening room.
   *
   * @throws IllegalArgumentException if no permit is live, the permits are not all of one person
   *     and recipient, or the room is a meeting room, unknown, or tapped already
   */
  public static Tap open(
      Sfu sfu, String room, List<Permit<?>> permits, StreamKey key, TapSink sink) {
    return sfu.tap(room, detach -> open(permits, key, sink, sfu.clock(), sfu.random(), detach));
  }

  static Tap open(
      List<Permit<?>> permits,
      StreamKey key,
      TapSink sink,
      InstantSource clock,
      SecureRandom random,
      Runnable detach) {
    long now = clock.millis();
    if (permits.stream().noneMatch(p -> p.live(now))) {
      throw new IllegalArgumentException("a tap needs a live permit");
    }
    Permit<?> first = permits.getFirst();
    for (Permit<?> p : permits) {
      if (!p.person().equals(first.person()) || !p.recipient().equals(first.recipient())) {
        throw new IllegalArgumentException("a tap is of one person and for one recipient");
      }
    }
    Tap tap = new Tap(permits, key, sink, clock, random, detach);
    for (Permit<?> p : permits) {
      p.onEnd(tap::closeIfOver);
    }
    return tap;
  }

  /**
   * Whether no sound passes although permits are live: the first gate when somebody is muted.
   * Messages are not spoken, and pass.
   */
  public void silence(boolean on) {
    silent = on;
  }

  public boolean isClosed() {
    return closed.get();
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      detach.run();
      sink.closed();
    }
  }

  /** Undoes an opening for which there was no room: tells nobody. */
  void refuse() {
    closed.set(true);
  }

  private void closeIfOver() {
    long now = clock.millis();
    if (all.stream().noneMatch(p -> p.live(now))) {
      close();
    }
  }

  /** As much of these grants as live permits cover; nothing when none is live. */
  Optional<AccessToken.Grants> standing(AccessToken.Grants grants) {
    boolean hears = live(voice);
    boolean reads = live(chat);
    if (closed.get() || (!hears && !reads)) {
      return Optional.empty();
    }
    Set<AccessToken.Source> sources =
        hears && grants.mayPublish(AccessToken.Source.MICROPHONE)
            ? Set.of(AccessToken.Source.MICROPHONE)
            : Set.of();
    return Optional.of(
        AccessToken.Grants.listening(grants.room(), sources, reads && grants.canPublishData()));
  }

  private boolean covered(List<Permit<?>> permits) {
    return !closed.get() && live(permits);
  }

  private boolean live(List<Permit<?>> permits) {
    long now = clock.millis();
    for (Permit<?> p : permits) {
      if (p.live(now)) {
        return true;
      }
    }
    return false;
  }

  /** An audio packet of the room's publisher. */
  void packet(RtpPacket packet, int level, long atNanos) {
    if (silent || !covered(voice)) {
      held.clear();
      closeIfOver();
      return;
    }
    long sequence = extend(packet);
    if (sequence < next) {
      return;
    }
    cryptor
        .decrypt(FrameCryptor.Kind.OPUS, packet.payload())
        .ifPresent(opus -> {
          VoiceFrame frame =
              new VoiceFrame(sequence, packet.timestamp(), clock.millis(), level, opus);
          held.putIfAbsent(sequence, new Held(frame, atNanos));
          pour(atNanos);
        });
  }

  /**
   * Lets time pass: a missing frame is waited for 400 ms (it is asked for again), then taken as
   * lost.
   */
  void pour(long nowNanos) {
    while (!held.isEmpty()) {
      var entry = held.firstEntry();
      boolean due =
          entry.getKey() == next
              || nowNanos - entry.getValue().atNanos() >= HOLD_NANOS
              || held.size() > MAX_HELD;
      if (!due) {
        return;
      }
      if (silent || !covered(voice)) {
        held.clear();
        return;
      }
      held.pollFirstEntry();
      next = entry.getKey() + 1;
      sink.voice(entry.getValue().frame());
    }
  }

  /** A new source continues the numbers of the one before, with a gap. */
  private long extend(RtpPacket packet) {
    if (!started || packet.ssrc() != ssrc) {
      started = true;
      ssrc = packet.ssrc();
      held.clear();
      long base = (highest / 0x10000 + 2) * 0x10000;
      highest = base + packet.sequence();
      next = highest;
      return highest;
    }
    long sequence = highest + (short) (packet.sequence() - (int) (highest & 0xffff));
    highest = Math.max(highest, sequence);
    return sequence;
  }

  /** A data packet of the room's publisher. */
  void message(DataPacket packet) {
    if (!covered(chat)) {
      closeIfOver();
      return;
    }
    if (packet.getValueCase() != DataPacket.ValueCase.ENCRYPTED_PACKET) {
      return;
    }
    cryptor
        .open(packet.getEncryptedPacket())
        .filter(p -> p.getValueCase() == EncryptedPacketPayload.ValueCase.USER)
        .map(EncryptedPacketPayload::getUser)
        .filter(u -> u.getTopic().equals("chat") && u.getPayload().size() <= MAX_CHAT)
        .ifPresent(u -> sink.chat(u.getPayload().toByteArray(), clock.millis()));
  }
}
