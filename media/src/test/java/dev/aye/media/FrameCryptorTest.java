package dev.aye.media;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.aye.media.FrameCryptor.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Random;
import livekit.LivekitModels.EncryptedPacket;
import livekit.LivekitModels.EncryptedPacketPayload;
import livekit.LivekitModels.UserPacket;
import org.junit.jupiter.api.Test;

class FrameCryptorTest {
  private static StreamKey key(int seed) {
    byte[] raw = new byte[32];
    new Random(seed).nextBytes(raw);
    return new StreamKey(raw);
  }

  private static FrameCryptor cryptor(StreamKey key, int index) {
    FrameCryptor c = new FrameCryptor(new SecureRandom());
    c.setKey(key, index);
    c.use(index);
    return c;
  }

  @Test
  void whatIsEncryptedIsDecrypted() {
    Random random = new Random(7);
    FrameCryptor c = cryptor(key(1), 3);
    for (Kind kind : Kind.values()) {
      for (int n = 12; n < 1500; n += 61) {
        byte[] frame = new byte[n];
        random.nextBytes(frame);
        byte[] sealed = c.encrypt(kind, frame);
        assertThat(sealed).hasSize(n + 30);
        assertThat(c.decrypt(kind, sealed)).hasValueSatisfying(f -> assertThat(f).isEqualTo(frame));
      }
    }
  }

  @Test
  void theHeaderStaysReadableAndNothingElse() {
    byte[] frame = new byte[100];
    byte[] sealed = cryptor(key(1), 0).encrypt(Kind.VP8_KEY, frame);
    assertThat(sealed).startsWith(new byte[10]);
    assertThat(java.util.Arrays.copyOfRange(sealed, 10, 100)).isNotEqualTo(new byte[90]);
    assertThat(sealed[sealed.length - 2]).isEqualTo((byte) 12);
  }

  @Test
  void aChangedBitOrAnotherKeyIsNotDecrypted() {
    FrameCryptor c = cryptor(key(1), 0);
    byte[] sealed = c.encrypt(Kind.OPUS, new byte[50]);
    for (int i = 0; i < sealed.length * 8; i++) {
      byte[] changed = sealed.clone();
      changed[i / 8] ^= (byte) (1 << (i % 8));
      assertThat(c.decrypt(Kind.OPUS, changed)).isEmpty();
    }
    assertThat(cryptor(key(2), 0).decrypt(Kind.OPUS, sealed)).isEmpty();
  }

  @Test
  void anEmptyFrameStaysEmpty() {
    FrameCryptor c = cryptor(key(1), 0);
    assertThat(c.encrypt(Kind.OPUS, new byte[0])).isEmpty();
    assertThat(c.decrypt(Kind.OPUS, new byte[0])).hasValueSatisfying(f -> assertThat(f).isEmpty());
  }

  @Test
  void nothingLeavesInClearWithoutAKey() {
    FrameCryptor c = new FrameCryptor(new SecureRandom());
    assertThatThrownBy(() -> c.encrypt(Kind.OPUS, new byte[5]))
        .isInstanceOf(IllegalStateException.class);
    c.setKey(key(1), 2);
    assertThatThrownBy(() -> c.use(3)).isInstanceOf(IllegalStateException.class);
    c.use(2);
    c.forget(2);
    assertThatThrownBy(() -> c.encrypt(Kind.OPUS, new byte[5]))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aDataPacketIsOpenedWithItsKeyOnly() {
    EncryptedPacketPayload payload =
        EncryptedPacketPayload.newBuilder()
            .setUser(
                UserPacket.newBuilder().setTopic("chat").setPayload(ByteString.copyFromUtf8("x")))
            .build();
    EncryptedPacket sealed = cryptor(key(1), 5).seal(payload);
    assertThat(cryptor(key(1), 5).open(sealed)).contains(payload);
    assertThat(cryptor(key(1), 4).open(sealed)).isEmpty();
    assertThat(cryptor(key(2), 5).open(sealed)).isEmpty();
    assertThat(cryptor(key(1), 5).open(sealed.toBuilder().setKeyIndex(-1).build())).isEmpty();
  }

  /**
   * Frames and a data packet as the encryption worker of livekit-client 2.23.0 made them in
   * Chromium; lines of {@code kind raw-key plain encrypted [iv]} in hex.
   */
  @Test
  void whatLivekitClientEncryptedIsDecrypted() throws IOException {
    String lines;
    try (InputStream in = FrameCryptorTest.class.getResourceAsStream("livekit-frames.txt")) {
      lines = new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
    HexFormat hex = HexFormat.of();
    int seen = 0;
    for (String line : lines.lines().toList()) {
      String[] f = line.split(" ", -1);
      FrameCryptor c = cryptor(new StreamKey(hex.parseHex(f[1])), 0);
      byte[] plain = hex.parseHex(f[2]);
      byte[] sealed = hex.parseHex(f[3]);
      if (f[0].equals("DATA")) {
        EncryptedPacket packet =
            EncryptedPacket.newBuilder()
                .setIv(ByteString.copyFrom(hex.parseHex(f[4])))
                .setEncryptedValue(ByteString.copyFrom(sealed))
                .build();
        assertThat(c.open(packet)).contains(EncryptedPacketPayload.parseFrom(plain));
      } else {
        assertThat(c.decrypt(Kind.valueOf(f[0]), sealed))
            .hasValueSatisfying(d -> assertThat(d).isEqualTo(plain));
      }
      seen++;
    }
    assertThat(seen).isGreaterThanOrEqualTo(4);
  }
}
