package dev.aye.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aye.log.Hash;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The pages as they are hashed, and told to those who compare. */
class WebFilesTest {
  @TempDir Path folder;

  /** The page computes the same hash of the same files (build.test.ts). */
  @Test
  void theHashIsOfNamesAndBytesInTheOrderOfTheNames() throws IOException {
    Files.createDirectories(folder.resolve("assets"));
    Files.writeString(folder.resolve("index.html"), "<!doctype html>");
    Files.writeString(folder.resolve("assets/B.js"), "1");
    Files.writeString(folder.resolve("assets/a.js"), "22");
    Files.writeString(folder.resolve("assets/a.js.map"), "what a map says does not count");

    Says.Build build = WebFiles.read(folder).build(7);

    assertThat(build.hash()).isEqualTo("oTWkL30iiyh-3RvYqXMh6ZgStp0OLq7sMTCBRB0crsM");
    assertThat(build.index()).isEqualTo(7);
    assertThat(build.files())
        .extracting(Says.BuildFile::name)
        .containsExactly("assets/B.js", "assets/a.js", "index.html");
    assertThat(build.files().getFirst().sha256())
        .isEqualTo(Hash.sha256("1".getBytes(StandardCharsets.UTF_8)).b64u());
  }
}
