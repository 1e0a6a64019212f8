package dev.aye.media.transport;

import java.net.InetSocketAddress;
import java.util.List;

/** What a {@link Peer} wants done or known; drained with {@link Peer#poll}. */
@SuppressWarnings("ArrayRecordComponent") // packets, compared by identity
public sealed interface Output {

  /** A datagram to be sent. The array is the receiver's to keep but not to change. */
  record Transmit(InetSocketAddress to, byte[] datagram) implements Output {}

  /** Something that happened. */
  sealed interface Event extends Output {}

  /** ICE has a path and DTLS is done: media may flow. Comes once. */
  record Connected() implements Event {}

  /** The path moved to another remote address (roaming or ICE restart). */
  record PathChanged(InetSocketAddress remote) implements Event {}

  /** An authentic RTP packet; sequence order is the network's. */
  record RtpReceived(RtpPacket packet, long atNanos) implements Event {}

  /** An authentic compound RTCP packet. */
  record RtcpReceived(List<Rtcp> packets, long atNanos) implements Event {}

  /** The SCTP association is up: {@link Peer#openChannel} has an effect now. Comes at most once. */
  record DataReady() implements Event {}

  /** The remote side opened a channel, or it confirmed one of ours. */
  record ChannelOpened(DataChannel channel) implements Event {}

  /** A channel was closed by the remote side. */
  record ChannelClosed(int channel) implements Event {}

  /** A whole message. */
  record MessageReceived(int channel, boolean text, byte[] data) implements Event {}

  /** Data channels are lost (the association was aborted); audio and video go on. */
  record DataLost() implements Event {}

  /** The end; nothing comes after it. */
  record Closed(Reason reason) implements Event {}

  /** Why a transport ended. */
  enum Reason {
    /** {@link Peer#close} was called. */
    LOCAL,
    /** The remote side said goodbye (DTLS close_notify or alert). */
    REMOTE,
    /** The server heard no authentic connectivity check, or the client got no consent, in time. */
    TIMEOUT,
    /** DTLS failed or took too long. */
    HANDSHAKE,
    /** The certificate was not the one in the signalling. */
    FINGERPRINT,
    /** Something of ours broke; never the remote side's doing. */
    INTERNAL
  }
}
