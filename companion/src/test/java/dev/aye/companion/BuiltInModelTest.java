package dev.aye.companion;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The built-in engines tell apart who said what; {@link WordErrorRateTest} counts their errors. */
class BuiltInModelTest {
  @ParameterizedTest
  @EnumSource(names = {"SPHINX4", "POCKETSPHINX"})
  void theWordsToSearchForAreUnderstoodAfterOpusAndInNoOtherRecording(Engine engine)
      throws IOException, InterruptedException {
    Assumptions.assumeTrue(engine == Engine.SPHINX4 || PocketSphinx.installed());
    List<String> all = new ArrayList<>();
    try (SpeechModel model = Companion.builtIn(engine)) {
      Set<String> partials = new HashSet<>();
      for (String name : List.of("yes", "no", "withdrawn", "unanswered")) {
        all.add(transcribe(model, name, partials));
      }
      assertThat(partials).hasSizeGreaterThan(20);
    }
    List<List<String>> canaries =
        List.of(
            List.of("lantern", "budget"),
            List.of("pineapple", "violin"),
            List.of("submarine", "telescope"),
            List.of("dinosaur", "trumpet"));
    for (int i = 0; i < all.size(); i++) {
      for (int j = 0; j < canaries.size(); j++) {
        if (i == j) {
          assertThat(all.get(i)).contains(canaries.get(j));
        } else {
          assertThat(all.get(i)).doesNotContain(canaries.get(j).toArray(String[]::new));
        }
      }
    }
  }

  /**
   * The process as it is, but with its standard error on a pipe: it says nothing and opens nothing
   * to write.
   */
  @Test
  void theSpeechProcessPrintsNothingAndOpensNoFileToWrite()
      throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx900m",
                "-XX:+UseSerialGC",
                "-XX:-UsePerfData",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                "dev.aye.companion.SpeechChild",
                Engine.AUTO.resolve().name())
            .start();
    try {
      var wire = new Wire(process.getInputStream(), process.getOutputStream());
      assertThat(wire.receive().type()).isEqualTo(Wire.Type.READY);
      wire.send(Wire.Type.BEGIN);
      short[] samples = VoiceActivity.segments(Recordings.samples("no")).get(1);
      for (int at = 0; at < samples.length; at += 1_600) {
        int n = Math.min(1_600, samples.length - at);
        var bytes = java.nio.ByteBuffer.allocate(2 * n).order(java.nio.ByteOrder.LITTLE_ENDIAN);
        bytes.asShortBuffer().put(samples, at, n);
        wire.send(Wire.Type.AUDIO, bytes.array());
      }
      wire.send(Wire.Type.END);
      Wire.Message answer = wire.receive();
      while (answer.type() == Wire.Type.PARTIAL) {
        answer = wire.receive();
      }
      assertThat(Wire.decode(answer.body()).getFirst().text()).contains("pineapple");
      assertThat(writable(process.pid())).isEmpty();
      process.getOutputStream().close();
      assertThat(process.waitFor()).isZero();
      try (InputStream errors = process.getErrorStream()) {
        assertThat(errors.readAllBytes()).isEmpty();
      }
    } finally {
      process.destroyForcibly();
    }
  }

  private static String transcribe(SpeechModel model, String name, Set<String> partials)
      throws IOException, InterruptedException {
    var opus = new OpusStream();
    List<short[]> decoded = new ArrayList<>();
    int sequence = 0;
    for (byte[] packet : Recordings.opus(Recordings.samples(name))) {
      opus.push(sequence, 960L * sequence, packet, 20L * sequence, decoded::add);
      sequence++;
    }
    short[] heard = new short[decoded.size() * VoiceActivity.FRAME];
    for (int i = 0; i < decoded.size(); i++) {
      System.arraycopy(decoded.get(i), 0, heard, i * VoiceActivity.FRAME, VoiceActivity.FRAME);
    }
    var text = new StringBuilder();
    for (short[] segment : VoiceActivity.segments(heard)) {
      if (model.hear(Segments.of(segment), partials::add) instanceof Reading.Heard h) {
        text.append(h.hypotheses().getFirst().text()).append('\n');
      }
    }
    return text.toString();
  }

  /** Regular files that the process has open for writing (Linux; elsewhere nothing is checked). */
  private static Set<String> writable(long pid) throws IOException {
    Path descriptors = Path.of("/proc/" + pid + "/fd");
    if (!Files.isDirectory(descriptors)) {
      return Set.of();
    }
    try (Stream<Path> open = Files.list(descriptors)) {
      return open.filter(BuiltInModelTest::writes)
          .map(BuiltInModelTest::target)
          .filter(target -> target.startsWith("/") && !target.startsWith("/dev/"))
          .collect(Collectors.toSet());
    }
  }

  private static boolean writes(Path descriptor) {
    Path info = descriptor.getParent().resolveSibling("fdinfo").resolve(descriptor.getFileName());
    try (Stream<String> lines = Files.lines(info)) {
      return lines
          .filter(line -> line.startsWith("flags:"))
          .anyMatch(line -> (Integer.parseInt(line.substring(6).strip(), 8) & 3) != 0);
    } catch (IOException | java.io.UncheckedIOException gone) {
      return false;
    }
  }

  private static String target(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString();
    } catch (IOException gone) {
      return "";
    }
  }
}
