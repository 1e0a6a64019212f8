package dev.aye.media.transport;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/**
 * An RTCP packet of those kinds that a video meeting needs (RFC 3550 section 6, RFC 4585, RFC 5104,
 * draft-alvestrand-rmcat-remb). Everything else is skipped on reading.
 */
public sealed interface Rtcp {

  /** A sender report; {@code ntp} is 32.32 fixed point. */
  record SenderReport(
      int ssrc, long ntp, int rtpTimestamp, long packets, long octets, List<ReportBlock> blocks)
      implements Rtcp {}

  /** A receiver report. */
  record ReceiverReport(int ssrc, List<ReportBlock> blocks) implements Rtcp {}

  /**
   * How one stream arrived.
   *
   * @param fractionLost 0…255
   * @param cumulativeLost signed, 24 bits
   * @param lastSenderReport the middle 32 bits of its NTP time
   * @param delaySinceLastSenderReport in 1/65536 s
   */
  record ReportBlock(
      int ssrc,
      int fractionLost,
      int cumulativeLost,
      int highestSequence,
      int jitter,
      int lastSenderReport,
      int delaySinceLastSenderReport) {}

  /** The canonical name of a source. */
  record Cname(int ssrc, String name) implements Rtcp {}

  /** Sources that leave. */
  record Bye(List<Integer> ssrcs) implements Rtcp {}

  /** Sequence numbers that are missed. */
  record Nack(int sender, int media, List<Integer> sequences) implements Rtcp {}

  /** A key frame is wanted (picture loss). */
  record Pli(int sender, int media) implements Rtcp {}

  /** A key frame is wanted (full intra request); {@code media} is the stream of the first entry. */
  record Fir(int sender, int media, int sequence) implements Rtcp {}

  /** The receiver's estimate of how much it can take, in bits per second. */
  record Remb(int sender, long bitrate, List<Integer> ssrcs) implements Rtcp {}

  /**
   * When packets arrived, by their transport-wide number
   * (draft-holmer-rmcat-transport-wide-cc-extensions-01, format 15 of type 205).
   *
   * @param base the number of the first packet; the others follow it
   * @param count counts these reports, 0…255
   * @param referenceTime in units of 64 ms on the receiver's clock, 24 bits
   * @param arrivals microseconds after the reference time, in steps of 250; {@link #LOST} for a
   *     packet that did not come so far
   */
  record TransportFeedback(
      int sender, int media, int base, int count, int referenceTime, List<Integer> arrivals)
      implements Rtcp {
    public static final int LOST = Integer.MIN_VALUE;
    public static final long REFERENCE_MICROS = 64_000;

    /** More packets than this are not reported on at once. */
    public static final int MOST = 2048;

    /** More reports than this in one compound are skipped: a few bytes can claim many packets. */
    public static final int MOST_AT_ONCE = 4;

    public TransportFeedback {
      arrivals = List.copyOf(arrivals);
    }
  }

  /** The largest compound that is read or written. */
  int MAX_SIZE = 1400;

  /**
   * Reads a compound packet; empty if its framing is broken or a known packet is malformed. At most
   * 64 packets, and at most 1,024 sequence numbers in a NACK.
   */
  static Optional<List<Rtcp>> parse(byte[] b, int length) {
    var packets = new ArrayList<Rtcp>();
    int at = 0;
    int seen = 0;
    while (at < length) {
      if (length - at < 4 || (b[at] & 0xc0) != 0x80 || ++seen > 64) {
        return Optional.empty();
      }
      int end = at + 4 + 4 * Bytes.u16(b, at + 2);
      if (end > length) {
        return Optional.empty();
      }
      int stop = end;
      if ((b[at] & 0x20) != 0) {
        int padding = b[end - 1] & 0xff;
        if (padding == 0 || padding > end - at - 4) {
          return Optional.empty();
        }
        stop -= padding;
      }
      if (!readOne(b, at, stop, packets)) {
        return Optional.empty();
      }
      at = end;
    }
    return Optional.of(packets);
  }

  private static boolean readOne(byte[] b, int at, int end, List<Rtcp> into) {
    int count = b[at] & 0x1f;
    int body = at + 4;
    int size = end - body;
    switch (b[at + 1] & 0xff) {
      case 200 -> {
        if (size < 24 + 24 * count) {
          return false;
        }
        into.add(
            new SenderReport(
                Bytes.i32(b, body),
                Bytes.i64(b, body + 4),
                Bytes.i32(b, body + 12),
                Bytes.u32(b, body + 16),
                Bytes.u32(b, body + 20),
                readBlocks(b, body + 24, count)));
      }
      case 201 -> {
        if (size < 4 + 24 * count) {
          return false;
        }
        into.add(new ReceiverReport(Bytes.i32(b, body), readBlocks(b, body + 4, count)));
      }
      case 202 -> {
        return readSdes(b, body, end, count, into);
      }
      case 203 -> {
        if (size < 4 * count) {
          return false;
        }
        into.add(new Bye(readSsrcs(b, body, count)));
      }
      case 205 -> {
        if (count == 1) {
          if (size < 12 || size % 4 != 0) {
            return false;
          }
          return readNack(b, body, end, into);
        }
        if (count == 15) {
          return size >= 16 && readTransportFeedback(b, body, end, into);
        }
      }
      case 206 -> {
        if (size < 8) {
          return false;
        }
        return readPayloadFeedback(b, body, end, count, into);
      }
      default -> {}
    }
    return true;
  }

  private static List<ReportBlock> readBlocks(byte[] b, int at, int count) {
    var blocks = new ArrayList<ReportBlock>(count);
    for (int i = 0, p = at; i < count; i++, p += 24) {
      blocks.add(
          new ReportBlock(
              Bytes.i32(b, p),
              b[p + 4] & 0xff,
              Bytes.u24(b, p + 5) << 8 >> 8,
              Bytes.i32(b, p + 8),
              Bytes.i32(b, p + 12),
              Bytes.i32(b, p + 16),
              Bytes.i32(b, p + 20)));
    }
    return List.copyOf(blocks);
  }

  private static boolean readSdes(byte[] b, int from, int end, int count, List<Rtcp> into) {
    int at = from;
    for (int i = 0; i < count; i++) {
      if (at + 4 > end) {
        return false;
      }
      int ssrc = Bytes.i32(b, at);
      int p = at + 4;
      while (p < end && b[p] != 0) {
        if (p + 2 > end || p + 2 + (b[p + 1] & 0xff) > end) {
          return false;
        }
        int size = b[p + 1] & 0xff;
        if (b[p] == 1) {
          into.add(new Cname(ssrc, new String(b, p + 2, size, StandardCharsets.UTF_8)));
        }
        p += 2 + size;
      }
      p++;
      at = p + Bytes.padding(p - from);
    }
    return true;
  }

  private static List<Integer> readSsrcs(byte[] b, int at, int count) {
    var ssrcs = new ArrayList<Integer>(count);
    for (int i = 0; i < count; i++) {
      ssrcs.add(Bytes.i32(b, at + 4 * i));
    }
    return List.copyOf(ssrcs);
  }

  private static boolean readNack(byte[] b, int body, int end, List<Rtcp> into) {
    var sequences = new ArrayList<Integer>();
    for (int at = body + 8; at < end; at += 4) {
      int first = Bytes.u16(b, at);
      int mask = Bytes.u16(b, at + 2);
      sequences.add(first);
      for (int bit = 0; bit < 16; bit++) {
        if ((mask >>> bit & 1) != 0) {
          sequences.add(first + bit + 1 & 0xffff);
        }
      }
      if (sequences.size() > 1024) {
        return false;
      }
    }
    into.add(new Nack(Bytes.i32(b, body), Bytes.i32(b, body + 4), List.copyOf(sequences)));
    return true;
  }

  private static boolean readTransportFeedback(byte[] b, int body, int end, List<Rtcp> into) {
    int packets = Bytes.u16(b, body + 10);
    long before = into.stream().filter(TransportFeedback.class::isInstance).count();
    if (packets > TransportFeedback.MOST || before >= TransportFeedback.MOST_AT_ONCE) {
      return true;
    }
    var symbols = new byte[packets];
    int at = body + 16;
    for (int i = 0; i < packets; at += 2) {
      if (at + 2 > end) {
        return false;
      }
      int chunk = Bytes.u16(b, at);
      if (chunk >>> 15 == 0) {
        for (int n = chunk & 0x1fff; n > 0 && i < packets; n--) {
          symbols[i++] = (byte) ((chunk >>> 13) & 3);
        }
        if ((chunk & 0x1fff) == 0) {
          return false;
        }
      } else {
        boolean wide = (chunk >>> 14 & 1) == 1;
        for (int n = 0; n < (wide ? 7 : 14) && i < packets; n++) {
          symbols[i++] = (byte) (wide ? (chunk >>> (12 - 2 * n)) & 3 : (chunk >>> (13 - n)) & 1);
        }
      }
    }
    var arrivals = new ArrayList<Integer>(packets);
    long time = 0;
    for (byte symbol : symbols) {
      int size = symbol == 3 ? 0 : symbol;
      if (at + size > end) {
        return false;
      }
      time += 250L * (size == 1 ? b[at] & 0xff : size == 2 ? (short) Bytes.u16(b, at) : 0);
      arrivals.add(
          size == 0 ? TransportFeedback.LOST : (int) Math.clamp(time, -1L << 30, 1L << 30));
      at += size;
    }
    into.add(
        new TransportFeedback(
            Bytes.i32(b, body),
            Bytes.i32(b, body + 4),
            Bytes.u16(b, body + 8),
            b[body + 15] & 0xff,
            Bytes.u24(b, body + 12),
            arrivals));
    return true;
  }

  private static boolean readPayloadFeedback(
      byte[] b, int body, int end, int format, List<Rtcp> into) {
    int sender = Bytes.i32(b, body);
    int media = Bytes.i32(b, body + 4);
    int size = end - body;
    if (format == 1) {
      into.add(new Pli(sender, media));
    } else if (format == 4) {
      if (size < 16) {
        return false;
      }
      for (int at = body + 8; at + 8 <= end; at += 8) {
        into.add(new Fir(sender, Bytes.i32(b, at), b[at + 4] & 0xff));
      }
    } else if (format == 15 && size >= 16 && Bytes.i32(b, body + 8) == 0x52454d42) {
      int ssrcs = b[body + 12] & 0xff;
      int exponent = (b[body + 13] & 0xff) >>> 2;
      long mantissa = Bytes.u24(b, body + 13) & 0x3ffff;
      if (size < 16 + 4 * ssrcs || exponent > 44) {
        return false;
      }
      into.add(new Remb(sender, mantissa << exponent, readSsrcs(b, body + 16, ssrcs)));
    }
    return true;
  }

  /** Writes a compound packet. */
  static byte[] encode(List<Rtcp> packets) {
    var out = new ByteArrayOutputStream(128);
    for (Rtcp packet : packets) {
      out.writeBytes(packet.encode());
    }
    return out.toByteArray();
  }

  private byte[] encode() {
    return switch (this) {
      case SenderReport r -> {
        byte[] b = begin(r.blocks.size(), 200, 24 + 24 * r.blocks.size());
        Bytes.put32(b, 4, r.ssrc);
        Bytes.put64(b, 8, r.ntp);
        Bytes.put32(b, 16, r.rtpTimestamp);
        Bytes.put32(b, 20, (int) r.packets);
        Bytes.put32(b, 24, (int) r.octets);
        yield writeBlocks(b, 28, r.blocks);
      }
      case ReceiverReport r -> {
        byte[] b = begin(r.blocks.size(), 201, 4 + 24 * r.blocks.size());
        Bytes.put32(b, 4, r.ssrc);
        yield writeBlocks(b, 8, r.blocks);
      }
      case Cname c -> {
        byte[] name = c.name.getBytes(StandardCharsets.UTF_8);
        if (name.length > 255) {
          throw new IllegalArgumentException("canonical name too long");
        }
        int size = 4 + 2 + name.length + 1;
        byte[] b = begin(1, 202, size + Bytes.padding(size));
        Bytes.put32(b, 4, c.ssrc);
        b[8] = 1;
        b[9] = (byte) name.length;
        System.arraycopy(name, 0, b, 10, name.length);
        yield b;
      }
      case Bye bye -> writeSsrcs(begin(bye.ssrcs.size(), 203, 4 * bye.ssrcs.size()), 4, bye.ssrcs);
      case Nack n -> encodeNack(n);
      case TransportFeedback t -> encodeTransportFeedback(t);
      case Pli p -> feedback(1, 206, p.sender, p.media, 0);
      case Fir f -> {
        byte[] b = feedback(4, 206, f.sender, 0, 8);
        Bytes.put32(b, 12, f.media);
        b[16] = (byte) f.sequence;
        yield b;
      }
      case Remb r -> {
        byte[] b = feedback(15, 206, r.sender, 0, 8 + 4 * r.ssrcs.size());
        Bytes.put32(b, 12, 0x52454d42);
        int exponent = Math.max(0, 64 - Long.numberOfLeadingZeros(r.bitrate) - 18);
        Bytes.put32(b, 16, r.ssrcs.size() << 24 | exponent << 18 | (int) (r.bitrate >> exponent));
        yield writeSsrcs(b, 20, r.ssrcs);
      }
    };
  }

  private static byte[] encodeNack(Nack nack) {
    var pairs = new ArrayList<int[]>();
    for (int sequence : new TreeSet<>(nack.sequences)) {
      int[] last = pairs.isEmpty() ? new int[] {-100, 0} : pairs.getLast();
      int distance = sequence - last[0];
      if (distance >= 1 && distance <= 16) {
        last[1] |= 1 << (distance - 1);
      } else {
        pairs.add(new int[] {sequence, 0});
      }
    }
    byte[] b = feedback(1, 205, nack.sender, nack.media, 4 * pairs.size());
    for (int i = 0; i < pairs.size(); i++) {
      Bytes.put16(b, 12 + 4 * i, pairs.get(i)[0]);
      Bytes.put16(b, 14 + 4 * i, pairs.get(i)[1]);
    }
    return b;
  }

  private static byte[] encodeTransportFeedback(TransportFeedback t) {
    int packets = t.arrivals.size();
    if (packets > TransportFeedback.MOST) {
      throw new IllegalArgumentException("too many packets for one report");
    }
    int chunks = (packets + 6) / 7;
    byte[] symbols = new byte[2 * chunks];
    var deltas = new ByteArrayOutputStream(2 * packets);
    long time = 0;
    for (int i = 0; i < packets; i++) {
      int symbol = 0;
      if (t.arrivals.get(i) != TransportFeedback.LOST) {
        long ticks = Math.clamp(Math.floorDiv(t.arrivals.get(i) - time, 250L), -32768, 32767);
        time += 250 * ticks;
        symbol = ticks >= 0 && ticks <= 255 ? 1 : 2;
        if (symbol == 2) {
          deltas.write((int) ticks >>> 8);
        }
        deltas.write((int) ticks);
      }
      int at = 2 * (i / 7);
      int chunk = i % 7 == 0 ? 0xc000 : Bytes.u16(symbols, at);
      Bytes.put16(symbols, at, chunk | (symbol << (12 - 2 * (i % 7))));
    }
    int size = 8 + symbols.length + deltas.size();
    byte[] b = feedback(15, 205, t.sender, t.media, size + Bytes.padding(size));
    Bytes.put16(b, 12, t.base);
    Bytes.put16(b, 14, packets);
    Bytes.put24(b, 16, t.referenceTime);
    b[19] = (byte) t.count;
    System.arraycopy(symbols, 0, b, 20, symbols.length);
    System.arraycopy(deltas.toByteArray(), 0, b, 20 + symbols.length, deltas.size());
    return b;
  }

  private static byte[] feedback(int format, int type, int sender, int media, int more) {
    byte[] b = begin(format, type, 8 + more);
    Bytes.put32(b, 4, sender);
    Bytes.put32(b, 8, media);
    return b;
  }

  private static byte[] begin(int count, int type, int body) {
    if (count > 31) {
      throw new IllegalArgumentException("too many entries for one RTCP packet");
    }
    byte[] b = new byte[4 + body];
    b[0] = (byte) (0x80 | count);
    b[1] = (byte) type;
    Bytes.put16(b, 2, body / 4);
    return b;
  }

  private static byte[] writeBlocks(byte[] b, int at, List<ReportBlock> blocks) {
    int p = at;
    for (ReportBlock block : blocks) {
      Bytes.put32(b, p, block.ssrc);
      b[p + 4] = (byte) block.fractionLost;
      Bytes.put24(b, p + 5, block.cumulativeLost);
      Bytes.put32(b, p + 8, block.highestSequence);
      Bytes.put32(b, p + 12, block.jitter);
      Bytes.put32(b, p + 16, block.lastSenderReport);
      Bytes.put32(b, p + 20, block.delaySinceLastSenderReport);
      p += 24;
    }
    return b;
  }

  private static byte[] writeSsrcs(byte[] b, int at, List<Integer> ssrcs) {
    for (int i = 0; i < ssrcs.size(); i++) {
      Bytes.put32(b, at + 4 * i, ssrcs.get(i));
    }
    return b;
  }
}
