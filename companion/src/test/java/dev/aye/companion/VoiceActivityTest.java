package dev.aye.companion;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aye.companion.VoiceActivity.Step;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class VoiceActivityTest {
  private final VoiceActivity activity = new VoiceActivity();
  private final Random random = new Random(7);

  @Test
  void silenceAndSteadyNoiseAreNoSpeech() {
    assertThat(steps(0, 500)).containsOnly(Step.SILENCE);
    assertThat(steps(40, 500)).containsOnly(Step.SILENCE);
  }

  @Test
  void speechBeginsWithWhatWasJustBeforeItAndEndsAfterAPause() {
    steps(10, 100);
    List<Step> spoken = steps(4_000, 50);
    assertThat(spoken).contains(Step.BEGIN).doesNotContain(Step.END);
    assertThat(spoken.indexOf(Step.BEGIN)).isLessThan(5);
    List<Step> pause = steps(10, 100);
    assertThat(pause).containsOnlyOnce(Step.END);
    assertThat(pause.indexOf(Step.END)).isBetween(20, 50);
  }

  @Test
  void aShortPauseWithinASentenceDoesNotCutIt() {
    steps(10, 100);
    steps(4_000, 50);
    assertThat(steps(10, 20)).doesNotContain(Step.END);
    assertThat(steps(4_000, 20)).containsOnly(Step.SPEECH);
  }

  @Test
  void nobodyHoldsTheDecoderLongerThanFifteenSeconds() {
    List<Step> steps = steps(4_000, 2_000);
    int begin = steps.indexOf(Step.BEGIN);
    assertThat(steps.indexOf(Step.END) - begin).isLessThanOrEqualTo(VoiceActivity.LONGEST);
    assertThat(steps.stream().filter(s -> s == Step.END).count()).isGreaterThanOrEqualTo(2);
  }

  @Test
  void resetForgetsSoundThatWasBeforeIt() {
    steps(4_000, 10);
    activity.reset();
    assertThat(activity.speaking()).isFalse();
    assertThat(activity.preRoll()).isEmpty();
  }

  private List<Step> steps(int amplitude, int frames) {
    List<Step> steps = new ArrayList<>();
    for (int i = 0; i < frames; i++) {
      short[] frame = new short[VoiceActivity.FRAME];
      for (int j = 0; j < frame.length && amplitude > 0; j++) {
        frame[j] = (short) (random.nextInt(2 * amplitude) - amplitude);
      }
      steps.add(activity.push(frame));
    }
    return steps;
  }
}
