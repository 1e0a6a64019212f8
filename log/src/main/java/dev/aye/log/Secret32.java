package dev.aye.log;

import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * The 32 random bytes whose publication withdraws a grant. Until then they stand on the person's
 * withdrawal slip only; so this type never prints itself.
 */
public final class Secret32 {
  private final byte[] value;

  private Secret32(byte[] value) {
    this.value = value;
  }

  /**
   * Takes the 32 bytes.
   *
   * @throws IllegalArgumentException if there are not 32 bytes
   */
  public static Secret32 of(byte[] value) {
    if (value.length != 32) {
      throw new IllegalArgumentException("a secret has 32 bytes, not " + value.length);
    }
    return new Secret32(value.clone());
  }

  /**
   * Reads base64url without padding, in its only canonical form.
   *
   * @throws IllegalArgumentException for anything else
   */
  public static Secret32 fromB64u(String text) {
    if (text.length() != 43) {
      throw new IllegalArgumentException("a secret has 43 characters in base64url");
    }
    byte[] value = Base64.getUrlDecoder().decode(text);
    if (!Base64.getUrlEncoder().withoutPadding().encodeToString(value).equals(text)) {
      throw new IllegalArgumentException("not the canonical base64url of a secret");
    }
    return of(value);
  }

  /** The public name of the grant that this secret withdraws: SHA-256 of the secret. */
  public Hash handle() {
    return Hash.sha256(value);
  }

  public byte[] bytes() {
    return value.clone();
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Secret32 secret && MessageDigest.isEqual(value, secret.value);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(value);
  }

  @Override
  public String toString() {
    return "Secret32[kept to itself]";
  }
}
