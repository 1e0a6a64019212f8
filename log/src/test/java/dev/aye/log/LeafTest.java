package dev.aye.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LeafTest {
  private static final Hash HASH = Hash.sha256(new byte[] {7});
  private static final byte[] POINT = Arrays.copyOf(new byte[] {4, 9}, 65);

  private static final List<Leaf> ALL =
      List.of(
          new Leaf.Answer(HASH),
          new Leaf.Withdraw(Secret32.of(HASH.bytes())),
          new Leaf.Revoke(HASH),
          new Leaf.Key(Point.of(POINT)),
          new Leaf.Notice(HASH),
          new Leaf.Capture(HASH),
          new Leaf.Dataset(HASH),
          new Leaf.Model(HASH),
          new Leaf.Shred(HASH),
          new Leaf.Recall(HASH),
          new Leaf.Build(HASH),
          new Leaf.Close(HASH));

  @Test
  void eachLeafIsItsTypeAndItsBody() {
    for (int i = 0; i < ALL.size(); i++) {
      byte[] bytes = ALL.get(i).encode();
      assertThat(bytes[0]).isEqualTo((byte) (i + 1));
      String body = HexFormat.of().formatHex(i == 3 ? POINT : HASH.bytes());
      assertThat(HexFormat.of().formatHex(bytes).substring(2)).isEqualTo(body);
      assertThat(Leaf.decode(bytes)).isEqualTo(ALL.get(i));
      assertThatThrownBy(() -> Leaf.decode(Arrays.copyOf(bytes, bytes.length - 1)))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> Leaf.decode(Arrays.copyOf(bytes, bytes.length + 1)))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void bytesAreALeafOnlyIfTheyAreItsEncoding() {
    Random random = new Random(8);
    for (int round = 0; round < 50_000; round++) {
      byte[] bytes = new byte[random.nextInt(80)];
      random.nextBytes(bytes);
      if (bytes.length > 0) {
        bytes[0] = (byte) random.nextInt(16);
      }
      try {
        assertThat(Leaf.decode(bytes).encode()).isEqualTo(bytes);
      } catch (IllegalArgumentException expected) {
        assertThat(expected.getMessage()).isNotEmpty();
      }
    }
  }

  @Test
  void aSecretNamesItsHandleAndNeverItself() {
    byte[] value = HASH.bytes();
    Secret32 secret = Secret32.of(value);
    assertThat(secret.handle()).isEqualTo(Hash.sha256(value));
    Leaf leaf = new Leaf.Withdraw(secret);
    assertThat(leaf.toString()).doesNotContain(HASH.hex()).doesNotContain(HASH.b64u());
  }

  @Test
  void aHashHasOneTextInEachBase() {
    assertThat(Hash.fromHex(HASH.hex())).isEqualTo(HASH);
    assertThat(Hash.fromB64u(HASH.b64u())).isEqualTo(HASH);
    assertThat(Hash.fromB64(HASH.b64())).isEqualTo(HASH);
    String b64u = Hash.of(new byte[32]).b64u();
    assertThatThrownBy(() -> Hash.fromB64u(b64u.substring(0, 42) + "B"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Hash.fromB64(b64u)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Hash.fromB64u("A".repeat(1000)))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
