package dev.aye.media;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * The unmodified livekit-client in Chromium against this server. Needs {@code -Daye.browser=DIR}, a
 * node_modules folder that holds livekit-client and playwright-core.
 */
@EnabledIfSystemProperty(named = "aye.browser", matches = ".+")
class BrowserStoryTest {
  @Test
  void whatLivekitClientDoesOverAMeetingsLifeWorks() throws Exception {
    Path modules = Path.of(System.getProperty("aye.browser")).toAbsolutePath();
    Path folder = Path.of("src/test/browser").toAbsolutePath();
    try (BrowserServer server =
        new BrowserServer(0, folder, modules.resolve("livekit-client/dist"), 0, 0)) {
      Process node =
          new ProcessBuilder(
                  "node",
                  folder.resolve("story.mjs").toString(),
                  server.url(),
                  modules.resolve("playwright-core/index.mjs").toString())
              .redirectErrorStream(true)
              .start();
      String told = new String(node.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(node.waitFor()).as(told).isZero();
    }
  }
}
