package dev.aye.media.transport;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The vectors are those of RFC 5769 sections 2.1 to 2.3. */
class StunTest {
  private static final String PASSWORD = "VOkJxbRl1RmTxUk/WvJxBt";
  private static final byte[] REQUEST =
      hex(
          "000100582112a442b7e7a701bc34d686fa87dfae"
              + "802200105354554e207465737420636c69656e74"
              + "002400046e0001ff80290008932ff9b151263b36"
              + "000600096576746a3a68367659202020"
              + "000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2"
              + "80280004e57a3bcf");
  private static final byte[] RESPONSE_4 =
      hex(
          "0101003c2112a442b7e7a701bc34d686fa87dfae"
              + "8022000b7465737420766563746f7220"
              + "002000080001a147e112a643"
              + "000800142b91f599fd9e90c38c7489f92af9ba53f06be7d7"
              + "80280004c07d4c96");
  private static final byte[] RESPONSE_6 =
      hex(
          "010100482112a442b7e7a701bc34d686fa87dfae"
              + "8022000b7465737420766563746f7220"
              + "002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9"
              + "00080014a382954e4be67bf11784c97c8292c275bfe3ed41"
              + "80280004c8fb0b4c");

  private static byte[] hex(String text) {
    return HexFormat.of().parseHex(text);
  }

  @Test
  void theSampleRequestIsAuthentic() {
    Stun request = Stun.parse(REQUEST).orElseThrow();

    assertThat(request.type()).isEqualTo(Stun.REQUEST);
    assertThat(request.username()).isEqualTo("evtj:h6vY");
    assertThat(request.priority()).isEqualTo(0x6e0001ffL);
    assertThat(request.controlled()).isTrue();
    assertThat(request.authentic(PASSWORD)).isTrue();
    assertThat(request.authentic("another password of length")).isFalse();
    assertThat(Stun.peekUsername(REQUEST)).isEqualTo("evtj:h6vY");
  }

  @Test
  void theSampleResponsesTellTheMappedAddress() {
    Stun four = Stun.parse(RESPONSE_4).orElseThrow();
    Stun six = Stun.parse(RESPONSE_6).orElseThrow();

    assertThat(four.authentic(PASSWORD)).isTrue();
    assertThat(four.mapped()).isEqualTo(new InetSocketAddress("192.0.2.1", 32853));
    assertThat(six.authentic(PASSWORD)).isTrue();
    assertThat(six.mapped())
        .isEqualTo(new InetSocketAddress("2001:db8:1234:5678:11:2233:4455:6677", 32853));
  }

  @Test
  void everyFlippedBitIsNoticed() {
    for (int bit = 0; bit < REQUEST.length * 8; bit++) {
      byte[] forged = REQUEST.clone();
      forged[bit / 8] ^= (byte) (1 << bit % 8);
      assertThat(Stun.parse(forged)).isEmpty();
    }
  }

  @Test
  void aRequestWithoutFingerprintIsNoRequest() {
    byte[] cut = java.util.Arrays.copyOf(REQUEST, REQUEST.length - 8);
    Bytes.put16(cut, 2, cut.length - 20);

    assertThat(Stun.parse(cut)).isEmpty();
  }

  @Test
  void whatIsWrittenIsRead() {
    byte[] id = new byte[12];
    Stun request =
        Stun.parse(Stun.request(id, "server:client", PASSWORD, 77, 5, true)).orElseThrow();
    assertThat(request.authentic(PASSWORD)).isTrue();
    assertThat(request.useCandidate()).isTrue();
    assertThat(request.username()).isEqualTo("server:client");

    for (String host : new String[] {"192.0.2.1", "2001:db8::1"}) {
      var address = new InetSocketAddress(host, 4321);
      Stun response = Stun.parse(Stun.success(id, address, PASSWORD)).orElseThrow();
      assertThat(response.mapped()).isEqualTo(address);
      assertThat(response.authentic(PASSWORD)).isTrue();
    }
    Stun conflict = Stun.parse(Stun.roleConflict(id, PASSWORD)).orElseThrow();
    assertThat(conflict.errorCode()).isEqualTo(487);
  }

  @Test
  void noMessageHoweverBrokenThrows() {
    var random = new Random(5769);
    for (int i = 0; i < 100_000; i++) {
      byte[] b = REQUEST.clone();
      for (int k = random.nextInt(6); k >= 0; k--) {
        b[random.nextInt(b.length)] = (byte) random.nextInt();
      }
      b = java.util.Arrays.copyOf(b, random.nextInt(b.length + 1));
      if (b.length >= 20 && random.nextBoolean()) {
        Bytes.put16(b, 2, b.length - 20);
      }
      Stun.parse(b).ifPresent(m -> m.authentic(PASSWORD));
      Stun.peekUsername(b);
    }
  }
}
