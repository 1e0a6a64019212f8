package dev.aye.consent;

import java.util.regex.Pattern;

/**
 * A meeting's id: 1 to 64 characters of {@code A-Z a-z 0-9 _ -}.
 *
 * <p>Whoever knows it may knock at the meeting, so {@link #toString} shows only its beginning.
 */
public record MeetingId(String value) {
  private static final Pattern SHAPE = Pattern.compile("[A-Za-z0-9_-]{1,64}");

  public MeetingId {
    if (!SHAPE.matcher(value).matches()) {
      throw new IllegalArgumentException("not a meeting id");
    }
  }

  @Override
  public String toString() {
    return "meeting " + value.substring(0, Math.min(3, value.length())) + "…";
  }
}
