package dev.aye.consent;

/**
 * The 32 random bytes that hide a receipt behind its commitment in the log, drawn by the device,
 * base64url.
 *
 * <p>Whoever has salt and receipt can point at the receipt's leaf; once both are erased nothing
 * can. {@link #toString} never shows it.
 */
public record Salt(String value) {
  public Salt {
    Base64Url.ofLength(value, 32, "salt");
  }

  public static Salt of(byte[] bytes) {
    return new Salt(Base64Url.encode(bytes));
  }

  public byte[] bytes() {
    return Base64Url.decode(value);
  }

  @Override
  public String toString() {
    return "salt";
  }
}
