package dev.aye.media.transport;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.CRC32;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * A STUN binding message as ICE uses it (RFC 8489, RFC 8445 section 7.1). A message without a right
 * FINGERPRINT is not parsed at all, and {@link #authentic} requires MESSAGE-INTEGRITY. Attributes
 * behind MESSAGE-INTEGRITY are not believed (RFC 8489 section 14.5).
 */
final class Stun {
  static final int COOKIE = 0x2112a442;
  static final int REQUEST = 0x0001;
  static final int INDICATION = 0x0011;
  static final int SUCCESS = 0x0101;
  static final int ERROR = 0x0111;

  private static final int USERNAME = 0x0006;
  private static final int INTEGRITY = 0x0008;
  private static final int ERROR_CODE = 0x0009;
  private static final int XOR_MAPPED_ADDRESS = 0x0020;
  private static final int PRIORITY = 0x0024;
  private static final int USE_CANDIDATE = 0x0025;
  private static final int FINGERPRINT = 0x8028;
  private static final int CONTROLLED = 0x8029;
  private static final int CONTROLLING = 0x802a;
  private static final int FINGERPRINT_XOR = 0x5354554e;
  private static final int HEADER = 20;
  private static final int MOST_ATTRIBUTES = 32;

  private final byte[] bytes;
  private final int type;
  private int integrityAt = -1;
  private @Nullable String username;
  private @Nullable InetSocketAddress mapped;
  private boolean useCandidate;
  private boolean controlled;
  private int errorCode;
  private long priority;

  private Stun(byte[] bytes) {
    this.bytes = bytes;
    this.type = Bytes.u16(bytes, 0);
  }

  /** Whether the first bytes look like STUN (RFC 7983: first byte 0…3). */
  static boolean looksLike(byte[] b) {
    return b.length >= HEADER && b[0] >= 0 && b[0] <= 3 && Bytes.i32(b, 4) == COOKIE;
  }

  /** Reads a message with a right FINGERPRINT; anything else is empty. */
  static Optional<Stun> parse(byte[] b) {
    if (!looksLike(b) || Bytes.u16(b, 2) != b.length - HEADER || b.length % 4 != 0) {
      return Optional.empty();
    }
    var message = new Stun(b);
    return message.read() ? Optional.of(message) : Optional.empty();
  }

  private boolean read() {
    int at = HEADER;
    for (int count = 0; at < bytes.length; count++) {
      if (count == MOST_ATTRIBUTES || bytes.length - at < 4) {
        return false;
      }
      int attribute = Bytes.u16(bytes, at);
      int length = Bytes.u16(bytes, at + 2);
      int value = at + 4;
      int next = value + length + Bytes.padding(length);
      if (next > bytes.length) {
        return false;
      }
      if (attribute == FINGERPRINT) {
        return length == 4
            && next == bytes.length
            && fingerprint(bytes, at) == Bytes.i32(bytes, value);
      }
      if (integrityAt < 0 && !readAttribute(attribute, at, value, length)) {
        return false;
      }
      at = next;
    }
    return false;
  }

  private boolean readAttribute(int attribute, int at, int value, int length) {
    switch (attribute) {
      case USERNAME -> {
        if (length > 513) {
          return false;
        }
        username = new String(bytes, value, length, StandardCharsets.UTF_8);
      }
      case INTEGRITY -> {
        if (length != 20) {
          return false;
        }
        integrityAt = at;
      }
      case ERROR_CODE -> {
        if (length < 4) {
          return false;
        }
        errorCode = (bytes[value + 2] & 7) * 100 + (bytes[value + 3] & 0xff) % 100;
      }
      case XOR_MAPPED_ADDRESS -> {
        mapped = readAddress(value, length);
        return mapped != null;
      }
      case PRIORITY -> {
        if (length != 4) {
          return false;
        }
        priority = Bytes.u32(bytes, value);
      }
      case USE_CANDIDATE -> useCandidate = true;
      case CONTROLLED -> controlled = true;
      default -> {}
    }
    return true;
  }

  private @Nullable InetSocketAddress readAddress(int at, int length) {
    int family = length >= 2 ? bytes[at + 1] : 0;
    int size = family == 1 ? 4 : 16;
    if ((family != 1 && family != 2) || length != 4 + size) {
      return null;
    }
    byte[] address = Bytes.slice(bytes, at + 4, at + 4 + size);
    for (int i = 0; i < size; i++) {
      address[i] ^= bytes[4 + i];
    }
    try {
      return new InetSocketAddress(
          InetAddress.getByAddress(address), Bytes.u16(bytes, at + 2) ^ (COOKIE >>> 16));
    } catch (UnknownHostException e) {
      throw new IllegalStateException("an address of four or sixteen bytes is legal", e);
    }
  }

  /** Whether MESSAGE-INTEGRITY is there and right. */
  boolean authentic(String password) {
    if (integrityAt < 0) {
      return false;
    }
    byte[] expected = integrity(bytes, integrityAt, password);
    byte[] actual = Bytes.slice(bytes, integrityAt + 4, integrityAt + 24);
    return MessageDigest.isEqual(expected, actual);
  }

  int type() {
    return type;
  }

  @Nullable String username() {
    return username;
  }

  @Nullable InetSocketAddress mapped() {
    return mapped;
  }

  boolean useCandidate() {
    return useCandidate;
  }

  boolean controlled() {
    return controlled;
  }

  int errorCode() {
    return errorCode;
  }

  long priority() {
    return priority;
  }

  byte[] transaction() {
    return Bytes.slice(bytes, 8, HEADER);
  }

  /**
   * The USERNAME of a binding request without any check, for routing; null if there is none. Cheap,
   * so that a flood costs little.
   */
  static @Nullable String peekUsername(byte[] b) {
    if (!looksLike(b) || Bytes.u16(b, 0) != REQUEST) {
      return null;
    }
    int at = HEADER;
    for (int count = 0; count < MOST_ATTRIBUTES && at + 4 <= b.length; count++) {
      int length = Bytes.u16(b, at + 2);
      if (Bytes.u16(b, at) == USERNAME) {
        return length <= 513 && at + 4 + length <= b.length
            ? new String(b, at + 4, length, StandardCharsets.UTF_8)
            : null;
      }
      at += 4 + length + Bytes.padding(length);
    }
    return null;
  }

  /** A controlling agent's connectivity check. */
  static byte[] request(
      byte[] transaction,
      String username,
      String password,
      long priority,
      long tieBreaker,
      boolean nominate) {
    byte[] name = username.getBytes(StandardCharsets.UTF_8);
    var w = new Writer(REQUEST, transaction);
    w.attribute(USERNAME, name);
    byte[] four = new byte[4];
    Bytes.put32(four, 0, (int) priority);
    w.attribute(PRIORITY, four);
    byte[] eight = new byte[8];
    Bytes.put64(eight, 0, tieBreaker);
    w.attribute(CONTROLLING, eight);
    if (nominate) {
      w.attribute(USE_CANDIDATE, new byte[0]);
    }
    return w.seal(password);
  }

  /** The answer to a check. */
  static byte[] success(byte[] transaction, InetSocketAddress from, String password) {
    var w = new Writer(SUCCESS, transaction);
    byte[] address = from.getAddress().getAddress();
    byte[] value = new byte[4 + address.length];
    value[1] = (byte) (from.getAddress() instanceof Inet4Address ? 1 : 2);
    Bytes.put16(value, 2, from.getPort() ^ (COOKIE >>> 16));
    for (int i = 0; i < address.length; i++) {
      value[4 + i] = (byte) (address[i] ^ w.bytes[4 + i]);
    }
    w.attribute(XOR_MAPPED_ADDRESS, value);
    return w.seal(password);
  }

  /**
   * The answer to a check from an agent that thinks it is controlled (RFC 8445 section 7.3.1.1).
   */
  static byte[] roleConflict(byte[] transaction, String password) {
    var w = new Writer(ERROR, transaction);
    w.attribute(ERROR_CODE, new byte[] {0, 0, 4, 87});
    return w.seal(password);
  }

  private static byte[] integrity(byte[] b, int at, String password) {
    byte[] head = Arrays.copyOf(b, at);
    Bytes.put16(head, 2, at + 24 - HEADER);
    try {
      var mac = Mac.getInstance("HmacSHA1");
      mac.init(new SecretKeySpec(password.getBytes(StandardCharsets.UTF_8), "HmacSHA1"));
      return mac.doFinal(head);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java has HMAC-SHA1", e);
    }
  }

  private static int fingerprint(byte[] b, int at) {
    var crc = new CRC32();
    crc.update(b, 0, at);
    return (int) crc.getValue() ^ FINGERPRINT_XOR;
  }

  private static final class Writer {
    private byte[] bytes = new byte[256];
    private int at = HEADER;

    Writer(int type, byte[] transaction) {
      Bytes.put16(bytes, 0, type);
      Bytes.put32(bytes, 4, COOKIE);
      System.arraycopy(transaction, 0, bytes, 8, 12);
    }

    void attribute(int type, byte[] value) {
      int next = at + 4 + value.length + Bytes.padding(value.length);
      if (next > bytes.length) {
        bytes = Arrays.copyOf(bytes, next * 2);
      }
      Bytes.put16(bytes, at, type);
      Bytes.put16(bytes, at + 2, value.length);
      System.arraycopy(value, 0, bytes, at + 4, value.length);
      at = next;
    }

    byte[] seal(String password) {
      attribute(INTEGRITY, integrity(bytes, at, password));
      Bytes.put16(bytes, 2, at + 8 - HEADER);
      byte[] value = new byte[4];
      Bytes.put32(value, 0, fingerprint(bytes, at));
      attribute(FINGERPRINT, value);
      return Arrays.copyOf(bytes, at);
    }
  }
}
