package dev.aye.media.transport;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aye.media.transport.SimulatedCall.Conditions;
import java.net.InetSocketAddress;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What somebody on the network path can do: forge datagrams of every kind from the right address.
 */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PeerFuzzTest {

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void forgedDatagramsDoNotDisturbAnEstablishedTransport(long seed) {
    var random = new Random(seed);
    var call = new SimulatedCall(seed, Conditions.PERFECT).connected();
    for (int i = 0; i < 5000; i++) {
      call.server.handle(forged(random), call.clientAddress, call.now);
      call.client.handle(forged(random), call.serverAddress, call.now);
      call.drain();
    }
    assertThat(call.server.isConnected()).isTrue();
    assertThat(call.client.isConnected()).isTrue();
    assertThat(call.at(call.atServer, Output.RtpReceived.class)).isEmpty();
    assertThat(call.at(call.atServer, Output.RtcpReceived.class)).isEmpty();

    call.client.sendRtp(
        new RtpPacket(111, false, 1, 1, 1, RtpExtensions.NONE, new byte[] {1, 2, 3}));
    call.run(100);
    assertThat(call.at(call.atServer, Output.RtpReceived.class)).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(longs = {4, 5, 6})
  void forgedDatagramsDuringTheHandshakeNeverThrow(long seed) {
    var random = new Random(seed);
    var call = new SimulatedCall(seed, Conditions.PERFECT).introduce();
    call.runUntil(() -> call.client.path() != null, 1000);
    for (int i = 0; i < 200; i++) {
      call.server.handle(forged(random), call.clientAddress, call.now);
      call.drain();
    }
    call.run(21_000);
    assertThat(call.at(call.atServer, Output.Closed.class))
        .allMatch(c -> c.reason() != Output.Reason.INTERNAL);
  }

  @ParameterizedTest
  @ValueSource(longs = {7})
  void aStrangersAddressIsNotHeardEvenWithTheRightFirstByte(long seed) {
    var random = new Random(seed);
    var call = new SimulatedCall(seed, Conditions.PERFECT).connected();
    var stranger = new InetSocketAddress("203.0.113.66", 9);
    int before = call.datagrams;
    for (int i = 0; i < 2000; i++) {
      call.server.handle(forged(random), stranger, call.now);
      call.drain();
    }
    assertThat(call.datagrams).isEqualTo(before);
    assertThat(call.server.path()).isEqualTo(call.clientAddress);
  }

  @Test
  void checksThatKnowTheNamesButNotThePasswordAreNeitherAnsweredNorRemembered() {
    var call = new SimulatedCall(8, Conditions.PERFECT).connected();
    String names =
        call.server.localCredentials().ufrag() + ":" + call.client.localCredentials().ufrag();
    byte[] transaction = new byte[12];
    for (int i = 0; i < 20_000; i++) {
      Bytes.put32(transaction, 0, i);
      byte[] check = Stun.request(transaction, names, "wrong".repeat(5), 1, 1, true);
      call.server.handle(check, stranger(i), call.now);
      assertThat(call.server.poll()).isNull();
    }
    assertThat(call.server.remoteAddresses()).containsExactly(call.clientAddress);
    assertThat(call.server.path()).isEqualTo(call.clientAddress);
  }

  @Test
  void aClientWhoseChecksComeFromEverywhereIsRememberedAtAFewAddresses() {
    var call = new SimulatedCall(9, Conditions.PERFECT).connected();
    String names =
        call.server.localCredentials().ufrag() + ":" + call.client.localCredentials().ufrag();
    byte[] transaction = new byte[12];
    for (int i = 0; i < 2000; i++) {
      Bytes.put32(transaction, 0, i);
      String password = call.server.localCredentials().password();
      byte[] check = Stun.request(transaction, names, password, 1, 1, false);
      call.server.handle(check, stranger(i), call.now);
      call.drain();
    }
    assertThat(call.server.remoteAddresses()).hasSizeLessThanOrEqualTo(8);
    assertThat(call.server.path()).isEqualTo(call.clientAddress);
  }

  private static InetSocketAddress stranger(int i) {
    return new InetSocketAddress("203.0." + ((i >> 8) & 0xff) + "." + (i & 0xff), 5000);
  }

  private static byte[] forged(Random random) {
    byte[] b = new byte[4 + random.nextInt(200)];
    random.nextBytes(b);
    int[] firsts = {0, 1, 20, 21, 22, 23, 24, 63, 128, 129, 144, 191, 64, 255};
    b[0] = (byte) firsts[random.nextInt(firsts.length)];
    if (b[0] >= 20 && b[0] <= 63 && b.length > 13) {
      b[1] = (byte) 0xfe;
      b[2] = (byte) 0xfd;
      Bytes.put16(b, 3, random.nextInt(3));
      Bytes.put16(b, 11, random.nextBoolean() ? b.length - 13 : random.nextInt(300));
    } else if (b[0] == 1 && b.length > 8) {
      Bytes.put32(b, 4, Stun.COOKIE);
    }
    return b;
  }
}
