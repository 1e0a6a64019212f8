package dev.aye.consent;

import java.util.regex.Pattern;

/**
 * Who gets something: the companion, a recorder, a registered third party. 1 to 32 characters of
 * {@code a-z 0-9 -}, a letter first.
 */
public record RecipientId(String value) {
  private static final Pattern SHAPE = Pattern.compile("[a-z][a-z0-9-]{0,31}");

  /** The AI companion of this server. */
  public static final RecipientId COMPANION = new RecipientId("companion");

  public RecipientId {
    if (!SHAPE.matcher(value).matches()) {
      throw new IllegalArgumentException("not a recipient id");
    }
  }

  @Override
  public String toString() {
    return value;
  }
}
