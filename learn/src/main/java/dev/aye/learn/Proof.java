package dev.aye.learn;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** The files in the {@code proof} folder of an export. */
final class Proof {
  static final String FOLDER = "proof";
  static final String MANIFEST = "manifest.json";
  static final String SEAL = "seal.json";
  static final String RECEIPTS = "receipts.json";
  static final String CAPTURES = "captures.json";
  static final String LOG = "log";

  /**
   * A note signed by the log: {@code aye-export/1}, the index of the data set's leaf, and the
   * SHA-256 and path of each file outside the folder of the proof, one per line, by path.
   */
  static final String FILES = "files.note";

  static final String FILES_SCHEMA = "aye-export/1";

  private static final int MAX_DEPTH = 16;
  private static final int MAX_FILES = 1_000_000;

  private Proof() {}

  /** Where the manifest stands in the log: {@code SHA-256(salt ‖ manifest.json)} at this index. */
  record Seal(String id, String salt, long index) {}

  /** A receipt, with the salt of its commitment and the index of its leaf. */
  record ReceiptRef(String receipt, String salt, long index) {}

  /** The text that {@link #FILES} signs, for what is in a folder now. */
  static String files(Path folder, long index) throws IOException {
    StringBuilder text = new StringBuilder(FILES_SCHEMA + "\n" + index + "\n");
    Map<String, Path> files = new TreeMap<>();
    Path proof = folder.resolve(FOLDER);
    try (Stream<Path> walk = Files.walk(folder)) {
      walk.filter(file -> !file.startsWith(proof) && !Files.isDirectory(file))
          .forEach(file -> files.put(folder.relativize(file).toString(), file));
    }
    for (Map.Entry<String, Path> file : files.entrySet()) {
      text.append(sha256(file.getValue())).append("  ").append(file.getKey()).append('\n');
    }
    return text.toString();
  }

  /**
   * The first thing below a folder that is neither a folder nor a plain file, or one file too many;
   * empty when there is none. A link would lead out of the folder, and a pipe never ends.
   */
  static String strangeFile(Path folder) throws IOException {
    try (Stream<Path> walk = Files.walk(folder, MAX_DEPTH)) {
      long count = 0;
      for (Path file : (Iterable<Path>) walk::iterator) {
        boolean plain =
            Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
                || (Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS)
                    && folder.relativize(file).getNameCount() < MAX_DEPTH)
                || file.equals(folder);
        if (!plain || ++count > MAX_FILES) {
          return folder.relativize(file) + (plain ? " is one file too many" : " is no plain file");
        }
      }
      return "";
    }
  }

  static String sha256(Path file) throws IOException {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
        in.transferTo(OutputStream.nullOutputStream());
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  record Receipts(List<ReceiptRef> receipts) {}

  /** A capture: the index of its leaf, and all its leaves; those of others stay opaque. */
  record CaptureRef(long index, List<String> leaves) {}

  /** The salt under which a block is in its capture. */
  record SaltRef(String block, String salt) {}

  record Captures(List<CaptureRef> captures, List<SaltRef> salts) {}
}
