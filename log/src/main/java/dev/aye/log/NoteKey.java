package dev.aye.log;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;

/**
 * A public key that signs notes: a name and an Ed25519 key (C2SP signed-note, type 1). Its text
 * form, the <i>vkey</i>, is {@code <name>+<key id in hex>+<base64 of 01 ‖ key>}.
 */
public final class NoteKey {
  /** SubjectPublicKeyInfo of an Ed25519 key up to the 32 bytes of the key (RFC 8410). */
  private static final byte[] SPKI = HexFormat.of().parseHex("302a300506032b6570032100");

  private static final byte ED25519 = 1;

  private final String name;
  private final byte[] raw;
  private final byte[] id;
  private final PublicKey key;

  NoteKey(String name, byte[] raw) throws Malformed {
    if (!SignedNote.isName(name) || name.length() > 255) {
      throw new Malformed("a key needs a name without spaces and plus signs, of at most 255");
    }
    if (raw.length != 32) {
      throw new Malformed("an Ed25519 key has 32 bytes");
    }
    this.name = name;
    this.raw = raw.clone();
    byte[] head = (name + "\n").getBytes(StandardCharsets.UTF_8);
    this.id = Arrays.copyOf(Hash.sha256(head, new byte[] {ED25519}, raw).bytes(), 4);
    try {
      byte[] spki = Arrays.copyOf(SPKI, SPKI.length + 32);
      System.arraycopy(raw, 0, spki, SPKI.length, 32);
      this.key = KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(spki));
    } catch (GeneralSecurityException e) {
      throw new Malformed("not an Ed25519 key");
    }
  }

  public static Verdict<NoteKey> read(String vkey) {
    try {
      return new Verdict.Holds<>(parse(vkey));
    } catch (Malformed e) {
      return e.verdict();
    }
  }

  static NoteKey parse(String vkey) throws Malformed {
    String[] parts = vkey.length() > 400 ? new String[0] : vkey.split("\\+", 3);
    if (parts.length != 3) {
      throw new Malformed("a vkey is a name, an id and a key with plus signs between");
    }
    byte[] typed = SignedNote.base64(parts[2]);
    if (typed.length != 33 || typed[0] != ED25519) {
      throw new Malformed("the vkey is not of type Ed25519");
    }
    NoteKey key = new NoteKey(parts[0], Arrays.copyOfRange(typed, 1, 33));
    if (!HexFormat.of().formatHex(key.id).equals(parts[1])) {
      throw new Malformed("the id in the vkey is not that of its key");
    }
    return key;
  }

  public String name() {
    return name;
  }

  public String vkey() {
    byte[] typed = new byte[33];
    typed[0] = ED25519;
    System.arraycopy(raw, 0, typed, 1, 32);
    String id = HexFormat.of().formatHex(this.id);
    return name + "+" + id + "+" + Base64.getEncoder().encodeToString(typed);
  }

  byte[] id() {
    return id.clone();
  }

  /** The text of the note, if this key signed it and no signature in its name is wrong. */
  public Verdict<String> verify(String note) {
    try {
      SignedNote signed = SignedNote.parse(note);
      byte[] text = SignedNote.utf8(signed.text());
      boolean found = false;
      for (SignedNote.Line line : signed.signatures()) {
        if (line.isBy(name, id)) {
          if (!verifies(text, line.signature())) {
            return new Verdict.Fails<>("the signature by the expected key is wrong");
          }
          found = true;
        }
      }
      return found
          ? new Verdict.Holds<>(signed.text())
          : new Verdict.Fails<>("the note is not signed by the expected key");
    } catch (Malformed e) {
      return e.verdict();
    }
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

  @Override
  public String toString() {
    return vkey();
  }
}
