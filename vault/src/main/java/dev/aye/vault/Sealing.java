package dev.aye.vault;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Arrays;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * AES-256-GCM, HMAC-SHA256 and SHA-256 as the vault uses them. A box is {@code iv(12) ‖ ct ‖
 * tag(16)}.
 */
final class Sealing {
  /** How much longer a box is than what it holds. */
  static final int OVERHEAD = 12 + 16;

  private Sealing() {}

  static byte[] seal(byte[] key, SecureRandom random, byte[] context, byte[] plain) {
    byte[] iv = new byte[12];
    random.nextBytes(iv);
    try {
      Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
      cipher.init(
          Cipher.ENCRYPT_MODE, new SecretKeySpec(key, "AES"), new GCMParameterSpec(128, iv));
      cipher.updateAAD(context);
      byte[] box = Arrays.copyOf(iv, plain.length + OVERHEAD);
      cipher.doFinal(plain, 0, plain.length, box, 12);
      return box;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("sealing a box failed", e);
    }
  }

  /** What a box holds, or an exception when it is not the one sealed under this key and context. */
  static byte[] open(byte[] key, byte[] context, byte[] box) {
    if (box.length < OVERHEAD) {
      throw new Corrupt("a sealed box is too short");
    }
    try {
      Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
      cipher.init(
          Cipher.DECRYPT_MODE,
          new SecretKeySpec(key, "AES"),
          new GCMParameterSpec(128, box, 0, 12));
      cipher.updateAAD(context);
      return cipher.doFinal(box, 12, box.length - 12);
    } catch (AEADBadTagException e) {
      throw new Corrupt("a sealed box was changed, or is not under this key");
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("opening a box failed", e);
    }
  }

  static byte[] hmac(byte[] key, byte[]... parts) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(key, "HmacSHA256"));
      for (byte[] part : parts) {
        mac.update(part);
      }
      return mac.doFinal();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("HMAC-SHA256 failed", e);
    }
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("this Java has no SHA-256", e);
    }
  }

  static byte[] sha256(byte[]... parts) {
    MessageDigest digest = sha256();
    for (byte[] part : parts) {
      digest.update(part);
    }
    return digest.digest();
  }
}
