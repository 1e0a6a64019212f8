package dev.aye.log;

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
