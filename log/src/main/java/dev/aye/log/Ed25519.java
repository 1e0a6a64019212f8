package dev.aye.log;

import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.HexFormat;

/** An Ed25519 public key as notes carry it: its 32 bytes. */
final class Ed25519 {
  static final int LENGTH = 32;

  /** SubjectPublicKeyInfo of an Ed25519 key up to the 32 bytes of the key (RFC 8410). */
  private static final byte[] SPKI = HexFormat.of().parseHex("302a300506032b6570032100");

  private final byte[] raw;
  private final PublicKey key;

  Ed25519(byte[] raw) throws Malformed {
    if (raw.length != LENGTH) {
      throw new Malformed("an Ed25519 key has 32 bytes");
    }
    this.raw = raw.clone();
    byte[] spki = Arrays.copyOf(SPKI, SPKI.length + LENGTH);
    System.arraycopy(raw, 0, spki, SPKI.length, LENGTH);
    try {
      this.key = KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(spki));
    } catch (GeneralSecurityException e) {
      throw new Malformed("not an Ed25519 key");
    }
  }

  byte[] raw() {
    return raw.clone();
  }

  boolean verifies(byte[] text, byte[] signature) {
    try {
      Signature ed25519 = Signature.getInstance("Ed25519");
      ed25519.initVerify(key);
      ed25519.update(text);
      return ed25519.verify(signature);
    } catch (GeneralSecurityException e) {
      return false;
    }
  }
}
