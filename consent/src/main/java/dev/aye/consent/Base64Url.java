package dev.aye.consent;

import java.util.Base64;

/**
 * Base64url without padding (RFC 4648 section 5), read strictly: one byte string has exactly one
 * spelling.
 *
 * <p>The JDK's decoder accepts stray trailing bits and optional padding; a value that is compared
 * as text must not have two spellings, so what does not encode back to itself is refused.
 */
final class Base64Url {
  private Base64Url() {}

  static String encode(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  /**
   * The bytes that {@code text} spells.
   *
   * @throws IllegalArgumentException when it is not the canonical spelling; the message never
   *     repeats the text
   */
  static byte[] decode(String text) {
    byte[] bytes;
    try {
      bytes = Base64.getUrlDecoder().decode(text);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("not base64url");
    }
    if (!encode(bytes).equals(text)) {
      throw new IllegalArgumentException("not the canonical base64url without padding");
    }
    return bytes;
  }

  /** The canonical text itself, once it is known to spell exactly {@code length} bytes. */
  static String ofLength(String text, int length, String what) {
    byte[] bytes;
    try {
      bytes = decode(text);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(what + " is " + e.getMessage(), e);
    }
    if (bytes.length != length) {
      throw new IllegalArgumentException(what + " is not " + length + " bytes");
    }
    return text;
  }
}
