package dev.aye.media.transport;

import static dev.aye.media.transport.Rtcp.TransportFeedback.LOST;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RtpTest {
  private static byte[] hex(String text) {
    return HexFormat.of().parseHex(text.replace(" ", ""));
  }

  @Test
  void whatIsWrittenIsReadWithExtensionsOfEitherForm() {
    var random = new Random(8285);
    for (int i = 0; i < 5000; i++) {
      var extensions = RtpExtensions.NONE;
      boolean twoBytes = random.nextBoolean();
      for (int k = random.nextInt(6); k > 0; k--) {
        byte[] value = new byte[twoBytes ? random.nextInt(40) : 1 + random.nextInt(16)];
        random.nextBytes(value);
        extensions = extensions.with(1 + random.nextInt(twoBytes ? 255 : 14), value);
      }
      byte[] payload = new byte[random.nextInt(200)];
      random.nextBytes(payload);
      var packet =
          new RtpPacket(
              random.nextInt(128),
              random.nextBoolean(),
              random.nextInt(65536),
              random.nextInt(),
              random.nextInt(),
              extensions,
              payload);
      byte[] bytes = packet.encode();
      RtpPacket read = RtpPacket.parse(bytes, bytes.length).orElseThrow();

      assertThat(read).usingRecursiveComparison().isEqualTo(packet);
      assertThat(bytes.length).isEqualTo(packet.size());
    }
  }

  /** The example of RFC 8285 section 4.2, ids 1 to 3 with one, two and four bytes. */
  @Test
  void oneByteElementsAreReadAroundTheirPadding() {
    byte[] packet = hex("906f0001 00000002 00000003 bede0003 10aa21bb bb000033 cccccccc 0102");

    RtpPacket read = RtpPacket.parse(packet, packet.length).orElseThrow();

    assertThat(read.extensions().get(1)).isEqualTo(hex("aa"));
    assertThat(read.extensions().get(2)).isEqualTo(hex("bbbb"));
    assertThat(read.extensions().get(3)).isEqualTo(hex("cccccccc"));
    assertThat(read.payload()).isEqualTo(hex("0102"));
  }

  @Test
  void paddingIsTakenAwayAndABrokenOneRefused() {
    byte[] packet = hex("a06f0001 00000002 00000003 0102 000003");
    assertThat(RtpPacket.parse(packet, packet.length).orElseThrow().payload())
        .isEqualTo(hex("0102"));

    packet[packet.length - 1] = 9;
    assertThat(RtpPacket.parse(packet, packet.length)).isEmpty();
  }

  @Test
  void everyKindOfFeedbackIsReadAsItWasWritten() {
    var block = new Rtcp.ReportBlock(5, 255, -3, 70000, 9, 0x01020304, 65536);
    List<Rtcp> packets =
        List.of(
            new Rtcp.SenderReport(1, 0x0102030405060708L, 3, 4, 5, List.of(block)),
            new Rtcp.ReceiverReport(1, List.of(block, block)),
            new Rtcp.Cname(1, "someone"),
            new Rtcp.Nack(1, 2, List.of(3, 4, 19, 40, 65535)),
            new Rtcp.Pli(1, 2),
            new Rtcp.Fir(1, 2, 3),
            new Rtcp.Remb(1, 1_048_576, List.of(7, 8)),
            new Rtcp.TransportFeedback(
                1, 2, 65_534, 255, 0xffffff, List.of(250, LOST, 500, 64_500, LOST, 0, 9_000, 750)),
            new Rtcp.Bye(List.of(1, 2)));
    byte[] bytes = Rtcp.encode(packets);

    assertThat(Rtcp.parse(bytes, bytes.length)).contains(packets);
  }

  @Test
  void transportFeedbackInRunsIsReadAndABoundlessOneIsSkipped() {
    // Three that came 250 us apart, as a run of small steps; then four that did not.
    byte[] runs = {
      (byte) 0x8f,
      (byte) 205,
      0,
      6,
      0,
      0,
      0,
      1,
      0,
      0,
      0,
      2,
      0,
      9,
      0,
      7,
      0,
      0,
      5,
      3,
      0x20,
      3,
      0,
      4,
      1,
      1,
      1,
      0
    };
    assertThat(Rtcp.parse(runs, runs.length).orElseThrow())
        .containsExactly(
            new Rtcp.TransportFeedback(
                1, 2, 9, 3, 5, List.of(250, 500, 750, LOST, LOST, LOST, LOST)));
    runs[14] = (byte) 0xff;
    assertThat(Rtcp.parse(runs, runs.length).orElseThrow()).isEmpty();
  }

  @Test
  void theBitrateOfRembIsRoundedDownToEighteenBits() {
    for (long rate : new long[] {0, 1, 262_143, 262_144, 2_500_000, 9_999_999_999L}) {
      byte[] bytes = Rtcp.encode(List.of(new Rtcp.Remb(1, rate, List.of())));
      var read = (Rtcp.Remb) Rtcp.parse(bytes, bytes.length).orElseThrow().getFirst();
      assertThat(read.bitrate()).isBetween(rate - rate / 100_000, rate);
    }
  }

  @Test
  void noPacketHoweverBrokenThrows() {
    var random = new Random(3550);
    byte[] rtp =
        new RtpPacket(
                96,
                true,
                1,
                2,
                3,
                RtpExtensions.NONE.with(1, new byte[3]).with(200, new byte[9]),
                new byte[20])
            .encode();
    byte[] rtcp =
        Rtcp.encode(
            List.of(
                new Rtcp.SenderReport(1, 2, 3, 4, 5, List.of()),
                new Rtcp.Cname(1, "x"),
                new Rtcp.Nack(1, 2, List.of(1, 50)),
                new Rtcp.Fir(1, 2, 3),
                new Rtcp.Remb(1, 5, List.of(1)),
                new Rtcp.TransportFeedback(1, 2, 3, 4, 5, List.of(0, LOST, 90_000, 250)),
                new Rtcp.Bye(List.of(1))));
    for (int i = 0; i < 200_000; i++) {
      byte[] b = (i % 2 == 0 ? rtp : rtcp).clone();
      for (int k = random.nextInt(6); k >= 0; k--) {
        b[random.nextInt(b.length)] = (byte) random.nextInt();
      }
      int length = random.nextInt(b.length + 1);
      RtpPacket.parse(b, length);
      Rtcp.parse(b, length);
    }
  }
}
