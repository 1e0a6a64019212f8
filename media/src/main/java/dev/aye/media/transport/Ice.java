package dev.aye.media.transport;

import java.net.InetSocketAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One end of ICE (RFC 8445): finds and keeps the path to the other end. */
sealed interface Ice permits IceLite, IceClient {

  /** Where its datagrams go. */
  interface Wire {
    void send(InetSocketAddress to, byte[] datagram);
  }

  /** The newest local credentials. */
  IceCredentials local();

  /** Draws new credentials; the old path goes on until they have nominated one. */
  IceCredentials restart(long now);

  void setRemote(IceCredentials remote, long now);

  void addCandidate(InetSocketAddress candidate, long now);

  /** Takes a datagram that looks like STUN. */
  void handle(byte[] datagram, InetSocketAddress from, long now);

  void handleTimeout(long now);

  long nextTimeout();

  /** The nominated remote address; null before there is one. */
  @Nullable InetSocketAddress path();

  /** Whether this address has proved that it holds the credentials (or was given to us to try). */
  boolean knows(InetSocketAddress from);

  /** The addresses for which {@link #knows} holds. */
  List<InetSocketAddress> known();

  /** Whether consent has run out or nothing authentic was heard for too long. */
  boolean expired(long now);
}
