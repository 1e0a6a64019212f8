package dev.aye.companion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpeechProcessTest {

  @TempDir Path folder = Path.of("");

  @Test
  void aSpeechIsReadToItsEndByOneProcessAfterAnother() throws InterruptedException {
    try (var model = fragile(0, "dies")) {
      assertThat(text(model.hear(twoSeconds(), text -> {}))).isEqualTo("32000 samples in life 1");
      assertThat(text(model.hear(twoSeconds(), text -> {}))).isEqualTo("32000 samples in life 1");
    }
  }

  @Test
  void aProcessThatDiesIsReplacedAndItsSpeechHeardFromTheBeginning() throws InterruptedException {
    try (var model = fragile(1, "dies")) {
      assertThat(text(model.hear(twoSeconds(), text -> {}))).isEqualTo("32000 samples in life 2");
    }
  }

  @Test
  void aProcessThatHangsIsKilledAndReplaced() throws InterruptedException {
    try (var model = fragile(1, "hangs")) {
      assertThat(text(model.hear(twoSeconds(), text -> {}))).isEqualTo("32000 samples in life 2");
    }
  }

  @Test
  void aProcessThatBabblesIsReplaced() throws InterruptedException {
    try (var model = fragile(1, "babbles")) {
      assertThat(text(model.hear(twoSeconds(), text -> {}))).isEqualTo("32000 samples in life 2");
    }
  }

  @Test
  void aSpeechThatKillsTwiceIsGivenUpAndTheNextOneHeard() throws InterruptedException {
    try (var model = fragile(2, "dies")) {
      assertThat(model.hear(twoSeconds(), text -> {})).isInstanceOf(Reading.Failed.class);
      assertThat(text(model.hear(twoSeconds(), text -> {}))).isEqualTo("32000 samples in life 3");
    }
  }

  @Test
  void withdrawnSpeechIsLetGoAndTheProcessGoesOn() throws InterruptedException {
    try (var model = fragile(0, "dies")) {
      var time = new AtomicLong();
      Segment withdrawn =
          Segments.of(
              new short[2 * Speech.RATE], () -> Instant.ofEpochMilli(time.getAndIncrement()), 10);
      assertThat(model.hear(withdrawn, text -> {})).isInstanceOf(Reading.Discarded.class);
      assertThat(text(model.hear(twoSeconds(), text -> {}))).isEqualTo("32000 samples in life 1");
    }
  }

  @Test
  void closingEndsTheProcess() throws IOException, InterruptedException {
    var model = fragile(0, "dies");
    model.warm();
    var process = ProcessHandle.of(model.pid()).orElseThrow();
    model.close();
    assertThat(process.onExit().orTimeout(20, java.util.concurrent.TimeUnit.SECONDS))
        .succeedsWithin(Duration.ofSeconds(20));
    assertThat(model.hear(twoSeconds(), text -> {})).isInstanceOf(Reading.Failed.class);
  }

  @Test
  void hypothesesSurviveTheWireAndNothingElseDoes() throws IOException {
    var list = List.of(new Hypothesis("déjà vu", 0), new Hypothesis("", -3.5));
    byte[] body = Wire.encode(list);
    assertThat(Wire.decode(body)).isEqualTo(list);
    var random = new Random(5);
    for (int i = 0; i < 10_000; i++) {
      byte[] bad = body.clone();
      bad[random.nextInt(bad.length)] ^= (byte) (1 + random.nextInt(255));
      try {
        assertThat(Wire.decode(bad)).hasSizeLessThanOrEqualTo(Wire.MOST_HYPOTHESES);
      } catch (IOException expected) {
        assertThat(expected).hasMessageNotContaining("vu");
      }
    }
    assertThatThrownBy(() -> Wire.decode(new byte[] {1})).isInstanceOf(IOException.class);
  }

  private static Speech twoSeconds() {
    return Segments.of(new short[2 * Speech.RATE]);
  }

  private SpeechProcess fragile(int breakingLives, String how) {
    return new SpeechProcess(
        new SpeechProcess.Settings(
            "fragile",
            "dev.aye.companion.FragileChild",
            List.of(folder.resolve("lives").toString(), Integer.toString(breakingLives), how),
            32,
            Duration.ofSeconds(2)));
  }

  private static String text(Reading reading) {
    return reading instanceof Reading.Heard heard
        ? heard.hypotheses().getFirst().text()
        : reading.toString();
  }
}
