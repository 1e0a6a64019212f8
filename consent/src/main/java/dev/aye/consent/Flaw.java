package dev.aye.consent;

/**
 * What is wrong with input from the network, on its way to becoming a result value; never leaves
 * this package.
 *
 * <p>The detail names the field, never its content.
 */
final class Flaw extends Exception {
  private final Refusal reason;
  private final String detail;

  Flaw(Refusal reason, String detail) {
    super(reason + ": " + detail, null, false, false);
    this.reason = reason;
    this.detail = detail;
  }

  static Flaw malformed(String detail) {
    return new Flaw(Refusal.MALFORMED, detail);
  }

  static void demand(boolean condition, Refusal otherwise, String field) throws Flaw {
    if (!condition) {
      throw new Flaw(otherwise, field);
    }
  }

  Refusal reason() {
    return reason;
  }

  String detail() {
    return detail;
  }
}
