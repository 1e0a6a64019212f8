package dev.aye.media.transport;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * An SCTP association over DTLS with WebRTC's data channels on it (RFC 9260, RFC 8261, RFC 3758 for
 * partial reliability, RFC 6525 for closing channels, RFC 8831, RFC 8832). The DTLS client opens
 * the association; the server only answers.
 *
 * <p>Bounds: {@link #MOST_BUFFERED} bytes to send, {@link #WINDOW} bytes received and not yet
 * delivered, {@link #MOST_CHANNELS} channels. Transmission sequence numbers are kept as 64-bit
 * numbers that grow; the wire has their low 32 bits. Left out on purpose: several addresses,
 * heartbeats of our own (ICE has consent), message interleaving (RFC 8260), authentication of
 * chunks (DTLS does it).
 */
final class Sctp {
  static final int MOST_BUFFERED = 2 << 20;
  static final int WINDOW = 1 << 20;
  static final int MOST_CHANNELS = 256;

  private static final int PORT = 5000;
  private static final int MTU = 1160;
  private static final int FRAGMENT = MTU - 12 - 16;
  private static final int STREAMS = 1024;
  private static final int MOST_FRAGMENTS = 2048;
  private static final long MILLI = 1_000_000L;
  private static final long FIRST_RTO = 1000 * MILLI;
  private static final long LEAST_RTO = 300 * MILLI;
  private static final long MOST_RTO = 8000 * MILLI;
  private static final int MOST_RETRIES = 12;
  private static final long SACK_DELAY = 20 * MILLI;

  private static final int DATA = 0;
  private static final int INIT = 1;
  private static final int INIT_ACK = 2;
  private static final int SACK = 3;
  private static final int HEARTBEAT = 4;
  private static final int HEARTBEAT_ACK = 5;
  private static final int ABORT = 6;
  private static final int SHUTDOWN = 7;
  private static final int COOKIE_ECHO = 10;
  private static final int COOKIE_ACK = 11;
  private static final int RECONFIG = 130;
  private static final int FORWARD_TSN = 192;

  private static final int PPID_CONTROL = 50;
  private static final int PPID_TEXT = 51;
  private static final int PPID_BINARY = 53;
  private static final int PPID_EMPTY_TEXT = 56;
  private static final int PPID_EMPTY_BINARY = 57;

  private enum State {
    CLOSED,
    COOKIE_WAIT,
    COOKIE_ECHOED,
    ESTABLISHED,
    LOST
  }

  /** A piece of a message on its way out. */
  private static final class Chunk {
    final Channel channel;
    final Outgoing message;
    final byte[] data;
    final int flags;
    long tsn = -1;
    int transmissions;
    long sentAt;
    int missed;
    boolean acked;
    boolean lost;
    boolean abandoned;

    Chunk(Channel channel, Outgoing message, byte[] data, int flags) {
      this.channel = channel;
      this.message = message;
      this.data = data;
      this.flags = flags;
    }
  }

  /** What the pieces of one message share. */
  private static final class Outgoing {
    final int ppid;
    final long queuedAt;
    int ssn = -1;
    boolean abandoned;

    Outgoing(int ppid, long queuedAt) {
      this.ppid = ppid;
      this.queuedAt = queuedAt;
    }
  }

  /** One stream in both directions. */
  private static final class Channel {
    DataChannel parameters;
    boolean announced;
    boolean open;
    int nextSsnOut;
    int nextSsnIn;
    final TreeMap<Integer, Message> waiting = new TreeMap<>();

    Channel(DataChannel parameters, boolean announced) {
      this.parameters = parameters;
      this.announced = announced;
    }
  }

  /** A piece of a message that is not whole yet. */
  private static final class Fragment {
    final int stream;
    final int ssn;
    final int ppid;
    final int flags;
    final byte[] data;

    /** Where its message begins, and the bytes of it up to here; -1 while that is not known. */
    long first = -1;

    int upToHere;

    Fragment(int stream, int ssn, int ppid, int flags, byte[] data) {
      this.stream = stream;
      this.ssn = ssn;
      this.ppid = ppid;
      this.flags = flags;
      this.data = data;
    }

    boolean begins() {
      return (flags & 2) != 0;
    }

    boolean ends() {
      return (flags & 1) != 0;
    }

    void follow(Fragment before) {
      first = before.first;
      upToHere = before.upToHere + data.length;
    }
  }

  @SuppressWarnings("ArrayRecordComponent")
  private record Message(int ppid, byte[] data) {}

  private final boolean client;
  private final int maxMessage;
  private final ArrayDeque<byte[]> packets = new ArrayDeque<>();
  private final ArrayDeque<Output.Event> events = new ArrayDeque<>();
  private final Map<Integer, Channel> channels = new HashMap<>();

  private State state = State.CLOSED;
  private final int localTag;
  private int remoteTag;
  private byte[] cookie = new byte[0];
  private int retries;
  private long rto = FIRST_RTO;
  private double smoothed = -1;
  private double variance;
  private long timerAt = Long.MAX_VALUE;

  private final ArrayDeque<Chunk> queue = new ArrayDeque<>();
  private final LinkedHashMap<Long, Chunk> inFlight = new LinkedHashMap<>();
  private long nextTsn;
  private long ackedTsn;
  private long advancedTsn;
  private int buffered;
  private int flightBytes;
  private int window = 4 * MTU;
  private int threshold = Integer.MAX_VALUE;
  private int partial;
  private long remoteWindow;
  private long recoverUntil = -1;

  private long received = -1;
  private final TreeMap<Long, Fragment> pending = new TreeMap<>();
  private int pendingBytes;
  private final TreeMap<Long, Boolean> seen = new TreeMap<>();
  private long sackAt = Long.MAX_VALUE;
  private int unsacked;

  private int resetRequest;
  private long remoteResetRequest = -1;
  private final List<Integer> resetting = new ArrayList<>();
  private long resetAt = Long.MAX_VALUE;

  Sctp(boolean client, SecureRandom random, int maxMessage) {
    this.client = client;
    this.maxMessage = maxMessage;
    this.localTag = random.nextInt() | 1;
    this.nextTsn = random.nextInt() & 0x7fffffffL;
    this.ackedTsn = nextTsn - 1;
    this.advancedTsn = ackedTsn;
    this.resetRequest = (int) nextTsn;
  }

  /** The client opens the association; for the server nothing is to be done. */
  void start(long now) {
    if (client && state == State.CLOSED) {
      state = State.COOKIE_WAIT;
      sendInit();
      timerAt = now + rto;
    }
  }

  byte @Nullable [] pollPacket() {
    return packets.poll();
  }

  Output.@Nullable Event pollEvent() {
    return events.poll();
  }

  long nextTimeout() {
    return Math.min(Math.min(timerAt, sackAt), resetAt);
  }

  int buffered() {
    return buffered;
  }

  // ---- channels ----

  int open(
      String label,
      String protocol,
      boolean ordered,
      DataChannel.Reliability reliability,
      long now) {
    if (state != State.ESTABLISHED || channels.size() >= MOST_CHANNELS) {
      return -1;
    }
    int id = client ? 0 : 1;
    while (channels.containsKey(id) || resetting.contains(id)) {
      id += 2;
    }
    var parameters = new DataChannel(id, label, protocol, ordered, reliability);
    byte[] request = openRequest(parameters);
    if (id >= STREAMS || request.length > 4096) {
      return -1;
    }
    var channel = new Channel(parameters, true);
    channels.put(id, channel);
    enqueue(channel, PPID_CONTROL, request, true, now);
    return id;
  }

  boolean send(int id, boolean text, byte[] data, long now) {
    Channel channel = channels.get(id);
    if (state != State.ESTABLISHED
        || channel == null
        || !channel.announced
        || data.length > maxMessage
        || buffered + data.length > MOST_BUFFERED) {
      return false;
    }
    // Until the other end has confirmed the channel everything is sent in order (RFC 8832 section
    // 6).
    boolean ordered = channel.parameters.ordered() || !channel.open;
    if (data.length == 0) {
      enqueue(channel, text ? PPID_EMPTY_TEXT : PPID_EMPTY_BINARY, new byte[1], ordered, now);
    } else {
      enqueue(channel, text ? PPID_TEXT : PPID_BINARY, data, ordered, now);
    }
    return true;
  }

  void close(int id, long now) {
    if (channels.remove(id) != null && state == State.ESTABLISHED && !resetting.contains(id)) {
      queue.removeIf(c -> c.channel.parameters.id() == id && drop(c));
      resetting.add(id);
      sendReset(now);
    }
  }

  private boolean drop(Chunk chunk) {
    buffered -= chunk.data.length;
    return true;
  }

  private void enqueue(Channel channel, int ppid, byte[] data, boolean ordered, long now) {
    var message = new Outgoing(ppid, now);
    if (ordered) {
      message.ssn = channel.nextSsnOut++ & 0xffff;
    }
    for (int at = 0; at < data.length; at += FRAGMENT) {
      int end = Math.min(data.length, at + FRAGMENT);
      int flags = (at == 0 ? 2 : 0) | (end == data.length ? 1 : 0) | (ordered ? 0 : 4);
      queue.add(new Chunk(channel, message, Bytes.slice(data, at, end), flags));
    }
    buffered += data.length;
    transmit(now);
  }

  // ---- sending ----

  private void transmit(long now) {
    if (state != State.ESTABLISHED) {
      return;
    }
    var bundle = new Packet(remoteTag);
    for (Chunk chunk : inFlight.values()) {
      if (chunk.lost && !chunk.acked && !chunk.abandoned && room(chunk)) {
        bundle = put(bundle, chunk, now);
      }
    }
    while (!queue.isEmpty()) {
      Chunk chunk = queue.peek();
      if (expired(chunk, now)) {
        queue.remove();
        chunk.message.abandoned = true;
        buffered -= chunk.data.length;
        if (chunk.tsn < 0 && (chunk.flags & 2) == 0) {
          // Its beginning is on the wire: the rest needs numbers too, so that it can be skipped.
          assign(chunk);
          chunk.abandoned = true;
          chunk.acked = true;
        } else if (chunk.message.ssn >= 0 && (chunk.flags & 2) != 0) {
          assign(chunk);
          chunk.abandoned = true;
          chunk.acked = true;
        }
        continue;
      }
      if (!room(chunk) || inFlight.size() >= 4096) {
        break;
      }
      queue.remove();
      assign(chunk);
      bundle = put(bundle, chunk, now);
    }
    flush(bundle);
    advance();
    if (!inFlight.isEmpty() && timerAt == Long.MAX_VALUE) {
      timerAt = now + rto;
    }
  }

  private void assign(Chunk chunk) {
    chunk.tsn = nextTsn++;
    inFlight.put(chunk.tsn, chunk);
  }

  private boolean room(Chunk chunk) {
    if (flightBytes == 0) {
      return true;
    }
    return flightBytes + chunk.data.length <= window
        && (chunk.transmissions > 0 || chunk.data.length <= remoteWindow);
  }

  private Packet put(Packet bundle, Chunk chunk, long now) {
    Packet packet = bundle;
    int size = 16 + chunk.data.length;
    if (packet.size() + size + Bytes.padding(size) > MTU) {
      flush(packet);
      packet = new Packet(remoteTag);
    }
    byte[] body = new byte[12 + chunk.data.length];
    Bytes.put32(body, 0, (int) chunk.tsn);
    Bytes.put16(body, 4, chunk.channel.parameters.id());
    Bytes.put16(body, 6, Math.max(0, chunk.message.ssn));
    Bytes.put32(body, 8, chunk.message.ppid);
    System.arraycopy(chunk.data, 0, body, 12, chunk.data.length);
    packet.chunk(DATA, chunk.flags, body);
    chunk.transmissions++;
    chunk.sentAt = now;
    chunk.missed = 0;
    chunk.lost = false;
    flightBytes += chunk.data.length;
    remoteWindow -= chunk.data.length;
    return packet;
  }

  /** Whether partial reliability has given this chunk's message up. */
  private static boolean expired(Chunk chunk, long now) {
    if (chunk.message.abandoned) {
      return true;
    }
    if (chunk.message.ppid == PPID_CONTROL) {
      return false;
    }
    return switch (chunk.channel.parameters.reliability()) {
      case DataChannel.Reliability.Reliable r -> false;
      case DataChannel.Reliability.MaxRetransmits m -> chunk.transmissions > m.count();
      case DataChannel.Reliability.MaxLifetime m ->
          now - chunk.message.queuedAt > m.millis() * MILLI;
    };
  }

  private void markLost(Chunk chunk, long now) {
    if (chunk.lost || chunk.acked) {
      return;
    }
    flightBytes -= chunk.data.length;
    chunk.lost = true;
    if (expired(chunk, now)) {
      chunk.message.abandoned = true;
    }
  }

  /** Gives up what is abandoned and tells the other end (RFC 3758 section 3.5). */
  private void advance() {
    boolean any = false;
    for (Chunk chunk : inFlight.values()) {
      if (chunk.message.abandoned && !chunk.abandoned) {
        chunk.abandoned = true;
        if (!chunk.acked) {
          if (!chunk.lost) {
            flightBytes -= chunk.data.length;
          }
          buffered -= chunk.data.length;
          chunk.acked = true;
        }
      }
    }
    advancedTsn = Math.max(advancedTsn, ackedTsn);
    for (Chunk chunk : inFlight.values()) {
      if (chunk.tsn <= advancedTsn) {
        continue;
      }
      if (!chunk.abandoned) {
        break;
      }
      advancedTsn = chunk.tsn;
      any = true;
    }
    if (any) {
      sendForward();
    }
  }

  private void sendForward() {
    var skipped = new TreeMap<Integer, Integer>();
    for (Chunk chunk : inFlight.values()) {
      if (chunk.tsn <= advancedTsn && chunk.message.ssn >= 0) {
        skipped.put(chunk.channel.parameters.id(), chunk.message.ssn);
      }
    }
    byte[] body = new byte[4 + 4 * Math.min(256, skipped.size())];
    Bytes.put32(body, 0, (int) advancedTsn);
    int at = 4;
    for (var entry : skipped.entrySet()) {
      if (at < body.length) {
        Bytes.put16(body, at, entry.getKey());
        Bytes.put16(body, at + 2, entry.getValue());
        at += 4;
      }
    }
    var packet = new Packet(remoteTag);
    packet.chunk(FORWARD_TSN, 0, body);
    flush(packet);
  }

  private void sendInit() {
    var packet = new Packet(0);
    packet.chunk(INIT, 0, initBody(new byte[0]));
    flush(packet);
  }

  /** INIT and INIT ACK differ only in the cookie. */
  private byte[] initBody(byte[] ownCookie) {
    var out = new ByteArrayOutputStream();
    byte[] fixed = new byte[16];
    Bytes.put32(fixed, 0, localTag);
    Bytes.put32(fixed, 4, WINDOW);
    Bytes.put16(fixed, 8, STREAMS);
    Bytes.put16(fixed, 10, STREAMS);
    Bytes.put32(fixed, 12, (int) nextTsn);
    out.writeBytes(fixed);
    if (ownCookie.length > 0) {
      byte[] head = new byte[4];
      Bytes.put16(head, 0, 7);
      Bytes.put16(head, 2, 4 + ownCookie.length);
      out.writeBytes(head);
      out.writeBytes(ownCookie);
    }
    out.writeBytes(new byte[] {(byte) 0xc0, 0, 0, 4});
    out.writeBytes(new byte[] {(byte) 0x80, 8, 0, 6, (byte) RECONFIG, (byte) FORWARD_TSN, 0, 0});
    return out.toByteArray();
  }

  private void sendReset(long now) {
    if (resetting.isEmpty()) {
      resetAt = Long.MAX_VALUE;
      return;
    }
    int count = Math.min(64, resetting.size());
    byte[] body = new byte[16 + 2 * count];
    Bytes.put16(body, 0, 13);
    Bytes.put16(body, 2, 16 + 2 * count);
    Bytes.put32(body, 4, resetRequest);
    Bytes.put32(body, 8, (int) (remoteResetRequest < 0 ? 0 : remoteResetRequest));
    Bytes.put32(body, 12, (int) (nextTsn - 1));
    for (int i = 0; i < count; i++) {
      Bytes.put16(body, 16 + 2 * i, resetting.get(i));
    }
    var packet = new Packet(remoteTag);
    packet.chunk(RECONFIG, 0, body);
    flush(packet);
    resetAt = now + rto;
  }

  private void sendSack() {
    sackAt = Long.MAX_VALUE;
    unsacked = 0;
    var gaps = new ArrayList<long[]>();
    for (long tsn : seen.keySet()) {
      long[] last = gaps.isEmpty() ? null : gaps.getLast();
      if (last != null && last[1] + 1 == tsn) {
        last[1] = tsn;
      } else if (gaps.size() < 64 && tsn - received <= 0xffff) {
        gaps.add(new long[] {tsn, tsn});
      } else {
        break;
      }
    }
    byte[] body = new byte[12 + 4 * gaps.size()];
    Bytes.put32(body, 0, (int) received);
    Bytes.put32(body, 4, Math.max(0, WINDOW - pendingBytes));
    Bytes.put16(body, 8, gaps.size());
    for (int i = 0; i < gaps.size(); i++) {
      Bytes.put16(body, 12 + 4 * i, (int) (gaps.get(i)[0] - received));
      Bytes.put16(body, 14 + 4 * i, (int) (gaps.get(i)[1] - received));
    }
    var packet = new Packet(remoteTag);
    packet.chunk(SACK, 0, body);
    flush(packet);
  }

  private void flush(Packet packet) {
    if (packet.size() > 12 && packets.size() < 4096) {
      packets.add(packet.seal());
    }
  }

  // ---- time ----

  void handleTimeout(long now) {
    if (now >= sackAt) {
      sendSack();
    }
    if (now >= resetAt) {
      sendReset(now);
    }
    if (now < timerAt) {
      return;
    }
    timerAt = Long.MAX_VALUE;
    if (state == State.LOST || state == State.CLOSED) {
      return;
    }
    if (state == State.ESTABLISHED && inFlight.isEmpty()) {
      return;
    }
    if (++retries > MOST_RETRIES) {
      lose();
      return;
    }
    rto = Math.min(2 * rto, MOST_RTO);
    switch (state) {
      case COOKIE_WAIT -> {
        sendInit();
        timerAt = now + rto;
      }
      case COOKIE_ECHOED -> {
        sendCookie();
        timerAt = now + rto;
      }
      case ESTABLISHED -> {
        threshold = Math.max(window / 2, 4 * MTU);
        window = MTU;
        partial = 0;
        recoverUntil = -1;
        for (Chunk chunk : inFlight.values()) {
          markLost(chunk, now);
        }
        flightBytes = 0;
        advance();
        if (advancedTsn > ackedTsn) {
          sendForward();
        }
        transmit(now);
        timerAt = now + rto;
      }
      case CLOSED, LOST -> {}
    }
  }

  private void sendCookie() {
    var packet = new Packet(remoteTag);
    packet.chunk(COOKIE_ECHO, 0, cookie);
    flush(packet);
  }

  private void lose() {
    if (state != State.LOST) {
      state = State.LOST;
      timerAt = Long.MAX_VALUE;
      sackAt = Long.MAX_VALUE;
      resetAt = Long.MAX_VALUE;
      queue.clear();
      inFlight.clear();
      pending.clear();
      seen.clear();
      channels.clear();
      buffered = 0;
      events.add(new Output.DataLost());
    }
  }

  // ---- receiving ----

  /** Takes one SCTP packet; what is malformed is dropped. */
  void handle(byte[] b, long now) {
    if (state == State.LOST || b.length < 16 || !checksumRight(b)) {
      return;
    }
    int tag = Bytes.i32(b, 4);
    int at = 12;
    boolean data = false;
    while (at + 4 <= b.length) {
      int type = b[at] & 0xff;
      int flags = b[at + 1] & 0xff;
      int length = Bytes.u16(b, at + 2);
      if (length < 4 || at + length > b.length) {
        return;
      }
      if (type == INIT ? tag != 0 : tag != localTag) {
        return;
      }
      byte[] body = Bytes.slice(b, at + 4, at + length);
      switch (type) {
        case DATA -> data |= onData(body, flags);
        case INIT -> onInit(body);
        case INIT_ACK -> onInitAck(body, now);
        case SACK -> onSack(body, now);
        case HEARTBEAT -> echo(HEARTBEAT_ACK, body);
        case ABORT, SHUTDOWN -> {
          lose();
          return;
        }
        case COOKIE_ECHO -> onCookieEcho(body, now);
        case COOKIE_ACK -> onCookieAck(now);
        case RECONFIG -> onReconfig(body, now);
        case FORWARD_TSN -> data |= onForward(body);
        default -> {
          if ((type & 0x80) == 0) {
            return; // RFC 9260 section 3.2: stop at what is unknown.
          }
        }
      }
      if (state == State.LOST) {
        return;
      }
      at += length + Bytes.padding(length);
    }
    if (data) {
      if (++unsacked >= 2 || !seen.isEmpty()) {
        sendSack();
      } else {
        sackAt = Math.min(sackAt, now + SACK_DELAY);
      }
    }
    transmit(now);
  }

  private static boolean checksumRight(byte[] b) {
    int claimed = Bytes.i32(b, 8);
    byte[] copy = b.clone();
    Bytes.put32(copy, 8, 0);
    return checksum(copy, copy.length) == claimed;
  }

  private static int checksum(byte[] b, int length) {
    var crc = new CRC32C();
    crc.update(b, 0, length);
    return Integer.reverseBytes((int) crc.getValue());
  }

  private void echo(int type, byte[] body) {
    if (body.length <= 512) {
      var packet = new Packet(remoteTag);
      packet.chunk(type, 0, body);
      flush(packet);
    }
  }

  private void onInit(byte[] body) {
    if (body.length < 16 || Bytes.i32(body, 0) == 0) {
      return;
    }
    if (state == State.ESTABLISHED) {
      if (Bytes.i32(body, 0) != remoteTag) {
        return; // A restart of the association does not happen within one DTLS session.
      }
    } else if (state != State.COOKIE_ECHOED) {
      learn(body);
    }
    // DTLS authenticates the other end, so the cookie need not carry state (RFC 8261 section 6.1).
    byte[] own = new byte[8];
    Bytes.put32(own, 0, localTag);
    Bytes.put32(own, 4, remoteTag);
    var packet = new Packet(remoteTag);
    packet.chunk(INIT_ACK, 0, initBody(own));
    flush(packet);
  }

  private void learn(byte[] init) {
    remoteTag = Bytes.i32(init, 0);
    remoteWindow = Bytes.u32(init, 4);
    received = Bytes.u32(init, 12) - 1 + (1L << 32);
    remoteResetRequest = -1;
  }

  private void onInitAck(byte[] body, long now) {
    if (state != State.COOKIE_WAIT || body.length < 16 || Bytes.i32(body, 0) == 0) {
      return;
    }
    int at = 16;
    while (at + 4 <= body.length) {
      int length = Bytes.u16(body, at + 2);
      if (length < 4 || at + length > body.length) {
        return;
      }
      if (Bytes.u16(body, at) == 7 && length <= 1024) {
        cookie = Bytes.slice(body, at + 4, at + length);
      }
      at += length + Bytes.padding(length);
    }
    if (cookie.length == 0) {
      return;
    }
    learn(body);
    state = State.COOKIE_ECHOED;
    retries = 0;
    sendCookie();
    timerAt = now + rto;
  }

  private void onCookieEcho(byte[] body, long now) {
    if (body.length != 8
        || remoteTag == 0
        || Bytes.i32(body, 0) != localTag
        || Bytes.i32(body, 4) != remoteTag) {
      return;
    }
    echo(COOKIE_ACK, new byte[0]);
    establish(now);
  }

  private void onCookieAck(long now) {
    if (state == State.COOKIE_ECHOED) {
      establish(now);
    }
  }

  private void establish(long now) {
    if (state != State.ESTABLISHED) {
      state = State.ESTABLISHED;
      retries = 0;
      rto = FIRST_RTO;
      timerAt = Long.MAX_VALUE;
      events.add(new Output.DataReady());
      transmit(now);
    }
  }

  /** The number near {@code reference} whose low 32 bits are these. */
  private static long unwrap(long reference, long low) {
    return reference + (int) (low - reference);
  }

  private void onSack(byte[] body, long now) {
    if (state != State.ESTABLISHED || body.length < 12) {
      return;
    }
    int gaps = Bytes.u16(body, 8);
    long cumulative = unwrap(ackedTsn, Bytes.u32(body, 0));
    if (body.length < 12 + 4 * gaps || cumulative >= nextTsn || cumulative < ackedTsn) {
      return;
    }
    int ackedBytes = 0;
    int flightBefore = flightBytes;
    long highest = cumulative;
    var cursor = inFlight.values().iterator();
    while (cursor.hasNext()) {
      Chunk chunk = cursor.next();
      if (chunk.tsn > cumulative) {
        break;
      }
      ackedBytes += ack(chunk, now);
      cursor.remove();
    }
    boolean progress = cumulative > ackedTsn;
    ackedTsn = cumulative;
    for (int i = 0; i < gaps; i++) {
      long from = cumulative + Bytes.u16(body, 12 + 4 * i);
      long to = cumulative + Bytes.u16(body, 14 + 4 * i);
      for (long tsn = from; tsn <= to && tsn < nextTsn; tsn++) {
        Chunk chunk = inFlight.get(tsn);
        if (chunk != null && !chunk.acked) {
          ackedBytes += ack(chunk, now);
          highest = Math.max(highest, tsn);
        }
      }
    }
    remoteWindow = Math.max(0, Bytes.u32(body, 4) - flightBytes);
    boolean full = flightBefore + MTU >= window;
    findLosses(highest, now);
    grow(progress, ackedBytes, full);
    if (progress) {
      retries = 0;
      timerAt = inFlight.isEmpty() ? Long.MAX_VALUE : now + rto;
    }
    advance();
    if (advancedTsn > ackedTsn && progress) {
      sendForward();
    }
  }

  private int ack(Chunk chunk, long now) {
    if (chunk.acked) {
      return 0;
    }
    chunk.acked = true;
    buffered -= chunk.data.length;
    if (!chunk.lost) {
      flightBytes -= chunk.data.length;
    }
    if (chunk.transmissions == 1) {
      measure(now - chunk.sentAt);
    }
    return chunk.data.length;
  }

  /** RFC 9260 section 6.3.1. */
  private void measure(long nanos) {
    if (smoothed < 0) {
      smoothed = nanos;
      variance = nanos / 2.0;
    } else {
      variance = 0.75 * variance + 0.25 * Math.abs(smoothed - nanos);
      smoothed = 0.875 * smoothed + 0.125 * nanos;
    }
    rto = Math.clamp((long) (smoothed + 4 * variance), LEAST_RTO, MOST_RTO);
  }

  /** Three reports of something later mean loss (RFC 9260 section 7.2.4). */
  private void findLosses(long highest, long now) {
    boolean any = false;
    for (Chunk chunk : inFlight.values()) {
      if (chunk.tsn >= highest) {
        break;
      }
      if (!chunk.acked && !chunk.lost && ++chunk.missed >= 3) {
        markLost(chunk, now);
        any = true;
      }
    }
    if (any && ackedTsn >= recoverUntil) {
      threshold = Math.max(window / 2, 4 * MTU);
      window = threshold;
      partial = 0;
      recoverUntil = nextTsn - 1;
    }
  }

  /** Slow start and congestion avoidance (RFC 9260 sections 7.2.1 and 7.2.2). */
  private void grow(boolean progress, int ackedBytes, boolean full) {
    if (!progress || !full || ackedTsn < recoverUntil) {
      return;
    }
    if (window <= threshold) {
      window += Math.min(ackedBytes, MTU);
    } else {
      partial += ackedBytes;
      if (partial >= window) {
        partial -= window;
        window += MTU;
      }
    }
    window = Math.min(window, MOST_BUFFERED);
  }

  private boolean onData(byte[] body, int flags) {
    if ((state != State.ESTABLISHED && state != State.COOKIE_ECHOED) || body.length < 13) {
      return false;
    }
    long tsn = unwrap(received, Bytes.u32(body, 0));
    if (tsn <= received || seen.containsKey(tsn)) {
      return true;
    }
    int size = body.length - 12;
    int stream = Bytes.u16(body, 4);
    boolean next = tsn == received + 1;
    if (stream >= STREAMS
        || (!next && pendingBytes + size > WINDOW)
        || pendingBytes + size > 2 * WINDOW
        || tsn - received > 2 * MOST_FRAGMENTS) {
      return true;
    }
    seen.put(tsn, true);
    pending.put(
        tsn,
        new Fragment(
            stream,
            Bytes.u16(body, 6),
            Bytes.i32(body, 8),
            flags,
            Bytes.slice(body, 12, body.length)));
    pendingBytes += size;
    follow();
    if (pending.size() > 2 * MOST_FRAGMENTS) {
      lose(); // No message in order needs so many, and they weigh more than their bytes.
      return true;
    }
    assemble(tsn);
    return true;
  }

  private void follow() {
    while (seen.remove(received + 1) != null) {
      received++;
    }
  }

  /**
   * Puts the message together to which this fragment belongs, if all of it is there. Each fragment
   * learns once where its message begins, so that many small ones cost no more than they weigh.
   */
  private void assemble(long tsn) {
    Fragment fragment = pending.get(tsn);
    if (fragment == null) {
      return;
    }
    if (fragment.begins()) {
      fragment.first = tsn;
      fragment.upToHere = fragment.data.length;
    } else {
      Fragment before = pending.get(tsn - 1);
      boolean orphan = before == null ? tsn - 1 <= received : before.ends();
      if (orphan) {
        pending.remove(tsn); // It continues nothing: its sender does not keep to RFC 9260.
        pendingBytes -= fragment.data.length;
        return;
      }
      if (before == null || before.first < 0) {
        return;
      }
      fragment.follow(before);
    }
    long last = tsn;
    while (true) {
      if (fragment.upToHere > maxMessage || last - fragment.first > MOST_FRAGMENTS) {
        lose(); // The other end ignores the limit in the session description.
        return;
      }
      if (fragment.ends()) {
        break;
      }
      Fragment after = pending.get(last + 1);
      if (after == null || after.begins()) {
        return;
      }
      after.follow(fragment);
      fragment = after;
      last++;
    }
    byte[] whole = new byte[fragment.upToHere];
    int at = 0;
    for (long t = fragment.first; t <= last; t++) {
      Fragment part = pending.remove(t);
      if (part != null) {
        System.arraycopy(part.data, 0, whole, at, part.data.length);
        at += part.data.length;
      }
    }
    pendingBytes -= whole.length;
    deliver(fragment, new Message(fragment.ppid, whole));
  }

  private void deliver(Fragment fragment, Message message) {
    Channel channel = channels.get(fragment.stream);
    if (channel == null) {
      if (!isTheirs(fragment.stream) || channels.size() >= MOST_CHANNELS) {
        return;
      }
      // What comes before the request to open the channel waits for it: that one has number 0.
      var unknown = new DataChannel.Reliability.Reliable();
      channel = new Channel(new DataChannel(fragment.stream, "", "", true, unknown), false);
      channels.put(fragment.stream, channel);
    }
    if ((fragment.flags & 4) != 0) {
      hand(channel, message);
      return;
    }
    if (fragment.ssn == channel.nextSsnIn) {
      channel.nextSsnIn = channel.nextSsnIn + 1 & 0xffff;
      hand(channel, message);
      release(channel);
    } else if ((short) (fragment.ssn - channel.nextSsnIn) > 0) {
      if (channel.waiting.put(fragment.ssn, message) == null) {
        pendingBytes += message.data.length;
      }
    }
  }

  private void release(Channel channel) {
    for (Message next = channel.waiting.remove(channel.nextSsnIn);
        next != null;
        next = channel.waiting.remove(channel.nextSsnIn)) {
      channel.nextSsnIn = channel.nextSsnIn + 1 & 0xffff;
      pendingBytes -= next.data.length;
      hand(channel, next);
    }
  }

  private void hand(Channel channel, Message message) {
    int id = channel.parameters.id();
    if (message.ppid == PPID_CONTROL) {
      onControl(channel, message.data);
      return;
    }
    if (!channel.announced) {
      return;
    }
    switch (message.ppid) {
      case PPID_TEXT -> events.add(new Output.MessageReceived(id, true, message.data));
      case PPID_BINARY -> events.add(new Output.MessageReceived(id, false, message.data));
      case PPID_EMPTY_TEXT -> events.add(new Output.MessageReceived(id, true, new byte[0]));
      case PPID_EMPTY_BINARY -> events.add(new Output.MessageReceived(id, false, new byte[0]));
      default -> {}
    }
  }

  // ---- RFC 8832 ----

  private static byte[] openRequest(DataChannel channel) {
    byte[] label = channel.label().getBytes(StandardCharsets.UTF_8);
    byte[] protocol = channel.protocol().getBytes(StandardCharsets.UTF_8);
    byte[] b = new byte[12 + label.length + protocol.length];
    b[0] = 3;
    int unordered = channel.ordered() ? 0 : 0x80;
    switch (channel.reliability()) {
      case DataChannel.Reliability.Reliable r -> b[1] = (byte) unordered;
      case DataChannel.Reliability.MaxRetransmits m -> {
        b[1] = (byte) (unordered | 1);
        Bytes.put32(b, 4, (int) m.count());
      }
      case DataChannel.Reliability.MaxLifetime m -> {
        b[1] = (byte) (unordered | 2);
        Bytes.put32(b, 4, (int) m.millis());
      }
    }
    Bytes.put16(b, 8, label.length);
    Bytes.put16(b, 10, protocol.length);
    System.arraycopy(label, 0, b, 12, label.length);
    System.arraycopy(protocol, 0, b, 12 + label.length, protocol.length);
    return b;
  }

  private boolean isTheirs(int stream) {
    return (stream & 1) == (client ? 1 : 0);
  }

  private void onControl(Channel channel, byte[] b) {
    if (b.length >= 1 && b[0] == 2 && channel.announced && !channel.open) {
      channel.open = true;
      events.add(new Output.ChannelOpened(channel.parameters));
      return;
    }
    if (b.length < 12 || b[0] != 3 || channel.announced) {
      return;
    }
    int label = Bytes.u16(b, 8);
    int protocol = Bytes.u16(b, 10);
    if (label > 1024 || protocol > 1024 || b.length != 12 + label + protocol) {
      return;
    }
    long limit = Bytes.u32(b, 4);
    DataChannel.Reliability reliability =
        switch (b[1] & 0x7f) {
          case 1 -> new DataChannel.Reliability.MaxRetransmits(limit);
          case 2 -> new DataChannel.Reliability.MaxLifetime(limit);
          default -> new DataChannel.Reliability.Reliable();
        };
    var parameters =
        new DataChannel(
            channel.parameters.id(),
            new String(b, 12, label, StandardCharsets.UTF_8),
            new String(b, 12 + label, protocol, StandardCharsets.UTF_8),
            (b[1] & 0x80) == 0,
            reliability);
    channel.parameters = parameters;
    channel.announced = true;
    channel.open = true;
    events.add(new Output.ChannelOpened(parameters));
    var ack = new Outgoing(PPID_CONTROL, 0);
    ack.ssn = channel.nextSsnOut++;
    queue.add(new Chunk(channel, ack, new byte[] {2}, 3));
    buffered++;
  }

  // ---- partial reliability and resets, from the other end ----

  private boolean onForward(byte[] body) {
    if (state != State.ESTABLISHED || body.length < 4) {
      return false;
    }
    long target = unwrap(received, Bytes.u32(body, 0));
    if (target <= received || target - received > 1 << 20) {
      return true;
    }
    received = target;
    seen.headMap(target, true).clear();
    var given = pending.headMap(target, true);
    for (Fragment fragment : given.values()) {
      pendingBytes -= fragment.data.length;
    }
    given.clear();
    for (int at = 4; at + 4 <= body.length; at += 4) {
      Channel channel = channels.get(Bytes.u16(body, at));
      int ssn = Bytes.u16(body, at + 2);
      if (channel != null && (short) (ssn - channel.nextSsnIn) >= 0) {
        for (var e : List.copyOf(channel.waiting.entrySet())) {
          if ((short) (e.getKey() - ssn) <= 0) {
            channel.waiting.remove(e.getKey());
            pendingBytes -= e.getValue().data.length;
            hand(channel, e.getValue());
          }
        }
        channel.nextSsnIn = ssn + 1 & 0xffff;
        release(channel);
      }
    }
    follow();
    return true;
  }

  private void onReconfig(byte[] body, long now) {
    if (state != State.ESTABLISHED) {
      return;
    }
    int at = 0;
    for (int count = 0; at + 4 <= body.length && count < 2; count++) {
      int type = Bytes.u16(body, at);
      int length = Bytes.u16(body, at + 2);
      if (length < 4 || at + length > body.length) {
        return;
      }
      if (type == 13 && length >= 16) {
        onResetRequest(body, at, length, now);
      } else if (type == 16
          && length >= 12
          && Bytes.i32(body, at + 4) == resetRequest
          && !resetting.isEmpty()
          && Bytes.i32(body, at + 8) != 6) {
        resetRequest++;
        resetting.subList(0, Math.min(64, resetting.size())).clear();
        sendReset(now);
      }
      at += length + Bytes.padding(length);
    }
  }

  private void onResetRequest(byte[] body, int at, int length, long now) {
    long request = Bytes.u32(body, at + 4);
    boolean late = unwrap(received, Bytes.u32(body, at + 12)) > received;
    int result = late ? 6 : 1;
    if (!late && request != remoteResetRequest) {
      remoteResetRequest = request;
      for (int p = at + 16; p + 2 <= at + length; p += 2) {
        onReset(Bytes.u16(body, p), now);
      }
    }
    byte[] response = new byte[12];
    Bytes.put16(response, 0, 16);
    Bytes.put16(response, 2, 12);
    Bytes.put32(response, 4, (int) request);
    Bytes.put32(response, 8, result);
    var packet = new Packet(remoteTag);
    packet.chunk(RECONFIG, 0, response);
    flush(packet);
  }

  private void onReset(int stream, long now) {
    Channel channel = channels.get(stream);
    if (channel != null) {
      channel.waiting.values().forEach(m -> pendingBytes -= m.data.length);
      if (channel.announced) {
        events.add(new Output.ChannelClosed(stream));
      }
      close(stream, now);
    }
  }

  /** An SCTP packet that grows. */
  private static final class Packet {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream(MTU);

    Packet(int tag) {
      byte[] header = new byte[12];
      Bytes.put16(header, 0, PORT);
      Bytes.put16(header, 2, PORT);
      Bytes.put32(header, 4, tag);
      out.writeBytes(header);
    }

    void chunk(int type, int flags, byte[] body) {
      int length = 4 + body.length;
      byte[] head = {(byte) type, (byte) flags, 0, 0};
      Bytes.put16(head, 2, length);
      out.writeBytes(head);
      out.writeBytes(body);
      out.writeBytes(new byte[Bytes.padding(length)]);
    }

    int size() {
      return out.size();
    }

    byte[] seal() {
      byte[] b = out.toByteArray();
      Bytes.put32(b, 8, checksum(b, b.length));
      return b;
    }
  }
}
