package dev.aye.companion;

import java.util.List;

/**
 * Puts the readings that a recogniser offers into a better order: the port through which a trained
 * model helps.
 */
@FunctionalInterface
public interface Reranker {
  /** Changes nothing: what is used as long as nothing was learned. */
  Reranker NONE = hypotheses -> hypotheses;

  /** The same readings, the best first. */
  List<Hypothesis> rerank(List<Hypothesis> hypotheses);
}
