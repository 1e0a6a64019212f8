package dev.aye.media.transport;

import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The header extension elements of an RTP packet (RFC 8285), immutable and few: by id 1…255, at
 * most sixteen. Written in the one-byte form when it fits, else in the two-byte form.
 */
public final class RtpExtensions {
  public static final RtpExtensions NONE = new RtpExtensions(new int[0], new byte[0][]);

  private static final int MOST = 16;
  private static final int ONE_BYTE = 0xbede;
  private static final int TWO_BYTE = 0x1000;

  private final int[] ids;
  private final byte[][] values;

  private RtpExtensions(int[] ids, byte[][] values) {
    this.ids = ids;
    this.values = values;
  }

  public boolean isEmpty() {
    return ids.length == 0;
  }

  /** The element with this id, not to be changed; null if there is none. */
  public byte @Nullable [] get(int id) {
    int at = indexOf(id);
    return at < 0 ? null : values[at];
  }

  /** These elements with one set or replaced. */
  public RtpExtensions with(int id, byte[] value) {
    if (id < 1 || id > 255 || value.length > 255) {
      throw new IllegalArgumentException("header extension out of range");
    }
    int at = indexOf(id);
    int size = at < 0 ? ids.length + 1 : ids.length;
    if (size > MOST) {
      throw new IllegalArgumentException("too many header extensions");
    }
    int[] newIds = Arrays.copyOf(ids, size);
    byte[][] newValues = Arrays.copyOf(values, size);
    int slot = at < 0 ? size - 1 : at;
    newIds[slot] = id;
    newValues[slot] = value.clone();
    return new RtpExtensions(newIds, newValues);
  }

  /** These elements without one. */
  public RtpExtensions without(int id) {
    if (indexOf(id) < 0) {
      return this;
    }
    var rest = NONE;
    for (int i = 0; i < ids.length; i++) {
      if (ids[i] != id) {
        rest = rest.with(ids[i], values[i]);
      }
    }
    return rest;
  }

  /** Reads the elements in {@code from…to}; empty if malformed. Unknown profiles hold none. */
  static Optional<RtpExtensions> parse(int profile, byte[] b, int from, int to) {
    boolean one = profile == ONE_BYTE;
    if (!one && (profile & 0xfff0) != TWO_BYTE) {
      return Optional.of(NONE);
    }
    int[] ids = new int[MOST];
    byte[][] values = new byte[MOST][];
    int count = 0;
    int at = from;
    while (at < to) {
      int id = one ? (b[at] & 0xff) >>> 4 : b[at] & 0xff;
      if (b[at] == 0) {
        at++;
        continue;
      }
      if (one && id == 15) {
        break;
      }
      int length;
      if (one) {
        length = (b[at] & 0x0f) + 1;
        at += 1;
      } else {
        if (at + 1 >= to) {
          return Optional.empty();
        }
        length = b[at + 1] & 0xff;
        at += 2;
      }
      if (at + length > to || count == MOST) {
        return Optional.empty();
      }
      if (id != 0) {
        ids[count] = id;
        values[count++] = Bytes.slice(b, at, at + length);
      }
      at += length;
    }
    return Optional.of(
        count == 0
            ? NONE
            : new RtpExtensions(Arrays.copyOf(ids, count), Arrays.copyOf(values, count)));
  }

  int size() {
    if (isEmpty()) {
      return 0;
    }
    int length = content();
    return 4 + length + Bytes.padding(length);
  }

  /** Writes profile, length and elements and returns the place after them. */
  int write(byte[] into, int at) {
    if (isEmpty()) {
      return at;
    }
    boolean one = fitsOneByte();
    int end = at + size();
    Bytes.put16(into, at, one ? ONE_BYTE : TWO_BYTE);
    Bytes.put16(into, at + 2, (end - at - 4) / 4);
    int next = at + 4;
    for (int i = 0; i < ids.length; i++) {
      int length = values[i].length;
      if (one) {
        into[next++] = (byte) (ids[i] << 4 | length - 1);
      } else {
        into[next++] = (byte) ids[i];
        into[next++] = (byte) length;
      }
      System.arraycopy(values[i], 0, into, next, length);
      next += length;
    }
    Arrays.fill(into, next, end, (byte) 0);
    return end;
  }

  private int content() {
    int length = ids.length * (fitsOneByte() ? 1 : 2);
    for (byte[] value : values) {
      length += value.length;
    }
    return length;
  }

  private boolean fitsOneByte() {
    for (int i = 0; i < ids.length; i++) {
      if (ids[i] > 14 || values[i].length < 1 || values[i].length > 16) {
        return false;
      }
    }
    return true;
  }

  private int indexOf(int id) {
    for (int i = 0; i < ids.length; i++) {
      if (ids[i] == id) {
        return i;
      }
    }
    return -1;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof RtpExtensions that
        && Arrays.equals(ids, that.ids)
        && Arrays.deepEquals(values, that.values);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(ids) + Arrays.deepHashCode(values);
  }

  @Override
  public String toString() {
    return "RtpExtensions" + Arrays.toString(ids);
  }
}
