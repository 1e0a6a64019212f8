package dev.aye.media.transport;

import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
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
@SuppressWarnings("DoNotCallSuggester")
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

  private final Role role;
  private final DtlsIdentity identity;
  private final ArrayDeque<Output> outputs = new ArrayDeque<>();
  private IceCredentials local;

  public Peer(
      Role role, DtlsIdentity identity, SecureRandom random, Settings settings, long nowNanos) {
    this.role = role;
    this.identity = identity;
    this.local = IceCredentials.draw(random);
  }

  public Role role() {
    return role;
  }

  /** What the signalling tells the other end, besides {@link #fingerprint}. */
  public IceCredentials localCredentials() {
    return local;
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
    throw new UnsupportedOperationException("in the next landing");
  }

  /** Client: an address to try. At most 16; more are ignored. */
  public void addRemoteCandidate(InetSocketAddress candidate, long nowNanos) {
    throw new UnsupportedOperationException("in the next landing");
  }

  /**
   * Draws new local credentials. The old path goes on until the new credentials have nominated one;
   * from then on the old credentials nominate nothing.
   */
  public IceCredentials restartIce(long nowNanos) {
    throw new UnsupportedOperationException("in the next landing");
  }

  /** Takes a datagram from the network. The array becomes the peer's. */
  public void handle(byte[] datagram, InetSocketAddress from, long nowNanos) {
    throw new UnsupportedOperationException("in the next landing");
  }

  /** Lets time pass; harmless when nothing is due. */
  public void handleTimeout(long nowNanos) {
    throw new UnsupportedOperationException("in the next landing");
  }

  /** When {@link #handleTimeout} is next due; {@link Long#MAX_VALUE} for never. */
  public long nextTimeout() {
    return Long.MAX_VALUE;
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
    throw new UnsupportedOperationException("in the next landing");
  }

  /** Media may flow. */
  public boolean isConnected() {
    return false;
  }

  /**
   * Sends an RTP packet. False if it was not sent: not connected, too large, or its sequence number
   * was sent before on this SSRC (a nonce must not be used twice: use {@link #resendRtp}).
   */
  public boolean sendRtp(RtpPacket packet) {
    throw new UnsupportedOperationException("in the next landing");
  }

  /** Sends an earlier packet again, bit for bit. False if it is no longer kept. */
  public boolean resendRtp(int ssrc, int sequence) {
    throw new UnsupportedOperationException("in the next landing");
  }

  /** Sends a compound RTCP packet. False if not connected or too large. */
  public boolean sendRtcp(List<Rtcp> packets) {
    throw new UnsupportedOperationException("in the next landing");
  }

  /** Opens a data channel and returns its id; -1 if data is not ready or there are too many. */
  public int openChannel(
      String label,
      String protocol,
      boolean ordered,
      DataChannel.Reliability reliability,
      long nowNanos) {
    throw new UnsupportedOperationException("in the next landing");
  }

  /**
   * Queues a message. False if the channel is not open, the message too large or the queue full.
   */
  public boolean sendMessage(int channel, boolean text, byte[] data, long nowNanos) {
    throw new UnsupportedOperationException("in the next landing");
  }

  /** Bytes queued for sending and not yet acknowledged, over all channels. */
  public int bufferedBytes() {
    return 0;
  }

  /** Closes one data channel. */
  public void closeChannel(int channel, long nowNanos) {
    throw new UnsupportedOperationException("in the next landing");
  }

  /** Says goodbye and ends with {@link Output.Closed}. */
  public void close(long nowNanos) {
    throw new UnsupportedOperationException("in the next landing");
  }
}
