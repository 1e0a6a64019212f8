package dev.aye.log;

import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;

/**
 * A text with the signatures under it (C2SP signed-note), as it was read: nothing in it counts
 * before {@link NoteKey#verify}.
 */
public record SignedNote(String text, List<Line> signatures) {
  /** Accounts to a person are notes too, and may list many steps. */
  static final int MAX_LENGTH = 256 * 1024;

  private static final int MAX_SIGNATURES = 64;
  private static final String DASH = "\u2014 ";

  public SignedNote {
    signatures = List.copyOf(signatures);
  }

  /** A signature line: who claims to have signed, the id of the key, and the signature. */
  public static final class Line {
    private final String name;
    private final byte[] idAndSignature;

    private Line(String name, byte[] idAndSignature) {
      this.name = name;
      this.idAndSignature = idAndSignature;
    }

    /** The line as it stands in a note, with its newline. */
    String text() {
      return DASH + name + " " + Base64.getEncoder().encodeToString(idAndSignature) + "\n";
    }

    public String name() {
      return name;
    }

    boolean isBy(String keyName, byte[] keyId) {
      return name.equals(keyName) && Arrays.equals(idAndSignature, 0, 4, keyId, 0, 4);
    }

    byte[] signature() {
      return Arrays.copyOfRange(idAndSignature, 4, idAndSignature.length);
    }
  }

  public static Verdict<SignedNote> read(String note) {
    try {
      return new Verdict.Holds<>(parse(note));
    } catch (Malformed e) {
      return e.verdict();
    }
  }

  static SignedNote parse(String note) throws Malformed {
    if (note.length() > MAX_LENGTH) {
      throw new Malformed("the note is too long");
    }
    utf8(note);
    int end = note.lastIndexOf("\n\n");
    if (end < 0 || !note.endsWith("\n")) {
      throw new Malformed("a note is a text, an empty line and signatures");
    }
    return new SignedNote(note.substring(0, end + 1), lines(note.substring(end + 2)));
  }

  /** Reads signature lines, each with its newline. */
  static List<Line> lines(String text) throws Malformed {
    String[] lines = text.split("\n", -1);
    if (lines.length < 2
        || lines.length > MAX_SIGNATURES + 1
        || !lines[lines.length - 1].isEmpty()) {
      throw new Malformed("a note has at least one signature and not more than 64");
    }
    List<Line> signatures = new ArrayList<>();
    for (String line : Arrays.asList(lines).subList(0, lines.length - 1)) {
      signatures.add(line(line));
    }
    return signatures;
  }

  static String format(String text, String name, byte[] keyId, byte[] signature) {
    byte[] both = Arrays.copyOf(keyId, 4 + signature.length);
    System.arraycopy(signature, 0, both, 4, signature.length);
    return text + "\n" + new Line(name, both).text();
  }

  /** The bytes that are signed; control characters and broken surrogates are refused. */
  static byte[] utf8(String text) throws Malformed {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) < ' ' && text.charAt(i) != '\n') {
        throw new Malformed("a note has no control characters but newlines");
      }
    }
    try {
      var buffer = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
      byte[] bytes = new byte[buffer.remaining()];
      buffer.get(bytes);
      return bytes;
    } catch (CharacterCodingException e) {
      throw new Malformed("a note is UTF-8 text");
    }
  }

  static boolean isName(String name) {
    return !name.isEmpty()
        && name.chars()
            .noneMatch(c -> c == '+' || c < ' ' || Character.isSpaceChar(c) || c == 0x85);
  }

  private static Line line(String line) throws Malformed {
    int space = line.indexOf(' ', DASH.length());
    if (!line.startsWith(DASH) || space < 0) {
      throw new Malformed("a signature line is a dash, a name and base64");
    }
    String name = line.substring(DASH.length(), space);
    byte[] value = base64(line.substring(space + 1));
    if (!isName(name) || value.length < 5) {
      throw new Malformed("a signature line is a dash, a name and base64");
    }
    return new Line(name, value);
  }

  static byte[] base64(String text) throws Malformed {
    try {
      byte[] value = Base64.getDecoder().decode(text);
      if (Base64.getEncoder().encodeToString(value).equals(text)) {
        return value;
      }
    } catch (IllegalArgumentException e) {
      throw new Malformed("not base64");
    }
    throw new Malformed("not base64 in its canonical form");
  }
}
