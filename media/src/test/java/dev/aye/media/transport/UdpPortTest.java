package dev.aye.media.transport;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UdpPortTest {
  private static final SecureRandom RANDOM = new SecureRandom();

  /** Real sockets, real clock, handshake on its own thread: as in production. */
  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1", "::1"})
  void twoClientsShareOneServerPort(String host) throws Exception {
    ScheduledExecutorService owner = Executors.newSingleThreadScheduledExecutor();
    var any = new InetSocketAddress(InetAddress.getByName(host), 0);
    try (var server = UdpPort.open(any, System::nanoTime);
        var one = UdpPort.open(any, System::nanoTime);
        var two = UdpPort.open(any, System::nanoTime)) {
      var first = call(owner, server, one, "first");
      var second = call(owner, server, two, "second");

      assertThat(first.get(20, TimeUnit.SECONDS)).isEqualTo("first");
      assertThat(second.get(20, TimeUnit.SECONDS)).isEqualTo("second");
    } finally {
      owner.shutdownNow();
    }
  }

  private static CompletableFuture<String> call(
      ScheduledExecutorService owner, UdpPort serverPort, UdpPort clientPort, String message) {
    var arrived = new CompletableFuture<String>();
    owner.execute(() -> {
      long now = System.nanoTime();
      var server =
          new Peer(
              Peer.Role.SERVER, SimulatedCall.SERVER_IDENTITY, RANDOM, Peer.Settings.DEFAULT, now);
      var client =
          new Peer(
              Peer.Role.CLIENT, SimulatedCall.CLIENT_IDENTITY, RANDOM, Peer.Settings.DEFAULT, now);
      server.setRemote(client.localCredentials(), client.fingerprint(), now);
      client.setRemote(server.localCredentials(), server.fingerprint(), now);
      client.addRemoteCandidate(serverPort.address(), now);
      serverPort.attach(
          server,
          owner,
          event -> {
            if (event instanceof Output.MessageReceived m) {
              arrived.complete(new String(m.data(), java.nio.charset.StandardCharsets.UTF_8));
            }
          });
      clientPort.attach(
          client,
          owner,
          event -> {
            if (event instanceof Output.DataReady) {
              long at = System.nanoTime();
              var reliable = new DataChannel.Reliability.Reliable();
              int id = client.openChannel("_reliable", "", true, reliable, at);
              client.sendMessage(
                  id, true, message.getBytes(java.nio.charset.StandardCharsets.UTF_8), at);
            }
          });
    });
    return arrived;
  }
}
