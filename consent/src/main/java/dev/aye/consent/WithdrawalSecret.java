package dev.aye.consent;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * The preimage that withdraws one grant: 32 random bytes drawn by the device, base64url.
 *
 * <p>The server first sees it when it is used; {@link #toString} never shows it.
 */
public record WithdrawalSecret(String value) {
  public WithdrawalSecret {
    Base64Url.ofLength(value, 32, "withdrawal secret");
  }

  public static WithdrawalSecret of(byte[] bytes) {
    return new WithdrawalSecret(Base64Url.encode(bytes));
  }

  public byte[] bytes() {
    return Base64Url.decode(value);
  }

  /** The grant it withdraws. */
  public Handle handle() {
    try {
      return Handle.of(MessageDigest.getInstance("SHA-256").digest(bytes()));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  @Override
  public String toString() {
    return "withdrawal secret";
  }
}
