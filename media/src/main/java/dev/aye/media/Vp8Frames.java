package dev.aye.media;

import dev.aye.media.transport.RtpPacket;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * VP8 frames put together again from RTP packets (RFC 7741), in order. A frame that misses a packet
 * holds the later ones back until the packet comes or a whole key frame is there. Bounded to 1,024
 * packets.
 */
final class Vp8Frames {
  private static final int MAX_HELD = 1024;

  /** A whole frame as it was before it was cut. */
  @SuppressWarnings("ArrayRecordComponent") // passed on once, never compared
  record Frame(int timestamp, boolean keyFrame, byte[] data) {}

  private final TreeMap<Long, RtpPacket> held = new TreeMap<>();
  private boolean started;
  private long highest;
  private long next;
  private boolean broken = true;

  /** Whether frames wait for a key frame. */
  boolean stuck() {
    return broken || held.size() > 64;
  }

  /** Adds a packet and returns the frames that are whole now. */
  List<Frame> add(RtpPacket packet) {
    long sequence = extend(packet.sequence());
    if (sequence < next) {
      return List.of();
    }
    held.put(sequence, packet);
    List<Frame> out = new ArrayList<>();
    while (take(next, out)) {}
    if (out.isEmpty()) {
      skipToKeyFrame(out);
    }
    if (held.size() > MAX_HELD) {
      held.clear();
      next = highest + 1;
      broken = true;
    }
    return out;
  }

  private long extend(int sequence) {
    if (!started) {
      started = true;
      highest = 0x10000L + sequence;
      next = highest;
    }
    long extended = highest + (short) (sequence - (int) (highest & 0xffff));
    highest = Math.max(highest, extended);
    return extended;
  }

  /** Takes the whole frame that begins at a packet, if it is there and may be decoded. */
  private boolean take(long from, List<Frame> out) {
    ByteArrayOutputStream data = new ByteArrayOutputStream();
    boolean key = false;
    for (long s = from; ; s++) {
      RtpPacket p = held.get(s);
      if (p == null) {
        return false;
      }
      Vp8 vp8 = Vp8.parse(p.payload());
      if (!vp8.present()) {
        // Padding between frames; it belongs to none.
        if (s == from) {
          held.remove(s);
          next = s + 1;
          return true;
        }
        continue;
      }
      if (s == from) {
        if (!vp8.frameStart()) {
          return false;
        }
        key = vp8.keyFrame();
        if (broken && !key) {
          return false;
        }
      }
      data.write(p.payload(), vp8.size(), p.payload().length - vp8.size());
      if (p.marker()) {
        held.headMap(s, true).clear();
        next = s + 1;
        broken = false;
        out.add(new Frame(p.timestamp(), key, data.toByteArray()));
        return true;
      }
    }
  }

  private void skipToKeyFrame(List<Frame> out) {
    for (Map.Entry<Long, RtpPacket> e : List.copyOf(held.entrySet())) {
      boolean key = Vp8.parse(e.getValue().payload()).keyFrame();
      if (e.getKey() > next && key && take(e.getKey(), out)) {
        while (take(next, out)) {}
        return;
      }
    }
  }
}
