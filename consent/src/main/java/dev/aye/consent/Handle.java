package dev.aye.consent;

/**
 * The name of one grant: SHA-256 of a {@link WithdrawalSecret} that only the person's device (or
 * withdrawal slip) holds, base64url.
 *
 * <p>Whoever publishes the secret withdraws the grant. A handle is accepted once, and never again
 * after its secret appeared. Not secret, but it links a receipt to what was kept under it.
 */
public record Handle(String value) {
  public Handle {
    Base64Url.ofLength(value, 32, "handle");
  }

  public static Handle of(byte[] sha256) {
    return new Handle(Base64Url.encode(sha256));
  }

  public byte[] bytes() {
    return Base64Url.decode(value);
  }

  @Override
  public String toString() {
    return "handle " + value.substring(0, 6) + "…";
  }
}
