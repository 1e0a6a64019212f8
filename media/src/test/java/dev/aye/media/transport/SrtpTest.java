package dev.aye.media.transport;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SrtpTest {
  private static final HexFormat HEX = HexFormat.of();

  private static byte[] hex(String text) {
    return HEX.parseHex(text.replace(" ", ""));
  }

  /** RFC 3711 appendix B.3. */
  @Test
  void keysAreDerivedAsInRfc3711() {
    byte[] key = hex("E1F97A0D3E018BE0D64FA32C06DE4139");
    byte[] salt = hex("0EC675AD498AFEEBB6960B3AABE6");

    assertThat(Srtp.derive(key, salt, 0, 16)).isEqualTo(hex("C61E7A93744F39EE10734AFE3FF7A087"));
    assertThat(Srtp.derive(key, salt, 2, 14)).isEqualTo(hex("30CBBC08863D8C85D49DB34A9AE1"));
    assertThat(Srtp.derive(key, salt, 1, 20))
        .isEqualTo(hex("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"));
  }

  /** The reference packet of libsrtp's own test driver. */
  @Test
  void aCounterModePacketLooksAsOtherImplementationsMakeIt() {
    byte[] key = hex("e1f97a0d3e018be0d64fa32c06de4139");
    byte[] salt = hex("0ec675ad498afeebb6960b3aabe6");
    byte[] plain = hex("800f1234decafbadcafebabeabababababababababababababababab");
    byte[] expected =
        hex("800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb");
    var profile = Srtp.Profile.AES_CM_128_HMAC_SHA1_80;
    byte[] b = Arrays.copyOf(plain, plain.length + Srtp.OVERHEAD);

    int length = Srtp.sender(profile, key, salt).protectRtp(b, plain.length);

    assertThat(Arrays.copyOf(b, length)).isEqualTo(expected);
    assertThat(Srtp.receiver(profile, key, salt).unprotectRtp(b, length)).isEqualTo(plain.length);
    assertThat(Arrays.copyOf(b, plain.length)).isEqualTo(plain);
  }

  /** RFC 7714 section 16.1.1. */
  @Test
  void aGcmPacketLooksAsInRfc7714() {
    byte[] key = hex("000102030405060708090a0b0c0d0e0f");
    byte[] salt = hex("517569642070726f2071756f");
    byte[] plain =
        hex(
            "8040f17b8041f8d35501a0b2"
                + "47616c6c696120657374206f6d6e697320646976697361"
                + "20696e207061727465732074726573");
    byte[] expected =
        hex(
            "8040f17b8041f8d35501a0b2"
                + "f24de3a3fb34de6cacba861c9d7e4bca"
                + "be633bd50d294e6f42a5f47a51c7d19b"
                + "36de3adf8833899d7f27beb16a9152cf765ee4390cce");
    byte[] b = Arrays.copyOf(plain, plain.length + Srtp.OVERHEAD);

    int length = Srtp.withSessionKeys(key, salt, true).protectRtp(b, plain.length);

    assertThat(Arrays.copyOf(b, length)).isEqualTo(expected);
    assertThat(Srtp.withSessionKeys(key, salt, false).unprotectRtp(b, length))
        .isEqualTo(plain.length);
    assertThat(Arrays.copyOf(b, plain.length)).isEqualTo(plain);
  }

  @ParameterizedTest
  @EnumSource(Srtp.Profile.class)
  void packetsSurviveReorderingAcrossManyRollovers(Srtp.Profile profile) {
    var pair = new Pair(profile);
    var random = new Random(7);
    int opened = 0;
    int sent = 0;
    byte[][] shuffle = new byte[16][];
    for (int i = 0; i < 200_000; i += 16) {
      for (int k = 0; k < 16; k++) {
        shuffle[k] = pair.sealed(60_000 + i + k);
      }
      java.util.Collections.shuffle(Arrays.asList(shuffle), random);
      for (byte[] packet : shuffle) {
        sent++;
        opened += pair.in.unprotectRtp(packet, packet.length) > 0 ? 1 : 0;
      }
    }

    assertThat(opened).isEqualTo(sent);
  }

  @ParameterizedTest
  @EnumSource(Srtp.Profile.class)
  void aReplayIsRefused(Srtp.Profile profile) {
    var pair = new Pair(profile);
    byte[] packet = pair.sealed(1);

    assertThat(pair.in.unprotectRtp(packet.clone(), packet.length)).isPositive();
    assertThat(pair.in.unprotectRtp(packet.clone(), packet.length)).isEqualTo(-1);
  }

  @ParameterizedTest
  @EnumSource(Srtp.Profile.class)
  void everyFlippedBitIsNoticed(Srtp.Profile profile) {
    var pair = new Pair(profile);
    byte[] packet = pair.sealed(1);
    for (int bit = 0; bit < packet.length * 8; bit++) {
      byte[] forged = packet.clone();
      forged[bit / 8] ^= (byte) (1 << bit % 8);
      assertThat(pair.in.unprotectRtp(forged, forged.length)).isEqualTo(-1);
    }
    assertThat(pair.in.unprotectRtp(packet, packet.length)).isPositive();
  }

  @ParameterizedTest
  @EnumSource(Srtp.Profile.class)
  void feedbackIsOpenedOnceAndForgeriesNever(Srtp.Profile profile) {
    var pair = new Pair(profile);
    byte[] plain = Rtcp.encode(java.util.List.of(new Rtcp.Pli(1, 2), new Rtcp.Fir(1, 2, 3)));
    byte[] sealed = pair.out.protectRtcp(plain);
    for (int bit = 0; bit < sealed.length * 8; bit++) {
      byte[] forged = sealed.clone();
      forged[bit / 8] ^= (byte) (1 << bit % 8);
      assertThat(pair.in.unprotectRtcp(forged, forged.length)).isEqualTo(-1);
    }
    byte[] copy = sealed.clone();

    int length = pair.in.unprotectRtcp(sealed, sealed.length);

    assertThat(Arrays.copyOf(sealed, length)).isEqualTo(plain);
    assertThat(pair.in.unprotectRtcp(copy, copy.length)).isEqualTo(-1);
  }

  @ParameterizedTest
  @EnumSource(Srtp.Profile.class)
  void randomBytesAreRefused(Srtp.Profile profile) {
    var pair = new Pair(profile);
    var random = new Random(3);
    for (int i = 0; i < 20_000; i++) {
      byte[] b = new byte[random.nextInt(80)];
      random.nextBytes(b);
      assertThat(pair.in.unprotectRtp(b, b.length)).isEqualTo(-1);
      assertThat(pair.in.unprotectRtcp(b, b.length)).isEqualTo(-1);
    }
  }

  /** Two ends that share random keys. */
  static final class Pair {
    final Srtp out;
    final Srtp in;
    private final byte[] buffer = new byte[1600];

    Pair(Srtp.Profile profile) {
      var random = new Random(1);
      byte[] key = new byte[16];
      byte[] salt = new byte[profile.salt];
      random.nextBytes(key);
      random.nextBytes(salt);
      out = Srtp.sender(profile, key, salt);
      in = Srtp.receiver(profile, key, salt);
    }

    byte[] sealed(int sequence) {
      var packet =
          new RtpPacket(96, false, sequence & 0xffff, 0, 99, RtpExtensions.NONE, new byte[20]);
      return Arrays.copyOf(buffer, out.protectRtp(buffer, packet.write(buffer)));
    }
  }
}
