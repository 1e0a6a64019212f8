package dev.aye.consent;

/**
 * Who answers for this service in law (GDPR article 4(7)), as the notices name them.
 *
 * @param name of the organisation
 * @param contact whom to ask about one's data: an address that works
 * @param authority whom to complain to: the supervisory authority
 */
public record Controller(String name, String contact, String authority) {
  public Controller {
    check(name, "name");
    check(contact, "contact");
    check(authority, "authority");
  }

  private static void check(String text, String what) {
    if (text.isBlank()
        || text.length() > 200
        || text.codePoints().anyMatch(c -> Character.getType(c) == Character.CONTROL)) {
      throw new IllegalArgumentException(
          "the controller's " + what + " must be one line of 1 to 200 characters");
    }
  }
}
