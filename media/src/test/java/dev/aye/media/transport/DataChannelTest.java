package dev.aye.media.transport;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aye.media.transport.SimulatedCall.Conditions;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class DataChannelTest {
  private static final DataChannel.Reliability RELIABLE = new DataChannel.Reliability.Reliable();
  private static final DataChannel.Reliability LOSSY =
      new DataChannel.Reliability.MaxRetransmits(0);

  private static SimulatedCall ready(long seed, Conditions conditions) {
    var call = new SimulatedCall(seed, conditions).connected();
    assertThat(
            call.runUntil(
                () ->
                    call.atClient.contains(new Output.DataReady())
                        && call.atServer.contains(new Output.DataReady()),
                20_000))
        .isTrue();
    return call;
  }

  private static List<byte[]> received(SimulatedCall call, List<Output.Event> events) {
    return call.at(events, Output.MessageReceived.class).stream()
        .map(Output.MessageReceived::data)
        .toList();
  }

  private static byte[] random(Random random, int size) {
    byte[] bytes = new byte[size];
    random.nextBytes(bytes);
    return bytes;
  }

  @Test
  void bothEndsKnowAChannelByTheSameParameters() {
    var call = ready(1, Conditions.PERFECT);
    int reliable = call.client.openChannel("_reliable", "", true, RELIABLE, call.now);
    int lossy = call.client.openChannel("_lossy", "p", false, LOSSY, call.now);
    call.run(500);

    var opened =
        List.of(
            new Output.ChannelOpened(new DataChannel(reliable, "_reliable", "", true, RELIABLE)),
            new Output.ChannelOpened(new DataChannel(lossy, "_lossy", "p", false, LOSSY)));
    assertThat(call.at(call.atServer, Output.ChannelOpened.class)).isEqualTo(opened);
    assertThat(call.at(call.atClient, Output.ChannelOpened.class)).isEqualTo(opened);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 3, 5, 7, 10, 11})
  void reliableMessagesArriveWholeAndInOrderOnABadNetwork(long seed) {
    var call = ready(seed, Conditions.BAD);
    var random = new Random(seed);
    int id = call.client.openChannel("_reliable", "", true, RELIABLE, call.now);
    var up = new ArrayList<byte[]>();
    for (int size : new int[] {1, 0, 100, 1200, 30_000, 64_000, 200_000, 7}) {
      byte[] message = random(random, size);
      up.add(message);
      assertThat(call.client.sendMessage(id, false, message, call.now)).isTrue();
    }
    call.runUntil(() -> received(call, call.atServer).size() == up.size(), 120_000);
    assertThat(received(call, call.atServer)).containsExactlyElementsOf(up);

    byte[] down = random(random, 64_000);
    assertThat(call.server.sendMessage(id, true, down, call.now)).isTrue();
    call.runUntil(() -> !received(call, call.atClient).isEmpty(), 60_000);
    assertThat(received(call, call.atClient)).containsExactly(down);
    call.run(5000);
    assertThat(call.client.bufferedBytes()).isZero();
    assertThat(call.server.bufferedBytes()).isZero();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 3, 5})
  void lossyMessagesMayBeMissingButNeverBlockTheOthers(long seed) {
    var call = ready(seed, new Conditions(0.1, 10, 20, 0));
    int id = call.client.openChannel("_lossy", "", false, LOSSY, call.now);
    call.run(2000);
    for (int i = 0; i < 200; i++) {
      call.client.sendMessage(id, false, new byte[] {(byte) i, 1}, call.now);
      call.run(50);
    }
    call.run(20_000);

    assertThat(received(call, call.atServer).size()).isBetween(140, 199);
    assertThat(call.client.bufferedBytes()).isZero();
  }

  @Test
  void anOrderedLossyChannelSkipsWhatIsLost() {
    var call = ready(3, new Conditions(0.1, 10, 0, 0));
    int id = call.client.openChannel("x", "", true, LOSSY, call.now);
    call.run(2000);
    for (int i = 0; i < 200; i++) {
      call.client.sendMessage(id, false, new byte[] {(byte) i, 1}, call.now);
      call.run(50);
    }
    call.run(20_000);

    var numbers = received(call, call.atServer).stream().map(m -> m[0] & 0xff).toList();
    assertThat(numbers.size()).isBetween(140, 199);
    assertThat(numbers).isSorted();
  }

  @Test
  void aNarrowNetworkIsUsedWellAndNotFlooded() {
    var call = ready(3, new Conditions(0, 25, 0, 125_000));
    int id = call.client.openChannel("_reliable", "", true, RELIABLE, call.now);
    for (int i = 0; i < 10; i++) {
      assertThat(call.client.sendMessage(id, false, new byte[100_000], call.now)).isTrue();
    }
    long start = call.now;
    assertThat(call.runUntil(() -> received(call, call.atServer).size() == 10, 60_000)).isTrue();

    assertThat((call.now - start) / SimulatedCall.MILLI).isLessThan(16_000);
  }

  @Test
  void aFullQueueRefusesInsteadOfGrowing() {
    var call = ready(3, Conditions.PERFECT);
    int id = call.client.openChannel("_reliable", "", true, RELIABLE, call.now);
    call.cut = true;
    int taken = 0;
    while (call.client.sendMessage(id, false, new byte[200_000], call.now)) {
      taken++;
    }

    assertThat(taken).isEqualTo(10);
    assertThat(call.client.sendMessage(id, false, new byte[300_000], call.now)).isFalse();
  }

  @Test
  void closingAChannelClosesItOnTheOtherEndAndFreesItsId() {
    var call = ready(3, Conditions.PERFECT);
    int id = call.client.openChannel("a", "", true, RELIABLE, call.now);
    call.client.sendMessage(id, true, new byte[] {1}, call.now);
    call.run(500);
    call.client.closeChannel(id, call.now);
    call.run(3000);

    assertThat(call.atServer).contains(new Output.ChannelClosed(id));
    assertThat(call.server.sendMessage(id, true, new byte[] {1}, call.now)).isFalse();
    assertThat(call.client.openChannel("b", "", true, RELIABLE, call.now)).isEqualTo(id);
    call.client.sendMessage(id, true, new byte[] {2}, call.now);
    call.run(500);
    assertThat(received(call, call.atServer)).containsExactly(new byte[] {1}, new byte[] {2});
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void noPacketHoweverBrokenThrowsOrGrowsTheMemory(long seed) {
    var random = new Random(seed);
    var source = new java.security.SecureRandom();
    var client = new Sctp(true, source, 65_536);
    var server = new Sctp(false, source, 65_536);
    long now = 0;
    client.start(now);
    for (int i = 0; i < 20_000; i++) {
      now += 10_000_000;
      if (i % 50 == 0) {
        client.open("l" + i, "", random.nextBoolean(), LOSSY, now);
        client.send(random.nextInt(8), true, new byte[random.nextInt(5000)], now);
      }
      pass(client, server, random, now);
      pass(server, client, random, now);
      client.handleTimeout(now);
      server.handleTimeout(now);
      assertThat(client.buffered()).isBetween(0, Sctp.MOST_BUFFERED);
    }
  }

  private static void pass(Sctp from, Sctp to, Random random, long now) {
    for (byte[] p = from.pollPacket(); p != null; p = from.pollPacket()) {
      to.handle(p.clone(), now);
      for (int k = random.nextInt(4); k > 0; k--) {
        p[8 + random.nextInt(p.length - 8)] = (byte) random.nextInt();
      }
      byte[] broken = java.util.Arrays.copyOf(p, 12 + random.nextInt(p.length));
      to.handle(signed(broken), now);
    }
    while (from.pollEvent() != null) {}
  }

  private static byte[] signed(byte[] b) {
    Bytes.put32(b, 8, 0);
    var crc = new java.util.zip.CRC32C();
    crc.update(b, 0, b.length);
    Bytes.put32(b, 8, Integer.reverseBytes((int) crc.getValue()));
    return b;
  }
}
