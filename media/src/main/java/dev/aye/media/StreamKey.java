package dev.aye.media;

import java.util.Arrays;

/**
 * The raw 32-byte key under which one device encrypts frames and data packets (LiveKit's "raw key",
 * before HKDF). Never printed; {@link #erase()} zeroes this copy.
 */
public final class StreamKey {
  private final byte[] raw;

  public StreamKey(byte[] raw) {
    if (raw.length != 32) {
      throw new IllegalArgumentException("a stream key has 32 bytes");
    }
    this.raw = raw.clone();
  }

  byte[] raw() {
    return raw.clone();
  }

  public void erase() {
    Arrays.fill(raw, (byte) 0);
  }

  @Override
  public String toString() {
    return "StreamKey[redacted]";
  }
}
