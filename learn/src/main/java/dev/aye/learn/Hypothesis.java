package dev.aye.learn;

/**
 * One of the things that somebody may have said, as a recogniser heard it.
 *
 * @param score its natural-logarithm score; higher is likelier; finite
 */
public record Hypothesis(String text, double score) {
  public Hypothesis {
    if (!Double.isFinite(score)) {
      throw new IllegalArgumentException("a score is a finite number");
    }
    text = Segment.wellFormed(text);
    score = score + 0.0; // there is one zero
  }

  @Override
  public String toString() {
    return "Hypothesis[" + score + "]";
  }
}
