package dev.aye.log;

import java.util.Arrays;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * A P-256 public key as an uncompressed point: {@code 04 ‖ x(32) ‖ y(32)} (SEC 1, section 2.3.3).
 * Whether it lies on the curve is for the one who uses it to check.
 */
public final class Point {
  public static final int LENGTH = 65;

  private final byte[] value;

  private Point(byte[] value) {
    this.value = value;
  }

  /**
   * Takes the 65 bytes of a point.
   *
   * @throws IllegalArgumentException if these are not 65 bytes of which the first is 4
   */
  public static Point of(byte[] value) {
    if (value.length != LENGTH || value[0] != 4) {
      throw new IllegalArgumentException(
          "an uncompressed P-256 point has 65 bytes, the first is 4");
    }
    return new Point(value.clone());
  }

  public byte[] bytes() {
    return value.clone();
  }

  public String b64u() {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(value);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Point point && Arrays.equals(value, point.value);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(value);
  }

  @Override
  public String toString() {
    return b64u();
  }
}
