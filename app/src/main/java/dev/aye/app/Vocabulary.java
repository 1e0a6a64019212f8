package dev.aye.app;

import dev.aye.companion.Hypothesis;
import dev.aye.companion.Reranker;
import dev.aye.learn.CountModel;
import java.util.List;

/**
 * A learned vocabulary as the companion uses it: the bridge between learn and companion.
 *
 * <p>A recogniser's score adds up logarithms over overlapping stretches of 10 ms as if they were
 * independent, and so overstates how sure it is. As in every rescoring of readings by a language
 * model it is scaled down first; the scale was chosen on the recordings in {@code speech/}.
 */
final class Vocabulary {
  private static final double SCALE = 0.05;

  private Vocabulary() {}

  static Reranker of(CountModel model) {
    return offered -> {
      List<dev.aye.learn.Hypothesis> ranked =
          model.rerank(
              offered.stream()
                  .map(h -> new dev.aye.learn.Hypothesis(h.text(), SCALE * h.score()))
                  .toList());
      double best = ranked.isEmpty() ? 0 : ranked.getFirst().score();
      return ranked.stream()
          .map(h -> new Hypothesis(h.text(), Math.min(0, h.score() - best)))
          .toList();
    };
  }
}
