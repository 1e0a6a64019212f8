package dev.aye.media.transport;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aye.media.transport.SimulatedCall.Conditions;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
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

  /** A pair that is connected, and the packet in which the client sent its first message. */
  @SuppressWarnings("ArrayRecordComponent")
  private record Pair(Sctp client, Sctp server, byte[] sent) {
    static Pair connected(SecureRandom source) {
      var client = new Sctp(true, source, 65_536);
      var server = new Sctp(false, source, 65_536);
      client.start(0);
      exchange(client, server);
      client.open("x", "", true, RELIABLE, 0);
      client.send(0, false, new byte[] {1}, 0);
      byte[] sent = exchange(client, server);
      return new Pair(client, server, sent);
    }

    /** Passes on what both have to say; the last packet with data that the client sent. */
    private static byte[] exchange(Sctp client, Sctp server) {
      byte[] sent = new byte[0];
      for (int i = 0; i < 10; i++) {
        for (byte[] p = client.pollPacket(); p != null; p = client.pollPacket()) {
          sent = p[12] == 0 ? p.clone() : sent;
          server.handle(p, 0);
        }
        for (byte[] p = server.pollPacket(); p != null; p = server.pollPacket()) {
          client.handle(p, 0);
        }
      }
      return sent;
    }

    /** One fragment of one byte, so many after the client's last one. */
    byte[] fragment(int after, int flags, int value) {
      byte[] packet = Arrays.copyOf(sent, 12 + 20);
      Bytes.put16(packet, 12, flags);
      Bytes.put16(packet, 14, 17);
      Bytes.put32(packet, 16, tsn() + after);
      Bytes.put16(packet, 22, 2);
      Bytes.put32(packet, 24, 53);
      packet[28] = (byte) value;
      return signed(packet);
    }

    /** The number of the last DATA chunk that was sent. */
    private int tsn() {
      int at = 12;
      int tsn = 0;
      while (at + 16 <= sent.length && sent[at] == 0) {
        tsn = Bytes.i32(sent, at + 4);
        at += (Bytes.u16(sent, at + 2) + 3) & ~3;
      }
      return tsn;
    }

    List<byte[]> messages() {
      var messages = new ArrayList<byte[]>();
      for (var e = server.pollEvent(); e != null; e = server.pollEvent()) {
        if (e instanceof Output.MessageReceived message) {
          messages.add(message.data());
        }
      }
      return messages;
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void aMessageOfManyTinyFragmentsIsPutTogetherInWhateverOrderTheyCome(long seed) {
    var pair = Pair.connected(new SecureRandom());
    assertThat(pair.messages()).containsExactly(new byte[] {1});
    var order = new ArrayList<Integer>();
    for (int i = 0; i < 1000; i++) {
      order.add(i);
    }
    Collections.shuffle(order, new Random(seed));
    byte[] whole = new byte[1000];
    for (int i : order) {
      whole[i] = (byte) i;
      pair.server.handle(pair.fragment(1 + i, i == 0 ? 2 : i == 999 ? 1 : 0, i), 0);
    }
    assertThat(pair.messages()).containsExactly(whole);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 2})
  void tinyFragmentsWithoutAnEndCostNoMoreThanTheyWeigh(int first) {
    var pair = Pair.connected(new SecureRandom());
    for (int i = 1; i < 300_000; i++) {
      pair.server.handle(pair.fragment(i, i == 1 ? first : 0, i), 0);
    }
    assertThat(pair.messages()).containsExactly(new byte[] {1});
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
