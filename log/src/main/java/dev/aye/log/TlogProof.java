package dev.aye.log;

import java.util.ArrayList;
import java.util.List;

/**
 * A leaf's place in the log, for anybody to check offline (C2SP tlog-proof): its index, the path to
 * the root, and the checkpoint that signs the root.
 */
record TlogProof(long index, List<Hash> path, String checkpoint) {
  private static final String HEADER = "c2sp.org/tlog-proof@v1";
  private static final int MAX_PATH = 63;

  TlogProof {
    path = List.copyOf(path);
  }

  String text() {
    StringBuilder text = new StringBuilder(64 + 45 * path.size() + checkpoint.length());
    text.append(HEADER).append("\nindex ").append(index).append('\n');
    for (Hash hash : path) {
      text.append(hash.b64()).append('\n');
    }
    return text.append('\n').append(checkpoint).toString();
  }

  /** Reads the text; an {@code extra} line is allowed and passed over, as nothing signs it. */
  static TlogProof parse(String text) throws Malformed {
    if (text.length() > SignedNote.MAX_LENGTH) {
      throw new Malformed("the proof is too long");
    }
    int end = text.indexOf("\n\n");
    if (end < 0) {
      throw new Malformed("a proof has an empty line before its checkpoint");
    }
    String[] lines = text.substring(0, end).split("\n", -1);
    int line = 0;
    if (!lines[line++].equals(HEADER)) {
      throw new Malformed("the proof is not of version " + HEADER);
    }
    if (line < lines.length && lines[line].startsWith("extra ")) {
      SignedNote.base64(lines[line++].substring("extra ".length()));
    }
    if (line >= lines.length || !lines[line].startsWith("index ")) {
      throw new Malformed("the proof names no index");
    }
    long index = Checkpoint.decimal(lines[line++].substring("index ".length()));
    if (lines.length - line > MAX_PATH) {
      throw new Malformed("the path is longer than any tree is high");
    }
    List<Hash> path = new ArrayList<>();
    for (; line < lines.length; line++) {
      try {
        path.add(Hash.fromB64(lines[line]));
      } catch (IllegalArgumentException e) {
        throw new Malformed("a line of the path is not a hash in base64");
      }
    }
    return new TlogProof(index, path, text.substring(end + 2));
  }
}
