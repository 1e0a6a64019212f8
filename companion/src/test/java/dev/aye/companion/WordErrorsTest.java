package dev.aye.companion;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class WordErrorsTest {
  @Test
  void equalWordsHaveNoErrorsWhateverTheirCaseAndPunctuation() {
    assertThat(WordErrors.between("Let us meet, again.", "let us meet again"))
        .isEqualTo(new WordErrors(4, 0));
  }

  @Test
  void countsSubstitutionsDeletionsAndInsertions() {
    assertThat(WordErrors.between("a b c", "a x c")).isEqualTo(new WordErrors(3, 1));
    assertThat(WordErrors.between("a b c", "a c")).isEqualTo(new WordErrors(3, 1));
    assertThat(WordErrors.between("a b c", "a b x c")).isEqualTo(new WordErrors(3, 1));
    assertThat(WordErrors.between("a b c", "")).isEqualTo(new WordErrors(3, 3));
    assertThat(WordErrors.between("", "x").rate()).isZero();
  }
}
