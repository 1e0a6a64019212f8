package dev.aye.app;

import dev.aye.companion.Hypothesis;
import dev.aye.companion.Reranker;
import dev.aye.learn.CountModel;
import java.util.List;

/** A learned vocabulary as the companion uses it: the bridge between learn and companion. */
final class Vocabulary {
  private Vocabulary() {}

  static Reranker of(CountModel model) {
    return offered -> {
      List<dev.aye.learn.Hypothesis> ranked =
          model.rerank(
              offered.stream()
                  .map(h -> new dev.aye.learn.Hypothesis(h.text(), h.score()))
                  .toList());
      double best = ranked.isEmpty() ? 0 : ranked.getFirst().score();
      return ranked.stream()
          .map(h -> new Hypothesis(h.text(), Math.min(0, h.score() - best)))
          .toList();
    };
  }
}
