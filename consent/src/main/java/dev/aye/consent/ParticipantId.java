package dev.aye.consent;

import java.util.regex.Pattern;

/**
 * One presence of a person in a meeting (one page load): 1 to 64 characters of {@code A-Z a-z 0-9 _
 * -}. Known to all who are in the meeting.
 */
public record ParticipantId(String value) {
  private static final Pattern SHAPE = Pattern.compile("[A-Za-z0-9_-]{1,64}");

  public ParticipantId {
    if (!SHAPE.matcher(value).matches()) {
      throw new IllegalArgumentException("not a participant id");
    }
  }

  @Override
  public String toString() {
    return "participant " + value;
  }
}
