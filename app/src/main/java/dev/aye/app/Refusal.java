package dev.aye.app;

/**
 * The reason, in one sentence for the person at the terminal, why a command cannot be carried out.
 * It is never shown with a stack trace.
 */
final class Refusal extends RuntimeException {
  Refusal(String sentence) {
    super(sentence, null, false, false);
  }
}
