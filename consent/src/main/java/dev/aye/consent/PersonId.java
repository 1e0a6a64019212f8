package dev.aye.consent;

/**
 * A person, as their device key: the RFC 7638 SHA-256 thumbprint of a P-256 public key, base64url.
 *
 * <p>A guest has a fresh key per meeting. It is a pseudonym and therefore personal data: {@link
 * #toString} shows only its beginning.
 */
public record PersonId(String value) {
  public PersonId {
    Base64Url.ofLength(value, 32, "person");
  }

  @Override
  public String toString() {
    return "person " + value.substring(0, 4) + "…";
  }
}
