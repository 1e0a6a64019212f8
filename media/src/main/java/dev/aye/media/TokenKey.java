package dev.aye.media;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The secret that signs access tokens, with the issuer name that goes with it (LiveKit's "API key"
 * and "API secret"). The secret is at least 32 bytes and is never printed.
 *
 * <p>Tokens travel in URLs, so they live for minutes; who is connected gets a new one over the
 * signalling long before the old one ends.
 */
public final class TokenKey {
  /** How long a token is good for, unless a key is made for another time. */
  public static final Duration LIFE = Duration.ofMinutes(10);

  private final String issuer;
  private final SecretKeySpec secret;
  private final Duration life;

  public TokenKey(String issuer, byte[] secret) {
    this(issuer, secret, LIFE);
  }

  /**
   * @param life how long tokens of this key are good for, in whole seconds
   */
  public TokenKey(String issuer, byte[] secret, Duration life) {
    if (life.toSeconds() < 2) {
      throw new IllegalArgumentException("a token lives two seconds at least");
    }
    this.life = life;
    if (issuer.isEmpty() || issuer.length() > 64) {
      throw new IllegalArgumentException("issuer must have 1 to 64 characters");
    }
    if (secret.length < 32) {
      throw new IllegalArgumentException("a token secret has at least 32 bytes");
    }
    this.issuer = issuer;
    this.secret = new SecretKeySpec(secret, "HmacSHA256");
  }

  public String issuer() {
    return issuer;
  }

  /** How long tokens of this key are good for. */
  public Duration life() {
    return life;
  }

  byte[] mac(String signed) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(secret);
      return mac.doFinal(signed.getBytes(StandardCharsets.US_ASCII));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("HMAC-SHA256 is part of every JDK", e);
    }
  }

  @Override
  public String toString() {
    return "TokenKey[" + issuer + "]";
  }
}
