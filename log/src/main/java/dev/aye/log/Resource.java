package dev.aye.log;

import java.nio.charset.StandardCharsets;

/**
 * One file of the log as it is served. An immutable one may be cached for ever, the checkpoint for
 * no more than a few seconds.
 */
public final class Resource {
  private final byte[] bytes;
  private final String contentType;
  private final boolean immutable;

  Resource(byte[] bytes, String contentType, boolean immutable) {
    this.bytes = bytes;
    this.contentType = contentType;
    this.immutable = immutable;
  }

  static Resource of(Checkpoint checkpoint) {
    byte[] note = checkpoint.note().getBytes(StandardCharsets.UTF_8);
    return new Resource(note, "text/plain; charset=utf-8", false);
  }

  public byte[] bytes() {
    return bytes.clone();
  }

  public String contentType() {
    return contentType;
  }

  public boolean immutable() {
    return immutable;
  }
}
