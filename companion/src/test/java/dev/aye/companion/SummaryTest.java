package dev.aye.companion;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aye.consent.Handle;
import dev.aye.consent.PersonId;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;

class SummaryTest {
  private static final List<String> SAID =
      List.of(
          "good morning everyone",
          "we decided to move the festival to september",
          "the lantern festival will be in the second week of september",
          "i will send the budget to the finance department before friday",
          "the weather was nice yesterday",
          "the festival needs a budget from the finance department",
          "we decided to move the festival to september");

  @Test
  void aSummaryIsAFewOfTheSentencesInTheirOrderAndRepeatsNothing() {
    Summary summary = Summary.of(transcript(), 3);
    assertThat(summary.lines()).hasSize(3);
    assertThat(summary.lines()).extracting(Transcript.Entry::at).isSorted();
    assertThat(summary.lines())
        .extracting(Transcript.Entry::text)
        .isSubsetOf(SAID)
        .doesNotHaveDuplicates()
        .contains("we decided to move the festival to september")
        .doesNotContain("the weather was nice yesterday");
  }

  @Test
  void itCarriesEveryGrantThatItRestsOn() {
    assertThat(Summary.of(transcript(), 1).handles())
        .containsExactlyInAnyOrder(handle(0), handle(1));
  }

  @Test
  void madeAgainWithoutAPersonItIsThatOfAMeetingWithoutThem() {
    var without = transcript().without(handle(1));
    assertThat(Summary.of(without, 3).handles()).containsExactly(handle(0));
    assertThat(Summary.of(without, 3).lines()).allMatch(e -> e.handle().equals(handle(0)));
    assertThat(transcript().without(person(1))).isEqualTo(without);
  }

  @Test
  void nothingSaidIsNothingSummed() {
    assertThat(Summary.of(Transcript.EMPTY, 3).lines()).isEmpty();
  }

  private static Transcript transcript() {
    Transcript transcript = Transcript.EMPTY;
    for (int i = 0; i < SAID.size(); i++) {
      transcript =
          transcript.with(
              new Transcript.Entry(
                  handle(i % 2), person(i % 2), "Speaker", Instant.ofEpochSecond(i), SAID.get(i)));
    }
    return transcript;
  }

  private static Handle handle(int n) {
    byte[] bytes = new byte[32];
    bytes[0] = (byte) n;
    return Handle.of(bytes);
  }

  private static PersonId person(int n) {
    return new PersonId(Base64.getUrlEncoder().withoutPadding().encodeToString(handle(n).bytes()));
  }
}
