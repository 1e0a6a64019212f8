package dev.aye.log;

import java.util.Arrays;

/**
 * A public key that signs notes: a name and an Ed25519 key (C2SP signed-note, type 1). Its text
 * form is the <i>vkey</i>.
 */
public final class NoteKey {
  private final Vkey vkey;
  private final byte[] id;

  /** What was found to be signed last: many proofs come with one checkpoint. */
  private volatile Signed last = new Signed(new byte[0], new byte[0]);

  NoteKey(String name, byte[] raw) throws Malformed {
    this(vkey(name, raw));
  }

  private NoteKey(Vkey vkey) {
    this.vkey = vkey;
    this.id = vkey.id();
  }

  private static Vkey vkey(String name, byte[] raw) throws Malformed {
    try {
      return new Vkey(name, Vkey.NOTE, new Ed25519(raw));
    } catch (IllegalArgumentException e) {
      throw new Malformed("a key needs a name without spaces and plus signs, of at most 255");
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
    return new NoteKey(Vkey.parse(vkey, Vkey.NOTE));
  }

  public String name() {
    return vkey.name();
  }

  public String vkey() {
    return vkey.text();
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
        if (line.isBy(vkey.name(), id)) {
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
    Signed known = last;
    if (signature.length > 0
        && Arrays.equals(known.text, text)
        && Arrays.equals(known.signature, signature)) {
      return true;
    }
    boolean holds = vkey.key().verifies(text, signature);
    if (holds) {
      last = new Signed(text.clone(), signature.clone());
    }
    return holds;
  }

  @SuppressWarnings("ArrayRecordComponent") // compared by what is in them
  private record Signed(byte[] text, byte[] signature) {}

  @Override
  public String toString() {
    return vkey();
  }
}
