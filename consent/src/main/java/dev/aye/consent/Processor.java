package dev.aye.consent;

/**
 * What does the work for a recipient: the host it runs on and the model it runs, as shown to the
 * person. A grant names it; a changed processor ends the grant.
 */
public record Processor(String host, String model) {
  public Processor {
    check(host, "host");
    check(model, "model");
  }

  private static void check(String text, String what) {
    if (text.isEmpty() || text.length() > 200) {
      throw new IllegalArgumentException("a processor's " + what + " has 1 to 200 characters");
    }
  }
}
