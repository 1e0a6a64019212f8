package dev.aye.media;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * The unmodified livekit-client in Chromium against this server. Needs {@code -Daye.browser=DIR}, a
 * node_modules folder that holds livekit-client and playwright-core. What wants a quiet machine
 * runs with {@code -Daye.browser.quiet} only; the claims it prints are the figures in
 * docs/performance.md.
 */
@EnabledIfSystemProperty(named = "aye.browser", matches = ".+")
class BrowserStoryTest {
  private static final Path FOLDER = Path.of("src/test/browser").toAbsolutePath();

  @Test
  void whatLivekitClientDoesOverAMeetingsLifeWorks() throws Exception {
    tell("story.mjs", 0, 0);
  }

  @Test
  @EnabledIfSystemProperty(named = "aye.browser.quiet", matches = ".*")
  void aMeetingIsUsableAtFivePercentLossAndAHundredMillisecondsOfJitter() throws Exception {
    tell("lossy.mjs", 0.05, 100);
  }

  @Test
  @EnabledIfSystemProperty(named = "aye.browser.quiet", matches = ".*")
  void fivePeopleWhoJoinAtOnceTwiceAllSeeAndHearAll() throws Exception {
    tell("join.mjs", 0, 0);
  }

  private static void tell(String script, double loss, int jitterMillis) throws Exception {
    Path modules = Path.of(System.getProperty("aye.browser")).toAbsolutePath();
    Path lib = modules.resolve("livekit-client/dist");
    try (BrowserServer server = new BrowserServer(0, FOLDER, lib, loss, jitterMillis)) {
      Process node =
          new ProcessBuilder(
                  "node",
                  FOLDER.resolve(script).toString(),
                  server.url(),
                  modules.resolve("playwright-core/index.mjs").toString())
              .redirectErrorStream(true)
              .start();
      String told = new String(node.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      System.out.println(told);
      assertThat(node.waitFor()).as(told).isZero();
    }
  }
}
