package dev.aye.learn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.aye.consent.Medium;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CountModelTest {
  private static final List<Hypothesis> HEARD =
      List.of(
          new Hypothesis("call the boat house roof her", -100.0),
          new Hypothesis("call the boathouse roofer", -101.5),
          new Hypothesis("tall the boat house hoofer", -104.0));

  private static String best(CountModel model) {
    return model.rerank(HEARD).getFirst().text();
  }

  @Test
  void aModelThatKnowsNothingChangesNothing() {
    assertThat(CountModel.empty().rerank(HEARD)).isEqualTo(HEARD);
  }

  @Test
  void wordsThatPeopleUsedAreRecognisedAndNoLongerAfterTheyAreForgotten() {
    List<String> others = List.of("the cellar is dry", "call it a day", "the house is quiet");
    List<String> anns = List.of("the boathouse roof leaks", "a roofer for the boathouse please");
    CountModel without = CountModel.empty().add(others);
    CountModel with = without.add(anns);
    assertThat(best(without)).isEqualTo("call the boat house roof her");
    assertThat(best(with)).isEqualTo("call the boathouse roofer");
    assertThat(best(with.subtract(anns))).isEqualTo("call the boat house roof her");
  }

  @Test
  void aReadingFarBehindTheBestNeverComesFirst() {
    CountModel model = CountModel.empty().add(Collections.nCopies(50, "boathouse roofer"));
    assertThat(
            model.rerank(
                List.of(
                    new Hypothesis("both house rover", 0),
                    new Hypothesis("boathouse roofer boathouse roofer", -40.5))))
        .first()
        .isEqualTo(new Hypothesis("both house rover", 0));
  }

  @Test
  void functionWordsGainNothing() {
    CountModel model = CountModel.empty().add(Collections.nCopies(50, "they are on the pier"));
    List<Hypothesis> offered =
        List.of(new Hypothesis("day or undo", 0), new Hypothesis("they are on the", -0.1));
    assertThat(model.rerank(offered)).isEqualTo(offered);
  }

  @ParameterizedTest
  @ValueSource(strings = {"pocketsphinx", "sphinx4"})
  void learnedWordsHelpWithSentencesNeverHeardAndForgottenOnesNoMore(String engine) {
    Readings readings = Readings.of(engine);
    CountModel model = CountModel.empty().add(readings.learned());
    for (String group : List.of("development", "heldout")) {
      int alone = readings.errors(group, CountModel.empty());
      int learned = readings.errors(group, model);
      int forgotten = readings.errors(group, model.subtract(readings.learned()));
      System.out.printf(
          "%s, %s: %d of %d words wrong alone, %d with what was learned%n",
          engine, group, alone, readings.words(group), learned);
      assertThat(learned).as(group).isLessThan(alone);
      assertThat(forgotten).as(group).isEqualTo(alone);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"pocketsphinx", "sphinx4"})
  void sentencesOfOtherThingsAreNotHurt(String engine) {
    Readings readings = Readings.of(engine);
    CountModel model = CountModel.empty().add(readings.learned());
    assertThat(readings.words("unrelated")).isGreaterThan(150);
    assertThat(readings.errors("unrelated", model))
        .isLessThanOrEqualTo(readings.errors("unrelated", CountModel.empty()));
  }

  /** Unrelated prose beside it: the licence of this project, some 1,500 words. */
  @ParameterizedTest
  @ValueSource(strings = {"pocketsphinx", "sphinx4"})
  void aLargeVocabularyOfOtherThingsCostsLittle(String engine) throws IOException {
    Readings readings = Readings.of(engine);
    CountModel model =
        CountModel.empty()
            .add(readings.learned())
            .add(Files.readAllLines(Path.of("..", "LICENSE")));
    int alone = readings.errors("unrelated", CountModel.empty());
    int learned = readings.errors("unrelated", model);
    System.out.printf(
        "%s, large vocabulary of other things: %d of %d words wrong alone, %d with it%n",
        engine, alone, readings.words("unrelated"), learned);
    assertThat(learned - alone).isLessThanOrEqualTo(readings.words("unrelated") / 50);
  }

  @Test
  void subtractingAnybodyEqualsNeverHavingLearnedThem() {
    Random random = new Random(20261101);
    for (int round = 0; round < 50; round++) {
      List<String> mine = sentences(random, random.nextInt(30));
      List<String> theirs = sentences(random, random.nextInt(30));
      List<String> all = new ArrayList<>(mine);
      all.addAll(theirs);
      Collections.shuffle(all, random);
      CountModel fresh = CountModel.empty().add(theirs);
      CountModel subtracted = CountModel.empty().add(all).subtract(mine);
      assertThat(subtracted.hash()).isEqualTo(fresh.hash());
      assertThat(CountModel.decode(subtracted.encode()).hash()).isEqualTo(fresh.hash());
    }
  }

  @Test
  void whatWasNeverLearnedCannotBeSubtracted() {
    CountModel model = CountModel.empty().add(List.of("the roof leaks"));
    assertThatThrownBy(() -> model.subtract(List.of("the cellar leaks")))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void anyBytesAreAModelOrRefused() {
    Random random = new Random(7);
    byte[] good = CountModel.empty().add(List.of("the roof of the boathouse")).encode();
    for (int round = 0; round < 20_000; round++) {
      byte[] bad = Arrays.copyOf(good, good.length - (round % 7 == 0 ? random.nextInt(40) : 0));
      for (int flips = 1 + random.nextInt(3); flips > 0 && bad.length > 0; flips--) {
        bad[random.nextInt(bad.length)] ^= (byte) (1 << random.nextInt(8));
      }
      try {
        assertThat(CountModel.decode(bad).encode()).isEqualTo(bad);
      } catch (IllegalArgumentException refused) {
        assertThat(refused.getMessage()).isNotBlank();
      }
    }
  }

  @Test
  void anyBytesAreASegmentOrRefused() {
    Random random = new Random(11);
    byte[] good = House.speech("the roof é ‘leaks’", 17).encode();
    assertThat(Segment.decode(good).encode()).isEqualTo(good);
    for (int round = 0; round < 20_000; round++) {
      byte[] bad = Arrays.copyOf(good, good.length - (round % 7 == 0 ? random.nextInt(40) : 0));
      bad[random.nextInt(bad.length)] ^= (byte) (1 << random.nextInt(8));
      try {
        assertThat(Segment.decode(bad).encode()).isEqualTo(bad);
      } catch (IllegalArgumentException refused) {
        assertThat(refused.getMessage()).isNotBlank();
      }
    }
  }

  @Test
  void textThatSomeFormatsCannotHoldIsMadeWellFormedAtOnce() {
    Segment segment = Segment.chat("a\0b\uD800c", 1);
    assertThat(segment.text()).isEqualTo("a\uFFFDb?c");
    assertThat(segment.medium()).isEqualTo(Medium.CHAT);
    assertThat(Segment.decode(segment.encode()).encode()).isEqualTo(segment.encode());
  }

  private static List<String> sentences(Random random, int count) {
    String[] words = {"roof", "Cellar", "boathouse", "don’t", "2026", "leaks", "the", "a", "élan"};
    List<String> sentences = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      StringBuilder sentence = new StringBuilder();
      for (int w = random.nextInt(8); w >= 0; w--) {
        sentence.append(words[random.nextInt(words.length)]).append(w % 3 == 0 ? ", " : " ");
      }
      sentences.add(sentence.toString());
    }
    return sentences;
  }
}
