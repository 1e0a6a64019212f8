package dev.aye.consent;

/**
 * A recipient as it is now: who, under which public key, and what does the work there.
 *
 * @param key the uncompressed P-256 point (65 bytes), base64url; the one in its {@code KEY} leaf
 */
public record Recipient(RecipientId id, String key, Processor processor) {
  public Recipient {
    Base64Url.ofLength(key, 65, "recipient key");
  }
}
