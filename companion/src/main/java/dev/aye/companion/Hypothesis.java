package dev.aye.companion;

/**
 * One reading of a stretch of speech: words in lower case, separated by single spaces, without
 * fillers.
 *
 * <p>{@code score} is a natural logarithm relative to the best reading of the same list, which has
 * 0; what an engine adds up in it (acoustics, weighted language model) is its own, so scores
 * compare within one list only.
 */
public record Hypothesis(String text, double score) {
  public Hypothesis {
    if (Double.isNaN(score) || score > 0) {
      throw new IllegalArgumentException("a score is relative to the best one and at most 0");
    }
  }

  /** Content stays out of logs: the length only. */
  @Override
  public String toString() {
    return "Hypothesis[" + text.length() + " characters, " + score + "]";
  }
}
