package dev.aye.log;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.interfaces.EdECPrivateKey;
import java.security.spec.EdECPrivateKeySpec;
import java.security.spec.NamedParameterSpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;

/**
 * The key that signs this log's notes. Its file has two lines: the private key in the usual text
 * form of signed notes, {@code PRIVATE+KEY+<name>+<id>+<base64 of 01 ‖ seed>}, and the vkey.
 */
final class SigningKey {
  private final NoteKey publicKey;
  private final PrivateKey privateKey;
  private final byte[] seed;

  private SigningKey(NoteKey publicKey, byte[] seed) throws GeneralSecurityException {
    this.publicKey = publicKey;
    this.seed = seed;
    this.privateKey =
        KeyFactory.getInstance("Ed25519")
            .generatePrivate(new EdECPrivateKeySpec(NamedParameterSpec.ED25519, seed));
  }

  /**
   * @throws IllegalArgumentException if the name cannot be that of a key
   */
  static SigningKey generate(String name, SecureRandom random) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("Ed25519");
      generator.initialize(NamedParameterSpec.ED25519, random);
      KeyPair pair = generator.generateKeyPair();
      byte[] spki = pair.getPublic().getEncoded();
      NoteKey key = new NoteKey(name, Arrays.copyOfRange(spki, spki.length - 32, spki.length));
      return new SigningKey(key, ((EdECPrivateKey) pair.getPrivate()).getBytes().orElseThrow());
    } catch (Malformed e) {
      throw new IllegalArgumentException("no log can have this origin: " + e.getMessage());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java platform has Ed25519", e);
    }
  }

  static SigningKey parse(byte[] file) throws Malformed {
    String[] lines = new String(file, StandardCharsets.UTF_8).split("\n", -1);
    if (lines.length != 3 || !lines[0].startsWith("PRIVATE+KEY+")) {
      throw new Malformed("a key file has a private key and a vkey");
    }
    NoteKey publicKey = NoteKey.parse(lines[1]);
    String prefix = prefix(publicKey);
    if (!lines[0].startsWith(prefix)) {
      throw new Malformed("the two lines of the key file differ in name or id");
    }
    byte[] typed = SignedNote.base64(lines[0].substring(prefix.length()));
    if (typed.length != 33 || typed[0] != 1) {
      throw new Malformed("the private key is not of type Ed25519");
    }
    try {
      SigningKey key = new SigningKey(publicKey, Arrays.copyOfRange(typed, 1, 33));
      byte[] probe = "aye-key-check/1\n".getBytes(StandardCharsets.UTF_8);
      if (!publicKey.verifies(probe, key.signature(probe))) {
        throw new Malformed("the private key and the vkey are no pair");
      }
      return key;
    } catch (GeneralSecurityException e) {
      throw new Malformed("not an Ed25519 key");
    }
  }

  byte[] file() {
    byte[] typed = new byte[33];
    typed[0] = 1;
    System.arraycopy(seed, 0, typed, 1, 32);
    String line = prefix(publicKey) + Base64.getEncoder().encodeToString(typed);
    return (line + "\n" + publicKey.vkey() + "\n").getBytes(StandardCharsets.UTF_8);
  }

  NoteKey publicKey() {
    return publicKey;
  }

  /**
   * @throws IllegalArgumentException if this text cannot be that of a note
   */
  String sign(String text) {
    try {
      if (text.length() < 2
          || !text.endsWith("\n")
          || text.length() > SignedNote.MAX_LENGTH - 512) {
        throw new Malformed("the text of a note ends with a newline and is of bounded length");
      }
      byte[] signature = signature(SignedNote.utf8(text));
      return SignedNote.format(text, publicKey.name(), publicKey.id(), signature);
    } catch (Malformed e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }

  private byte[] signature(byte[] text) {
    try {
      Signature ed25519 = Signature.getInstance("Ed25519");
      ed25519.initSign(privateKey);
      ed25519.update(text);
      return ed25519.sign();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("signing with Ed25519 failed", e);
    }
  }

  private static String prefix(NoteKey key) {
    return "PRIVATE+KEY+" + key.name() + "+" + HexFormat.of().formatHex(key.id()) + "+";
  }

  @Override
  public String toString() {
    return "SigningKey[" + publicKey.name() + "]";
  }
}
