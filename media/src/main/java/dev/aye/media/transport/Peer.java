package dev.aye.media.transport;

import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One end of a WebRTC transport as a state machine: datagrams and time in, {@link Output}s out.
 *
 * <p>Confined to one thread. After any call that may change something (handle, handleTimeout,
 * send…, openChannel, close) the owner drains {@link #poll} and asks {@link #nextTimeout} anew.
 * Times are {@link System#nanoTime} values or any other monotonic count of nanoseconds.
 *
 * <p>Nothing from the network makes a method throw; memory is bounded by the constants of the
 * parts.
 */
public final class Peer {

  /** Which part of the handshake this end plays. */
  public enum Role {
    /** ICE-lite, controlled; DTLS passive. */
    SERVER,
    /** Full ICE with one host candidate, controlling; DTLS active. */
    CLIENT
  }

  /**
   * Limits.
   *
   * @param handshakeTimeout from the first path to the end of DTLS
   * @param idleTimeout how long without an authentic connectivity check (server) or consent
   *     (client)
   * @param maxMessage largest data message in bytes, on both ways
   */
  public record Settings(Duration handshakeTimeout, Duration idleTimeout, int maxMessage) {
    public static final Settings DEFAULT =
        new Settings(Duration.ofSeconds(20), Duration.ofSeconds(30), 256 * 1024);
  }

  private static final int MOST_OUTPUTS = 8192;
  private static final int KEPT_PACKETS = 2048;

  private final Role role;
  private final DtlsIdentity identity;
  private final Ice ice;
  private final Dtls dtls;
  private final Sctp sctp;
  private final ArrayDeque<Output> outputs = new ArrayDeque<>();
  private final Map<Long, byte[]> kept = new HashMap<>();
  private final ArrayDeque<Long> keptOrder = new ArrayDeque<>();
  private final byte[] scratch = new byte[RtpPacket.MAX_SIZE + Srtp.OVERHEAD];
  private @Nullable Fingerprint expected;
  private @Nullable InetSocketAddress announcedPath;
  private @Nullable Srtp outgoing;
  private @Nullable Srtp incoming;
  private boolean closed;

  public Peer(
      Role role, DtlsIdentity identity, SecureRandom random, Settings settings, long nowNanos) {
    this.role = role;
    this.identity = identity;
    long idle = settings.idleTimeout.toNanos();
    Ice.Wire wire = this::transmit;
    this.ice =
        role == Role.SERVER
            ? new IceLite(random, wire, idle, nowNanos)
            : new IceClient(random, wire, idle, nowNanos);
    this.dtls = new Dtls(role, identity, random, settings.handshakeTimeout.toNanos());
    this.sctp = new Sctp(role == Role.CLIENT, random, settings.maxMessage);
  }

  public Role role() {
    return role;
  }

  /** What the signalling tells the other end, besides {@link #fingerprint}. */
  public IceCredentials localCredentials() {
    return ice.local();
  }

  public Fingerprint fingerprint() {
    return identity.fingerprint();
  }

  /**
   * What the signalling said about the other end; again after an ICE restart (then with the same
   * fingerprint: the DTLS association stays). Until the first call nothing from the network is
   * taken.
   *
   * @throws IllegalStateException if the fingerprint changes
   */
  public void setRemote(IceCredentials remote, Fingerprint fingerprint, long nowNanos) {
    if (expected != null && !expected.equals(fingerprint)) {
      throw new IllegalStateException("the fingerprint changed within one transport");
    }
    expected = fingerprint;
    ice.setRemote(remote, nowNanos);
  }

  /** Client: an address to try. At most 16; more are ignored. */
  public void addRemoteCandidate(InetSocketAddress candidate, long nowNanos) {
    ice.addCandidate(candidate, nowNanos);
  }

  /**
   * Draws new local credentials. The old path goes on until the new credentials have nominated one;
   * the old credentials nominate nothing from now on.
   */
  public IceCredentials restartIce(long nowNanos) {
    return ice.restart(nowNanos);
  }

  /** The remote addresses from which datagrams are taken, for routing. */
  public List<InetSocketAddress> remoteAddresses() {
    return ice.known();
  }

  /** The nominated remote address; null before there is one. */
  public @Nullable InetSocketAddress path() {
    return ice.path();
  }

  /** Takes a datagram from the network. The array becomes the peer's. */
  public void handle(byte[] datagram, InetSocketAddress from, long nowNanos) {
    if (closed || expected == null || datagram.length < 4) {
      return;
    }
    int first = datagram[0] & 0xff;
    if (first <= 3) {
      ice.handle(datagram, from, nowNanos);
      followPath(nowNanos);
    } else if (!ice.knows(from)) {
      return;
    } else if (first >= 20 && first <= 63) {
      handleDtls(datagram, nowNanos);
    } else if (first >= 128 && first <= 191) {
      handleMedia(datagram, nowNanos);
    }
  }

  private void followPath(long now) {
    InetSocketAddress path = ice.path();
    Fingerprint fingerprint = expected;
    if (path == null || fingerprint == null || path.equals(announcedPath)) {
      return;
    }
    boolean first = announcedPath == null;
    announcedPath = path;
    if (first) {
      dtls.start(fingerprint, now);
      afterDtls(now);
    } else {
      emit(new Output.PathChanged(path));
    }
  }

  private void handleDtls(byte[] datagram, long now) {
    dtls.handle(datagram, now);
    afterDtls(now);
  }

  private void afterDtls(long now) {
    switch (dtls.state()) {
      case Dtls.State.Idle idle -> {}
      case Dtls.State.Handshaking handshaking -> {}
      case Dtls.State.Established established -> {
        if (outgoing == null) {
          outgoing = established.outgoing();
          incoming = established.incoming();
          emit(new Output.Connected());
          sctp.start(now);
        }
      }
      case Dtls.State.Ended ended -> {}
    }
    for (byte[] p = dtls.pollData(); p != null; p = dtls.pollData()) {
      sctp.handle(p, now);
    }
    for (byte[] p = sctp.pollPacket(); p != null; p = sctp.pollPacket()) {
      dtls.send(p);
    }
    for (Output.Event e = sctp.pollEvent(); e != null; e = sctp.pollEvent()) {
      emit(e);
    }
    InetSocketAddress path = ice.path();
    for (byte[] d = dtls.pollDatagram(); d != null; d = dtls.pollDatagram()) {
      if (path != null) {
        transmit(path, d);
      }
    }
    if (dtls.state() instanceof Dtls.State.Ended ended) {
      end(ended.reason());
    }
  }

  /** RFC 5761 section 4: RTCP has packet types 192 to 223 in its second byte. */
  private void handleMedia(byte[] datagram, long now) {
    Srtp opener = incoming;
    if (opener == null || datagram.length > scratch.length) {
      return;
    }
    int second = datagram[1] & 0xff;
    if (second >= 192 && second <= 223) {
      int length = opener.unprotectRtcp(datagram, datagram.length);
      if (length >= 0) {
        Rtcp.parse(datagram, length).ifPresent(p -> emit(new Output.RtcpReceived(p, now)));
      }
    } else {
      int length = opener.unprotectRtp(datagram, datagram.length);
      if (length >= 0) {
        RtpPacket.parse(datagram, length).ifPresent(p -> emit(new Output.RtpReceived(p, now)));
      }
    }
  }

  /** Lets time pass; harmless when nothing is due. */
  public void handleTimeout(long nowNanos) {
    if (closed) {
      return;
    }
    ice.handleTimeout(nowNanos);
    dtls.handleTimeout(nowNanos);
    sctp.handleTimeout(nowNanos);
    afterDtls(nowNanos);
    if (!closed && ice.expired(nowNanos)) {
      dtls.close();
      end(Output.Reason.TIMEOUT);
    }
  }

  /** When {@link #handleTimeout} is next due; {@link Long#MAX_VALUE} for never. */
  public long nextTimeout() {
    return closed
        ? Long.MAX_VALUE
        : Math.min(ice.nextTimeout(), Math.min(dtls.nextTimeout(), sctp.nextTimeout()));
  }

  /** The next output; null when drained. */
  public @Nullable Output poll() {
    return outputs.poll();
  }

  /**
   * Has the DTLS handshake run on a thread of its own, and {@code wake} called from that thread
   * whenever it has got on: the owner is then to call {@link #handleTimeout} and drain. Without
   * this call each step of the handshake is waited for, so that a simulation is deterministic.
   */
  public void wakeBy(Runnable wake) {
    dtls.wakeBy(wake);
  }

  /** Media may flow. */
  public boolean isConnected() {
    return outgoing != null && !closed;
  }

  /**
   * Sends an RTP packet. False if it was not sent: not connected, too large, or its sequence number
   * was sent before on this SSRC (a nonce must not be used twice: use {@link #resendRtp}).
   */
  public boolean sendRtp(RtpPacket packet) {
    Srtp sealer = outgoing;
    InetSocketAddress path = ice.path();
    if (sealer == null || path == null || closed || packet.size() > RtpPacket.MAX_SIZE) {
      return false;
    }
    int length = sealer.protectRtp(scratch, packet.write(scratch));
    if (length < 0) {
      return false;
    }
    byte[] datagram = Bytes.slice(scratch, 0, length);
    keep(key(packet.ssrc(), packet.sequence()), datagram);
    transmit(path, datagram);
    return true;
  }

  /** Sends an earlier packet again, bit for bit. False if it is no longer kept. */
  public boolean resendRtp(int ssrc, int sequence) {
    byte[] datagram = kept.get(key(ssrc, sequence));
    InetSocketAddress path = ice.path();
    if (datagram == null || path == null || closed) {
      return false;
    }
    transmit(path, datagram);
    return true;
  }

  private void keep(long key, byte[] datagram) {
    if (kept.put(key, datagram) == null) {
      keptOrder.add(key);
      if (keptOrder.size() > KEPT_PACKETS) {
        kept.remove(keptOrder.remove());
      }
    }
  }

  private static long key(int ssrc, int sequence) {
    return (long) ssrc << 16 | (sequence & 0xffff);
  }

  /** Sends a compound RTCP packet. False if not connected or too large. */
  public boolean sendRtcp(List<Rtcp> packets) {
    Srtp sealer = outgoing;
    InetSocketAddress path = ice.path();
    if (sealer == null || path == null || closed || packets.isEmpty()) {
      return false;
    }
    byte[] plain = Rtcp.encode(packets);
    if (plain.length > Rtcp.MAX_SIZE) {
      return false;
    }
    transmit(path, sealer.protectRtcp(plain));
    return true;
  }

  /** Opens a data channel and returns its id; -1 if data is not ready or there are too many. */
  public int openChannel(
      String label,
      String protocol,
      boolean ordered,
      DataChannel.Reliability reliability,
      long nowNanos) {
    int id = closed ? -1 : sctp.open(label, protocol, ordered, reliability, nowNanos);
    afterDtls(nowNanos);
    return id;
  }

  /**
   * Queues a message. False if the channel is not open, the message too large or the queue full.
   */
  public boolean sendMessage(int channel, boolean text, byte[] data, long nowNanos) {
    boolean queued = !closed && sctp.send(channel, text, data, nowNanos);
    afterDtls(nowNanos);
    return queued;
  }

  /** Bytes queued for sending and not yet acknowledged, over all channels. */
  public int bufferedBytes() {
    return sctp.buffered();
  }

  /** Closes one data channel. */
  public void closeChannel(int channel, long nowNanos) {
    sctp.close(channel, nowNanos);
    afterDtls(nowNanos);
  }

  /** Says goodbye and ends with {@link Output.Closed}. */
  public void close(long nowNanos) {
    if (!closed) {
      dtls.close();
      afterDtls(nowNanos);
    }
  }

  private void end(Output.Reason reason) {
    if (!closed) {
      closed = true;
      outputs.add(new Output.Closed(reason));
    }
  }

  private void transmit(InetSocketAddress to, byte[] datagram) {
    emit(new Output.Transmit(to, datagram));
  }

  /** An owner who does not drain loses packets, not memory. */
  private void emit(Output output) {
    if (outputs.size() < MOST_OUTPUTS) {
      outputs.add(output);
    }
  }
}
