package dev.aye.consent;

import java.util.regex.Pattern;

/**
 * A series of meetings: what a host continues from one meeting to the next. 1 to 64 characters of
 * base64url.
 */
public record RoomId(String value) {
  private static final Pattern SHAPE = Pattern.compile("[A-Za-z0-9_-]{1,64}");

  public RoomId {
    if (!SHAPE.matcher(value).matches()) {
      throw new IllegalArgumentException("not a room id");
    }
  }

  @Override
  public String toString() {
    return value;
  }
}
