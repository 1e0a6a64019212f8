package dev.aye.log;

/**
 * The signed state of a log (C2SP tlog-checkpoint): its origin, its number of leaves and their root
 * hash. {@code note} is the signed note as the log gave it; a checkpoint that comes from {@link
 * LogVerifier} or {@link Log} had its signature checked.
 */
public record Checkpoint(String origin, long size, Hash root, String note) {

  static String text(String origin, long size, Hash root) {
    return origin + "\n" + size + "\n" + root.b64() + "\n";
  }

  /** Reads the text of a note; extension lines are refused, as this log never writes any. */
  static Checkpoint parse(String text, String note) throws Malformed {
    String[] lines = text.split("\n", -1);
    if (lines.length != 4 || !lines[3].isEmpty() || lines[0].isEmpty()) {
      throw new Malformed("a checkpoint has three lines");
    }
    try {
      return new Checkpoint(lines[0], decimal(lines[1]), Hash.fromB64(lines[2]), note);
    } catch (IllegalArgumentException e) {
      throw new Malformed("the root of a checkpoint is 32 bytes in base64");
    }
  }

  static long decimal(String digits) throws Malformed {
    boolean plain = !digits.isEmpty() && digits.length() <= 18;
    for (int i = 0; i < digits.length() && plain; i++) {
      plain = digits.charAt(i) >= '0' && digits.charAt(i) <= '9';
    }
    if (!plain || (digits.length() > 1 && digits.charAt(0) == '0')) {
      throw new Malformed("not a decimal number without leading zeros");
    }
    return Long.parseLong(digits);
  }
}
