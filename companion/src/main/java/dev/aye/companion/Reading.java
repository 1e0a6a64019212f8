package dev.aye.companion;

import java.util.List;

/** What a speech model made of a stretch of speech. */
sealed interface Reading {
  /** Readings, best first, each text once; a single empty text when nothing was said. */
  record Heard(List<Hypothesis> hypotheses) implements Reading {
    public Heard {
      hypotheses = List.copyOf(hypotheses);
      if (hypotheses.isEmpty()) {
        throw new IllegalArgumentException("a reading has at least one hypothesis");
      }
    }
  }

  /** Nothing: the speech was withdrawn while the model listened. */
  record Discarded() implements Reading {}

  /** Nothing: the model could not do it. {@code reason} never holds content. */
  record Failed(String reason) implements Reading {}
}
