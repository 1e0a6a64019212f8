package dev.aye.media;

import dev.aye.media.transport.DtlsIdentity;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * What all rooms of a server share: time, randomness, certificate, addresses and the network.
 * {@code nanos} is monotonic, {@code clock} is the wall clock.
 *
 * @param candidates the addresses that clients are told
 */
record Context(
    DtlsIdentity identity,
    SecureRandom random,
    InstantSource clock,
    LongSupplier nanos,
    List<InetSocketAddress> candidates,
    Network network,
    RoomListener listener,
    TokenKey tokens) {

  private static final String LETTERS =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ23456789";

  /** A fresh id such as {@code PA_x7Hq…}, 71 bits of randomness. */
  String id(String prefix) {
    StringBuilder out = new StringBuilder(prefix);
    for (int i = 0; i < 12; i++) {
      out.append(LETTERS.charAt(random.nextInt(LETTERS.length())));
    }
    return out.toString();
  }

  int ssrc() {
    int ssrc;
    do {
      ssrc = random.nextInt();
    } while (ssrc == 0 || ssrc == Member.SERVER_SSRC);
    return ssrc;
  }
}
