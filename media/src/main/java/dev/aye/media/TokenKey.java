package dev.aye.media;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The secret that signs access tokens, with the issuer name that goes with it (LiveKit's "API key"
 * and "API secret"). The secret is at least 32 bytes and is never printed.
 */
public final class TokenKey {
  private final String issuer;
  private final SecretKeySpec secret;

  public TokenKey(String issuer, byte[] secret) {
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
