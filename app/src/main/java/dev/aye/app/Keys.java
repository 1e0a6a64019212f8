package dev.aye.app;

import dev.aye.vault.Corrupt;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.function.Supplier;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * The folder of the server's own keys, readable by its user alone. Each key is a file that is made
 * once, durably, before it is first used, and never changed.
 */
final class Keys {
  private final Path folder;
  private final SecureRandom random;

  Keys(Path folder, SecureRandom random) throws IOException {
    OwnFiles.folder(folder);
    this.folder = folder;
    this.random = random;
  }

  Path folder() {
    return folder;
  }

  /** The 32 random bytes of this name. */
  byte[] secret(String name) throws IOException {
    byte[] key =
        stored(
            name,
            () -> {
              byte[] fresh = new byte[32];
              random.nextBytes(fresh);
              return fresh;
            });
    if (key.length != 32) {
      throw new IOException("the key " + name + " has been damaged");
    }
    return key;
  }

  /** The stored bytes of this name, drawn and made durable when there are none. */
  byte[] stored(String name, Supplier<byte[]> draw) throws IOException {
    Path file = folder.resolve(name + ".key");
    if (!Files.exists(file)) {
      OwnFiles.write(file, draw.get());
    }
    return Files.readAllBytes(file);
  }

  /** A box that closes what must not be readable in the database: AES-256-GCM under one key. */
  Box box(String name) throws IOException {
    return new Box(secret(name), random);
  }

  /** AES-256-GCM with a random nonce; what a row is for is bound to it as associated data. */
  static final class Box {
    private static final int NONCE = 12;
    private final SecretKeySpec key;
    private final SecureRandom random;

    private Box(byte[] key, SecureRandom random) {
      this.key = new SecretKeySpec(key, "AES");
      this.random = random;
    }

    byte[] close(String row, byte[] plain) {
      byte[] nonce = new byte[NONCE];
      random.nextBytes(nonce);
      try {
        byte[] sealed = cipher(Cipher.ENCRYPT_MODE, row, nonce).doFinal(plain);
        return ByteBuffer.allocate(NONCE + sealed.length).put(nonce).put(sealed).array();
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException("AES-GCM is not available", e);
      }
    }

    byte[] close(String row, String plain) {
      return close(row, plain.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * What is in the box.
     *
     * @throws Corrupt when it was altered, or closed for another row or under another key
     */
    byte[] open(String row, byte[] closed) {
      try {
        byte[] nonce = java.util.Arrays.copyOf(closed, NONCE);
        return cipher(Cipher.DECRYPT_MODE, row, nonce)
            .doFinal(closed, NONCE, closed.length - NONCE);
      } catch (GeneralSecurityException | IllegalArgumentException e) {
        throw new Corrupt("a row of the database does not open: " + row);
      }
    }

    String openText(String row, byte[] closed) {
      return new String(open(row, closed), StandardCharsets.UTF_8);
    }

    private Cipher cipher(int mode, String row, byte[] nonce) throws GeneralSecurityException {
      Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
      cipher.init(mode, key, new GCMParameterSpec(128, nonce));
      cipher.updateAAD(row.getBytes(StandardCharsets.UTF_8));
      return cipher;
    }
  }
}
