package dev.aye.media;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.aye.media.AccessToken.Grants;
import dev.aye.media.AccessToken.Invalid;
import dev.aye.media.AccessToken.Source;
import dev.aye.media.AccessToken.Valid;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class AccessTokenTest {
  private static final Instant NOW = Instant.parse("2026-11-22T10:00:00Z");
  private static final TokenKey KEY = new TokenKey("aye", new byte[32]);

  private static final AccessToken TOKEN =
      new AccessToken(
          "p1",
          "Ann \"A\" Ünal",
          "m",
          Map.of("k", "v"),
          new Grants("room-1", true, true, false, true, false, Set.of(Source.MICROPHONE), true));

  @Test
  void whatIsMintedIsReadBack() {
    String jwt = TOKEN.mint(KEY, NOW, Duration.ofMinutes(5));
    assertThat(AccessToken.verify(jwt, KEY, NOW)).isEqualTo(new Valid(TOKEN));
  }

  /** Made with the signing rules of RFC 7515 by another implementation (python hmac). */
  @Test
  void aTokenOfAnotherImplementationIsRead() {
    String jwt =
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
            + "eyJpc3MiOiJheWUiLCJzdWIiOiJib2IiLCJuYmYiOjE3OTUzMzUwMDAsImV4cCI6NDk1MTA1NjAwMCwidmlkZW8iOnsicm9vbUpvaW4iOnRydWUsInJvb20iOiJyIn19."
            + "EJ4y-wUfwijAKdU1u5--FDDQF4xOIb8eMfy2FBBaUfg";
    assertThat(AccessToken.verify(jwt, KEY, NOW))
        .isEqualTo(
            new Valid(
                new AccessToken(
                    "bob", "", new Grants("r", true, true, true, true, false, Set.of(), false))));
  }

  @Test
  void aTokenIsWorthNothingOutsideItsTime() {
    String jwt = TOKEN.mint(KEY, NOW, Duration.ofMinutes(5));
    assertThat(AccessToken.verify(jwt, KEY, NOW.plusSeconds(304))).isInstanceOf(Valid.class);
    assertThat(AccessToken.verify(jwt, KEY, NOW.plusSeconds(305)))
        .isEqualTo(new Invalid("token has expired"));
    assertThat(AccessToken.verify(jwt, KEY, NOW.minusSeconds(6)))
        .isEqualTo(new Invalid("token is not valid yet"));
  }

  @Test
  void aTokenUnderAnotherKeyOrIssuerIsRefused() {
    byte[] other = new byte[32];
    other[0] = 1;
    String forged = TOKEN.mint(new TokenKey("aye", other), NOW, Duration.ofMinutes(5));
    String foreign = TOKEN.mint(new TokenKey("eve", new byte[32]), NOW, Duration.ofMinutes(5));
    assertThat(AccessToken.verify(forged, KEY, NOW))
        .isEqualTo(new Invalid("signature does not match"));
    assertThat(AccessToken.verify(foreign, KEY, NOW)).isEqualTo(new Invalid("issuer is not known"));
  }

  @Test
  void aTokenWithoutAlgorithmIsRefused() {
    String jwt = TOKEN.mint(KEY, NOW, Duration.ofMinutes(5));
    String none =
        Base64.getUrlEncoder()
            .withoutPadding()
            .encodeToString("{\"alg\":\"none\"}".getBytes(StandardCharsets.US_ASCII));
    String signed = none + jwt.substring(jwt.indexOf('.'), jwt.lastIndexOf('.'));
    String mac = Base64.getUrlEncoder().withoutPadding().encodeToString(KEY.mac(signed));
    assertThat(AccessToken.verify(signed + ".", KEY, NOW)).isInstanceOf(Invalid.class);
    assertThat(AccessToken.verify(signed + "." + mac, KEY, NOW))
        .isEqualTo(new Invalid("algorithm is not HS256"));
  }

  @Test
  void noChangedBitPasses() {
    String jwt = TOKEN.mint(KEY, NOW, Duration.ofMinutes(5));
    Random random = new Random(1);
    for (int i = 0; i < 2000; i++) {
      char[] c = jwt.toCharArray();
      int at = random.nextInt(c.length);
      c[at] = (char) (random.nextInt(94) + 33);
      String changed = new String(c);
      if (changed.equals(jwt) || !(AccessToken.verify(changed, KEY, NOW) instanceof Valid valid)) {
        continue;
      }
      // The last letter of a base64 text has bits that say nothing.
      assertThat(valid.token()).isEqualTo(TOKEN);
      assertThat(at).isEqualTo(jwt.length() - 1);
    }
  }

  @Test
  void aTokenIsNotPrinted() {
    assertThat(TOKEN.toString()).doesNotContain("p1").doesNotContain("Ann");
    assertThat(KEY.toString()).isEqualTo("TokenKey[aye]");
  }

  @Test
  void aShortSecretIsRefused() {
    assertThatThrownBy(() -> new TokenKey("aye", new byte[16]))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aListeningTokenPublishesOnlyWhatItNames() {
    Grants grants = Grants.listening("listening-x", Set.of(Source.MICROPHONE), true);
    assertThat(grants.mayPublish(Source.MICROPHONE)).isTrue();
    assertThat(grants.mayPublish(Source.CAMERA)).isFalse();
    assertThat(Grants.listening("listening-x", Set.of(), true).mayPublish(Source.MICROPHONE))
        .isFalse();
    assertThat(grants.canSubscribe()).isFalse();
  }
}
