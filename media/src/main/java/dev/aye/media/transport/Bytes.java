package dev.aye.media.transport;

import java.util.Arrays;

/** Big-endian numbers in byte arrays, as every protocol here writes them. */
final class Bytes {
  private Bytes() {}

  static int u8(byte[] b, int at) {
    return b[at] & 0xff;
  }

  static int u16(byte[] b, int at) {
    return (b[at] & 0xff) << 8 | (b[at + 1] & 0xff);
  }

  static int u24(byte[] b, int at) {
    return (b[at] & 0xff) << 16 | u16(b, at + 1);
  }

  static int i32(byte[] b, int at) {
    return u16(b, at) << 16 | u16(b, at + 2);
  }

  static long u32(byte[] b, int at) {
    return i32(b, at) & 0xffffffffL;
  }

  static long i64(byte[] b, int at) {
    return u32(b, at) << 32 | u32(b, at + 4);
  }

  static void put16(byte[] b, int at, int value) {
    b[at] = (byte) (value >>> 8);
    b[at + 1] = (byte) value;
  }

  static void put24(byte[] b, int at, int value) {
    b[at] = (byte) (value >>> 16);
    put16(b, at + 1, value);
  }

  static void put32(byte[] b, int at, int value) {
    put16(b, at, value >>> 16);
    put16(b, at + 2, value);
  }

  static void put64(byte[] b, int at, long value) {
    put32(b, at, (int) (value >>> 32));
    put32(b, at + 4, (int) value);
  }

  static byte[] slice(byte[] b, int from, int to) {
    return Arrays.copyOfRange(b, from, to);
  }

  /** How many bytes follow a field of this length up to the next multiple of four. */
  static int padding(int length) {
    return -length & 3;
  }
}
