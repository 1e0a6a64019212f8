package dev.aye.companion;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Beside {@link BuiltInModelTest} and not in it, so that both can run at once. */
class WordErrorRateTest {
  /** Prints what it measures: the figures are those of the machine that ran it. */
  @ParameterizedTest
  @EnumSource(names = {"SPHINX4", "POCKETSPHINX"})
  void understandsTheRecordings(Engine engine) throws IOException, InterruptedException {
    Assumptions.assumeTrue(engine == Engine.SPHINX4 || PocketSphinx.installed());
    SpeechBench.Figures figures = SpeechBench.measure(engine, List.of("withdrawn", "heldout"));
    System.out.println(figures);
    assertThat(figures.errors().words()).isGreaterThan(80);
    assertThat(figures.errors().rate()).isLessThan(0.25);
    assertThat(figures.oracle().errors()).isLessThan(figures.errors().errors());
  }
}
