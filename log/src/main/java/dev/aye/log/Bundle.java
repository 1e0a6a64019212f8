package dev.aye.log;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Entries, each after its length as a big-endian uint16 (C2SP tlog-tiles, "Log entries"). */
final class Bundle {
  private Bundle() {}

  static List<byte[]> entries(byte[] bundle) throws Malformed {
    List<byte[]> entries = new ArrayList<>();
    int at = 0;
    while (at < bundle.length) {
      int end = end(bundle, at);
      byte[] entry = new byte[end - at - 2];
      System.arraycopy(bundle, at + 2, entry, 0, entry.length);
      entries.add(entry);
      at = end;
    }
    return entries;
  }

  /** The bytes of the first entries. */
  static byte[] first(byte[] bundle, int count) throws Malformed {
    int at = 0;
    for (int i = 0; i < count; i++) {
      at = end(bundle, at);
    }
    return Arrays.copyOf(bundle, at);
  }

  static int write(byte[] entry, byte[] out, int at) {
    out[at] = (byte) (entry.length >> 8);
    out[at + 1] = (byte) entry.length;
    System.arraycopy(entry, 0, out, at + 2, entry.length);
    return at + 2 + entry.length;
  }

  private static int end(byte[] bundle, int at) throws Malformed {
    if (at + 2 > bundle.length) {
      throw new Malformed("the bundle ends inside a length");
    }
    int end = at + 2 + (((bundle[at] & 0xff) << 8) | (bundle[at + 1] & 0xff));
    if (end > bundle.length) {
      throw new Malformed("the bundle ends inside an entry");
    }
    return end;
  }
}
