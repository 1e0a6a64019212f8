package dev.aye.media.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.aye.media.transport.SimulatedCall.Conditions;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@org.junit.jupiter.api.Timeout(
    value = 60,
    threadMode = org.junit.jupiter.api.Timeout.ThreadMode.SEPARATE_THREAD)
class PeerTest {
  private static RtpPacket packet(int sequence) {
    return new RtpPacket(
        111, false, sequence & 0xffff, sequence * 960, 0x1234, RtpExtensions.NONE, new byte[80]);
  }

  @Test
  void twoPeersConnectOnAPerfectNetwork() {
    var call = new SimulatedCall(1, Conditions.PERFECT).connected();

    assertThat(call.atClient).contains(new Output.Connected());
    assertThat(call.atServer).contains(new Output.Connected());
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void twoPeersConnectAtFivePercentLossAndAHundredMillisecondsOfJitter(long seed) {
    var call = new SimulatedCall(seed, Conditions.BAD).connected();

    assertThat(call.client.isConnected()).isTrue();
    assertThat(call.server.isConnected()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(longs = {11, 12, 13})
  void twoPeersConnectAtThirtyPercentLoss(long seed) {
    var call = new SimulatedCall(seed, new Conditions(0.3, 20, 20, 0)).connected();

    assertThat(call.client.isConnected()).isTrue();
    assertThat(call.server.isConnected()).isTrue();
  }

  @Test
  void mediaFlowsBothWaysAndOnlyWhatTheNetworkLostIsMissing() {
    var call = new SimulatedCall(3, Conditions.BAD).connected();
    for (int i = 0; i < 500; i++) {
      assertThat(call.client.sendRtp(packet(65400 + i))).isTrue();
      assertThat(call.server.sendRtp(packet(i))).isTrue();
      call.run(20);
    }
    call.run(1000);

    assertThat(call.at(call.atServer, Output.RtpReceived.class)).hasSizeBetween(440, 500);
    assertThat(call.at(call.atClient, Output.RtpReceived.class)).hasSizeBetween(440, 500);
  }

  @Test
  void feedbackArrives() {
    var call = new SimulatedCall(3, Conditions.PERFECT).connected();
    List<Rtcp> feedback =
        List.of(new Rtcp.ReceiverReport(7, List.of()), new Rtcp.Nack(7, 8, List.of(1, 2, 40)));
    call.server.sendRtcp(feedback);
    call.run(100);

    assertThat(call.at(call.atClient, Output.RtcpReceived.class))
        .singleElement()
        .satisfies(e -> assertThat(e.packets()).isEqualTo(feedback));
  }

  @Test
  void aSequenceNumberIsNeverEncryptedTwice() {
    var call = new SimulatedCall(3, Conditions.PERFECT).connected();

    assertThat(call.client.sendRtp(packet(5))).isTrue();
    assertThat(call.client.sendRtp(packet(5).withMarker(true))).isFalse();
  }

  @Test
  void aResentPacketRepairsALossAndIsIgnoredIfItWasNone() {
    var call = new SimulatedCall(3, Conditions.PERFECT).connected();
    call.client.sendRtp(packet(1));
    call.run(10);
    call.cut = true;
    call.client.sendRtp(packet(2));
    call.run(10);
    call.cut = false;
    assertThat(call.client.resendRtp(0x1234, 1)).isTrue();
    assertThat(call.client.resendRtp(0x1234, 2)).isTrue();
    assertThat(call.client.resendRtp(0x1234, 3)).isFalse();
    call.run(100);

    assertThat(call.at(call.atServer, Output.RtpReceived.class))
        .extracting(e -> e.packet().sequence())
        .containsExactly(1, 2);
  }

  @Test
  void aWrongCertificateEndsTheTransport() {
    var call = new SimulatedCall(3, Conditions.PERFECT);
    var other = DtlsIdentity.create(new SecureRandom(), Instant.EPOCH).fingerprint();
    call.server.setRemote(call.client.localCredentials(), other, call.now);
    call.client.setRemote(call.server.localCredentials(), call.server.fingerprint(), call.now);
    call.client.addRemoteCandidate(call.serverAddress, call.now);
    call.run(5000);

    assertThat(call.atServer).containsExactly(new Output.Closed(Output.Reason.FINGERPRINT));
    assertThat(call.client.isConnected()).isFalse();
  }

  @Test
  void theClientChecksTheServersCertificateToo() {
    var call = new SimulatedCall(3, Conditions.PERFECT);
    var other = DtlsIdentity.create(new SecureRandom(), Instant.EPOCH).fingerprint();
    call.server.setRemote(call.client.localCredentials(), call.client.fingerprint(), call.now);
    call.client.setRemote(call.server.localCredentials(), other, call.now);
    call.client.addRemoteCandidate(call.serverAddress, call.now);
    call.run(5000);

    assertThat(call.atClient).containsExactly(new Output.Closed(Output.Reason.FINGERPRINT));
    assertThat(call.server.isConnected()).isFalse();
  }

  @Test
  void theFingerprintCannotChange() {
    var call = new SimulatedCall(3, Conditions.PERFECT).introduce();

    assertThatThrownBy(() ->
            call.server.setRemote(
                call.client.localCredentials(), call.server.fingerprint(), call.now))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void anIceRestartMovesThePathAndKeepsTheKeys() {
    var call = new SimulatedCall(4, Conditions.BAD).connected();
    call.clientAddress = new InetSocketAddress("192.0.2.9", 50000);
    IceCredentials client = call.client.restartIce(call.now);
    IceCredentials server = call.server.restartIce(call.now);
    call.server.setRemote(client, call.client.fingerprint(), call.now);
    call.client.setRemote(server, call.server.fingerprint(), call.now);
    assertThat(call.runUntil(() -> call.clientAddress.equals(call.server.path()), 5000)).isTrue();
    call.conditions = Conditions.PERFECT;
    call.server.sendRtp(packet(1));
    call.client.sendRtp(packet(1));
    call.run(1000);

    assertThat(call.atServer).contains(new Output.PathChanged(call.clientAddress));
    assertThat(call.at(call.atClient, Output.RtpReceived.class)).hasSize(1);
    assertThat(call.at(call.atServer, Output.RtpReceived.class)).hasSize(1);
    assertThat(call.at(call.atServer, Output.Connected.class)).hasSize(1);
  }

  @Test
  void consentKeepsAQuietTransportOpenAndItsLossEndsBothSides() {
    var call = new SimulatedCall(5, Conditions.BAD).connected();
    call.run(120_000);
    assertThat(call.client.isConnected()).isTrue();
    assertThat(call.server.isConnected()).isTrue();

    call.cut = true;
    call.run(31_000);

    assertThat(call.atClient).contains(new Output.Closed(Output.Reason.TIMEOUT));
    assertThat(call.atServer).contains(new Output.Closed(Output.Reason.TIMEOUT));
  }

  @Test
  void aHandshakeThatNobodyAnswersEndsInTime() {
    var call = new SimulatedCall(5, Conditions.PERFECT).introduce();
    call.runUntil(() -> call.client.path() != null, 1000);
    call.cut = true;
    call.run(20_500);

    assertThat(call.atClient).contains(new Output.Closed(Output.Reason.HANDSHAKE));
  }

  @Test
  void closingTellsTheOtherEnd() {
    var call = new SimulatedCall(6, Conditions.PERFECT).connected();
    call.client.close(call.now);
    call.run(100);

    assertThat(call.atClient).endsWith(new Output.Closed(Output.Reason.LOCAL));
    assertThat(call.atServer).endsWith(new Output.Closed(Output.Reason.REMOTE));
  }

  @Test
  void theSameSeedGivesTheSameCall() {
    var one = new SimulatedCall(9, Conditions.BAD).connected();
    var two = new SimulatedCall(9, Conditions.BAD).connected();

    assertThat(one.now).isEqualTo(two.now);
    assertThat(one.datagrams).isEqualTo(two.datagrams);
  }
}
