package dev.aye.media.transport;

import java.util.Optional;

/**
 * An RTP packet (RFC 3550 section 5.1), immutable; padding and contributing sources are not kept.
 * The payload array is shared and never to be changed.
 *
 * @param sequence 0…65535
 * @param timestamp 32 bits, wraps
 * @param ssrc 32 bits
 */
@SuppressWarnings("ArrayRecordComponent") // compared by identity of the payload
public record RtpPacket(
    int payloadType,
    boolean marker,
    int sequence,
    int timestamp,
    int ssrc,
    RtpExtensions extensions,
    byte[] payload) {

  /** Larger packets are refused on both ways. */
  public static final int MAX_SIZE = 1500;

  private static final int HEADER = 12;

  public RtpPacket {
    if (payloadType >>> 7 != 0 || sequence >>> 16 != 0) {
      throw new IllegalArgumentException("payload type or sequence number out of range");
    }
  }

  public RtpPacket withPayloadType(int value) {
    return new RtpPacket(value, marker, sequence, timestamp, ssrc, extensions, payload);
  }

  /** The same content in another stream, as a forwarding server writes it. */
  public RtpPacket rewritten(int newSsrc, int newSequence, int newTimestamp) {
    return new RtpPacket(
        payloadType, marker, newSequence & 0xffff, newTimestamp, newSsrc, extensions, payload);
  }

  public RtpPacket withMarker(boolean value) {
    return new RtpPacket(payloadType, value, sequence, timestamp, ssrc, extensions, payload);
  }

  public RtpPacket withExtensions(RtpExtensions value) {
    return new RtpPacket(payloadType, marker, sequence, timestamp, ssrc, value, payload);
  }

  public RtpPacket withPayload(byte[] value) {
    return new RtpPacket(payloadType, marker, sequence, timestamp, ssrc, extensions, value);
  }

  /** Reads a plain packet; empty if it is malformed. */
  public static Optional<RtpPacket> parse(byte[] packet, int length) {
    if (length < HEADER || length > packet.length || (packet[0] & 0xc0) != 0x80) {
      return Optional.empty();
    }
    int body = headerLength(packet, length);
    if (body < 0) {
      return Optional.empty();
    }
    int end = length;
    if ((packet[0] & 0x20) != 0) {
      int padding = packet[length - 1] & 0xff;
      if (padding == 0 || padding > length - body) {
        return Optional.empty();
      }
      end -= padding;
    }
    var extensions = RtpExtensions.NONE;
    if ((packet[0] & 0x10) != 0) {
      int at = HEADER + 4 * (packet[0] & 0x0f);
      var read = RtpExtensions.parse(Bytes.u16(packet, at), packet, at + 4, body);
      if (read.isEmpty()) {
        return Optional.empty();
      }
      extensions = read.get();
    }
    return Optional.of(
        new RtpPacket(
            packet[1] & 0x7f,
            (packet[1] & 0x80) != 0,
            Bytes.u16(packet, 2),
            Bytes.i32(packet, 4),
            Bytes.i32(packet, 8),
            extensions,
            Bytes.slice(packet, body, end)));
  }

  /** The length of header, sources and extensions; -1 if the packet is too short for them. */
  static int headerLength(byte[] packet, int length) {
    if (length < HEADER) {
      return -1;
    }
    int at = HEADER + 4 * (packet[0] & 0x0f);
    if ((packet[0] & 0x10) != 0) {
      if (at + 4 > length) {
        return -1;
      }
      at += 4 + 4 * Bytes.u16(packet, at + 2);
    }
    return at <= length ? at : -1;
  }

  /** The size that {@link #write} fills. */
  int size() {
    return HEADER + extensions.size() + payload.length;
  }

  /** Writes the packet at the start of the array and returns its length. */
  int write(byte[] into) {
    into[0] = (byte) (extensions.isEmpty() ? 0x80 : 0x90);
    into[1] = (byte) (payloadType | (marker ? 0x80 : 0));
    Bytes.put16(into, 2, sequence);
    Bytes.put32(into, 4, timestamp);
    Bytes.put32(into, 8, ssrc);
    int at = extensions.write(into, HEADER);
    System.arraycopy(payload, 0, into, at, payload.length);
    return at + payload.length;
  }

  /** The packet as bytes, unprotected. */
  public byte[] encode() {
    byte[] bytes = new byte[size()];
    write(bytes);
    return bytes;
  }
}
