package dev.aye.media;

import dev.aye.media.transport.RtpPacket;
import java.util.Optional;

/**
 * The rewriting of one or several incoming streams (the simulcast layers of a track) into one
 * outgoing stream that looks unbroken to its receiver: one SSRC, sequence numbers without gaps but
 * those of the network, timestamps that only grow, VP8 picture ids and TL0PICIDX that go on.
 *
 * <p>A change of source happens on a key frame only ({@link #want} names the source, the forwarder
 * waits); audio changes at once. Within a source every number is shifted by a constant, so that a
 * late packet fits where it belongs; packets from before the change are dropped. Pure: same calls,
 * same results.
 */
final class Forwarder {
  private static final int NONE = -1;
  private static final int MAX_GAP_SECONDS = 10;

  private final int ssrc;
  private final int clock;
  private final boolean video;

  private int wanted = NONE;
  private int current = NONE;
  private boolean started;

  private int sequenceShift;
  private int firstSequence;
  private boolean pastWrap;
  private int timestampShift;
  private int pictureShift;
  private int tl0Shift;

  private int lastSequence;
  private int lastTimestamp;
  private int lastPictureId;
  private int lastTl0;
  private long lastArrivalNanos;

  Forwarder(int ssrc, int clock, boolean video, int firstSequence, int firstTimestamp) {
    this.ssrc = ssrc;
    this.clock = clock;
    this.video = video;
    this.lastSequence = firstSequence - 1 & 0xffff;
    this.lastTimestamp = firstTimestamp;
  }

  int ssrc() {
    return ssrc;
  }

  /** The source to change to; a negative number pauses at once. */
  void want(int source) {
    wanted = source;
    if (source < 0) {
      current = NONE;
    }
  }

  int current() {
    return current;
  }

  int wanted() {
    return wanted;
  }

  /** Whether a key frame of the wanted source is needed for things to go on. */
  boolean waits() {
    return wanted != current;
  }

  /** The outgoing stream starts anew with the next packet or key frame (after a mute). */
  void restart() {
    current = NONE;
  }

  /** The timestamp in the outgoing stream of a timestamp of the current source. */
  int timestamp(int incoming) {
    return incoming + timestampShift;
  }

  /**
   * Rewrites one packet; empty if it is not forwarded.
   *
   * @param timestampHint where the incoming timestamp lies on the outgoing time line, as far as
   *     sender reports tell; used at a change of source only, and only if it is plausible
   */
  Optional<RtpPacket> forward(
      int source, RtpPacket in, Vp8 vp8, long arrivalNanos, Optional<Integer> timestampHint) {
    if (source == wanted && source != current) {
      if (video && !vp8.keyFrame()) {
        return Optional.empty();
      }
      change(source, in, vp8, arrivalNanos, timestampHint);
    }
    if (source != current) {
      return Optional.empty();
    }
    int distance = (short) (in.sequence() - firstSequence);
    if (!pastWrap && distance < 0) {
      return Optional.empty();
    }
    if (distance > 0x4000) {
      pastWrap = true;
    }
    int sequence = in.sequence() + sequenceShift & 0xffff;
    int timestamp = in.timestamp() + timestampShift;
    RtpPacket out = in.rewritten(ssrc, sequence, timestamp);
    if (video && vp8.present()) {
      out =
          out.withPayload(
              vp8.rewrite(in.payload(), vp8.pictureId() + pictureShift, vp8.tl0() + tl0Shift));
    }
    if ((short) (sequence - lastSequence) > 0) {
      lastSequence = sequence;
      lastArrivalNanos = arrivalNanos;
      if (timestamp - lastTimestamp > 0) {
        lastTimestamp = timestamp;
      }
      if (vp8.present()) {
        lastPictureId = vp8.pictureId() + pictureShift;
        lastTl0 = vp8.tl0() + tl0Shift;
      }
    }
    return Optional.of(out);
  }

  private void change(
      int source, RtpPacket in, Vp8 vp8, long arrivalNanos, Optional<Integer> hint) {
    int timestamp = lastTimestamp;
    if (started) {
      long elapsed = Math.max(0, arrivalNanos - lastArrivalNanos) / 1000 * clock / 1_000_000;
      int most = clock * MAX_GAP_SECONDS;
      int byArrival = lastTimestamp + Math.clamp(elapsed, 1, most);
      int hinted = hint.map(h -> h - lastTimestamp).orElse(0);
      boolean plausible = hinted > 0 && Math.abs(lastTimestamp + hinted - byArrival) < clock;
      timestamp = plausible ? lastTimestamp + hinted : byArrival;
    }
    sequenceShift = lastSequence + 1 - in.sequence();
    firstSequence = in.sequence();
    pastWrap = false;
    timestampShift = timestamp - in.timestamp();
    pictureShift = started ? lastPictureId + 1 - vp8.pictureId() : 0;
    tl0Shift = started ? lastTl0 + 1 - vp8.tl0() : 0;
    current = source;
    started = true;
  }
}
