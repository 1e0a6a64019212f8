package dev.aye.log;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;

/**
 * The text form of a public key that signs notes (C2SP signed-note, "Verifier keys"): {@code
 * <name>+<key id in hex>+<base64 of type ‖ key>}, where the id is the first four bytes of
 * SHA-256(name ‖ 0A ‖ type ‖ key).
 */
record Vkey(String name, byte type, Ed25519 key) {
  /** A key that signs notes themselves. */
  static final byte NOTE = 1;

  /** A key that cosigns checkpoints (C2SP tlog-cosignature, cosignature/v1). */
  static final byte COSIGNATURE = 4;

  Vkey {
    if (!SignedNote.isName(name) || name.length() > 255) {
      throw new IllegalArgumentException(
          "a key needs a name without spaces and plus signs, of at most 255");
    }
  }

  static Vkey parse(String text, byte type) throws Malformed {
    String[] parts = text.length() > 400 ? new String[0] : text.split("\\+", 3);
    if (parts.length != 3) {
      throw new Malformed("a vkey is a name, an id and a key with plus signs between");
    }
    byte[] typed = SignedNote.base64(parts[2]);
    if (typed.length != 1 + Ed25519.LENGTH || typed[0] != type) {
      throw new Malformed(
          type == NOTE
              ? "the vkey is not of type Ed25519"
              : "the vkey is not one for Ed25519 cosignatures");
    }
    Vkey key;
    try {
      key = new Vkey(parts[0], type, new Ed25519(Arrays.copyOfRange(typed, 1, typed.length)));
    } catch (IllegalArgumentException e) {
      throw new Malformed("the name in the vkey is none that a key can have");
    }
    if (!HexFormat.of().formatHex(key.id()).equals(parts[1])) {
      throw new Malformed("the id in the vkey is not that of its key");
    }
    return key;
  }

  byte[] id() {
    byte[] head = (name + "\n").getBytes(StandardCharsets.UTF_8);
    return Arrays.copyOf(Hash.sha256(head, new byte[] {type}, key.raw()).bytes(), 4);
  }

  String text() {
    byte[] typed = new byte[1 + Ed25519.LENGTH];
    typed[0] = type;
    System.arraycopy(key.raw(), 0, typed, 1, Ed25519.LENGTH);
    String id = HexFormat.of().formatHex(id());
    return name + "+" + id + "+" + Base64.getEncoder().encodeToString(typed);
  }
}
