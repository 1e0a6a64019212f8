package dev.aye.media.transport;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;

/**
 * The SHA-256 of a DTLS certificate, as SDP writes it after {@code a=fingerprint:} (RFC 8122). No
 * other hash is accepted.
 */
public record Fingerprint(String hex) {
  private static final HexFormat COLONS = HexFormat.ofDelimiter(":").withUpperCase();

  public Fingerprint {
    hex = hex.toUpperCase(Locale.ROOT);
    if (hex.length() != 95) {
      throw new IllegalArgumentException("not a SHA-256 fingerprint");
    }
    COLONS.parseHex(hex);
  }

  /**
   * Reads {@code sha-256 AB:CD:…}.
   *
   * @throws IllegalArgumentException if it is anything else
   */
  public static Fingerprint parse(String attribute) {
    String text = attribute.strip();
    if (!text.regionMatches(true, 0, "sha-256 ", 0, 8)) {
      throw new IllegalArgumentException("not a SHA-256 fingerprint");
    }
    return new Fingerprint(text.substring(8).strip());
  }

  static Fingerprint of(byte[] certificate) {
    try {
      return new Fingerprint(
          COLONS.formatHex(MessageDigest.getInstance("SHA-256").digest(certificate)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  /** The value of the SDP attribute: {@code sha-256 AB:CD:…}. */
  public String attribute() {
    return "sha-256 " + hex;
  }
}
