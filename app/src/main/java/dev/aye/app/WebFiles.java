package dev.aye.app;

import dev.aye.log.Hash;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * The web client as it is served: every file, read once at start, so that the hash in the log is of
 * exactly these bytes.
 */
final class WebFiles {
  /** One file of the web client; nobody changes its bytes. */
  @SuppressWarnings("ArrayRecordComponent")
  record WebFile(byte[] bytes, String contentType, boolean immutable) {}

  private static final int MOST_BYTES = 64 << 20;

  private static final Map<String, String> TYPES =
      Map.ofEntries(
          Map.entry("html", "text/html; charset=utf-8"),
          Map.entry("js", "text/javascript; charset=utf-8"),
          Map.entry("mjs", "text/javascript; charset=utf-8"),
          Map.entry("css", "text/css; charset=utf-8"),
          Map.entry("json", "application/json"),
          Map.entry("webmanifest", "application/manifest+json"),
          Map.entry("svg", "image/svg+xml"),
          Map.entry("png", "image/png"),
          Map.entry("ico", "image/x-icon"),
          Map.entry("webp", "image/webp"),
          Map.entry("woff2", "font/woff2"),
          Map.entry("wasm", "application/wasm"),
          Map.entry("wav", "audio/wav"),
          Map.entry("mp3", "audio/mpeg"),
          Map.entry("txt", "text/plain; charset=utf-8"));

  private final Map<String, WebFile> files;

  private WebFiles(Map<String, WebFile> files) {
    this.files = files;
  }

  /** Reads the folder; a folder that is not there is a client without pages. */
  static WebFiles read(Path folder) throws IOException {
    Map<String, WebFile> files = new TreeMap<>();
    if (Files.isDirectory(folder)) {
      long total = 0;
      try (Stream<Path> found = Files.walk(folder)) {
        for (Path file : found.filter(Files::isRegularFile).toList()) {
          String name = folder.relativize(file).toString().replace('\\', '/');
          if (name.endsWith(".map") || name.startsWith(".")) {
            continue;
          }
          byte[] bytes = Files.readAllBytes(file);
          total += bytes.length;
          if (total > MOST_BYTES) {
            throw new IOException("the pages in " + folder + " are larger than 64 MiB");
          }
          files.put(name, new WebFile(bytes, type(name), name.startsWith("assets/")));
        }
      }
    }
    return new WebFiles(files);
  }

  Optional<WebFile> file(String name) {
    return Optional.ofNullable(files.get(name));
  }

  Optional<WebFile> index() {
    return file("index.html");
  }

  /**
   * SHA-256 over every file in order of its name: length and bytes of the name, length and bytes of
   * the file, lengths as 8 bytes big-endian.
   */
  byte[] hash() {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      files.forEach((name, file) -> {
        update(digest, name.getBytes(StandardCharsets.UTF_8));
        update(digest, file.bytes());
      });
      return digest.digest();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** What is served, for those who compare; {@code index} is where its hash is in the log. */
  Says.Build build(long index) {
    return new Says.Build(
        Hash.of(hash()).b64u(),
        index,
        files.entrySet().stream()
            .map(file ->
                new Says.BuildFile(file.getKey(), Hash.sha256(file.getValue().bytes()).b64u()))
            .toList());
  }

  private static void update(MessageDigest digest, byte[] bytes) {
    digest.update(ByteBuffer.allocate(8).putLong(bytes.length).array());
    digest.update(bytes);
  }

  private static String type(String name) {
    String ending = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
    return TYPES.getOrDefault(ending, "application/octet-stream");
  }
}
