package dev.aye.log;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/** A SHA-256 value: 32 bytes, compared by content. */
public final class Hash implements Comparable<Hash> {
  public static final int LENGTH = 32;

  private final byte[] value;

  private Hash(byte[] value) {
    this.value = value;
  }

  /**
   * Takes 32 bytes that already are a hash; to compute one, see {@link #sha256}.
   *
   * @throws IllegalArgumentException if there are not 32 bytes
   */
  public static Hash of(byte[] value) {
    return of(value, 0, value.length);
  }

  static Hash of(byte[] source, int offset, int length) {
    if (length != LENGTH) {
      throw new IllegalArgumentException("a hash has 32 bytes, not " + length);
    }
    return new Hash(Arrays.copyOfRange(source, offset, offset + LENGTH));
  }

  /** SHA-256 over the parts, one after another. */
  public static Hash sha256(byte[]... parts) {
    MessageDigest digest = digest();
    for (byte[] part : parts) {
      digest.update(part);
    }
    return new Hash(digest.digest());
  }

  /** The RFC 6962 leaf hash of an entry: SHA-256(00 ‖ entry). */
  public static Hash ofEntry(byte[] entry) {
    return Merkle.leafHash(entry);
  }

  /**
   * Reads 64 hexadecimal digits.
   *
   * @throws IllegalArgumentException unless these are 64 hexadecimal digits
   */
  public static Hash fromHex(String hex) {
    return of(HexFormat.of().parseHex(hex));
  }

  /**
   * Reads base64url without padding, in its only canonical form.
   *
   * @throws IllegalArgumentException for anything else
   */
  public static Hash fromB64u(String text) {
    Hash hash = of(Base64.getUrlDecoder().decode(bounded(text)));
    return canonical(hash, hash.b64u(), text);
  }

  /**
   * Reads standard base64 with padding, in its only canonical form.
   *
   * @throws IllegalArgumentException for anything else
   */
  public static Hash fromB64(String text) {
    Hash hash = of(Base64.getDecoder().decode(bounded(text)));
    return canonical(hash, hash.b64(), text);
  }

  public byte[] bytes() {
    return value.clone();
  }

  public String hex() {
    return HexFormat.of().formatHex(value);
  }

  public String b64u() {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(value);
  }

  public String b64() {
    return Base64.getEncoder().encodeToString(value);
  }

  @Override
  public int compareTo(Hash other) {
    return Arrays.compareUnsigned(value, other.value);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Hash hash && Arrays.equals(value, hash.value);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(value);
  }

  @Override
  public String toString() {
    return hex();
  }

  byte[] shared() {
    return value;
  }

  static MessageDigest digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  private static String bounded(String text) {
    if (text.length() > 44) {
      throw new IllegalArgumentException("too long for a hash in base64");
    }
    return text;
  }

  private static Hash canonical(Hash hash, String encoded, String given) {
    if (!encoded.equals(given)) {
      throw new IllegalArgumentException("not the canonical base64 of a hash");
    }
    return hash;
  }
}
