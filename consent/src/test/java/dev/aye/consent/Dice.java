package dev.aye.consent;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;

/**
 * Random bytes that are the same for the same seed on every machine: SHA-256 over seed and a
 * counter.
 */
final class Dice extends SecureRandom {
  private static final long serialVersionUID = 1L;

  private final String seed;
  private long counter;

  Dice(String seed) {
    this.seed = seed;
  }

  @Override
  public synchronized void nextBytes(byte[] bytes) {
    try {
      for (int i = 0; i < bytes.length; ) {
        byte[] block =
            MessageDigest.getInstance("SHA-256")
                .digest((seed + "/" + counter++).getBytes(StandardCharsets.UTF_8));
        for (int j = 0; j < block.length && i < bytes.length; j++) {
          bytes[i++] = block[j];
        }
      }
    } catch (java.security.NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  byte[] bytes(int length) {
    byte[] bytes = new byte[length];
    nextBytes(bytes);
    return bytes;
  }

  String b64u(int length) {
    return Base64Url.encode(bytes(length));
  }
}
