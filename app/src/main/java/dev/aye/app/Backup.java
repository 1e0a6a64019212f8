package dev.aye.app;

import dev.aye.log.Checkpoint;
import dev.aye.log.Log;
import dev.aye.log.Verdict;
import dev.aye.vault.Vault;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A copy of a data folder in another one, which a later backup brings up to date: the log with its
 * key, the database, the vault's ciphertext, what was learned, the log's name and the
 * configuration. Without the keys it is noise but for the log. The keys go to a folder of their
 * own, and only their current state: an old copy of a key would undo a forgetting.
 *
 * <p>Copied in this order, so that each part is at most as new as those after it: what was learned,
 * the vault, the database, the log. A log that is newer than the rest is what a restored server can
 * catch up with; the other way round it would not open.
 */
final class Backup {
  private static final String MARK = "aye-backup";
  private static final String DATABASE = "aye.db";
  private static final List<String> SMALL = List.of("origin", Archive.VKEY, AyeConfig.FILE);

  private Backup() {}

  /**
   * Makes a backup, or brings one up to date.
   *
   * @param keys where the keys go, apart from the rest; they are left out when this is empty
   * @throws Refusal when a folder holds something else
   */
  static void make(
      AyeConfig config, Database database, Vault vault, Log log, Path to, Optional<Path> keys)
      throws IOException {
    own(to, to);
    if (keys.isPresent()) {
      Path apart = keys.get();
      if (apart.startsWith(to) || to.startsWith(apart)) {
        throw new Refusal(
            "Keep the keys apart from the rest: --keys must be a folder outside " + to + ".");
      }
      own(apart, apart);
    }
    Path data = config.data();
    for (String name : SMALL) {
      if (Files.exists(data.resolve(name))) {
        OwnFiles.write(to.resolve(name), Files.readAllBytes(data.resolve(name)));
      }
    }
    mirror(data.resolve("learn"), to.resolve("learn"));
    Path fresh = to.resolve(DATABASE + ".new");
    Files.deleteIfExists(fresh);
    vault.still(() -> {
      mirror(data.resolve("vault"), to.resolve("vault"));
      if (keys.isPresent()) {
        mirror(config.keysFolder(), keys.get().resolve("keys"));
      }
      database.copyTo(fresh);
    });
    log.copyTo(to.resolve("log"));
    OwnFiles.move(fresh, to.resolve(DATABASE));
  }

  /** Makes sure that a folder is new, empty, or a backup. */
  private static void own(Path folder, Path named) throws IOException {
    OwnFiles.folder(folder);
    try (Stream<Path> files = Files.list(folder)) {
      if (!Files.exists(folder.resolve(MARK)) && files.findAny().isPresent()) {
        throw new Refusal(
            "The folder " + named + " holds something else; choose an empty one, or a backup.");
      }
    }
    OwnFiles.write(folder.resolve(MARK), new byte[0]);
  }

  /**
   * Makes a data folder of a backup.
   *
   * @param newer a folder with the public files of the log from after the backup
   * @param current whether nothing was appended to the log after what is restored
   * @throws Refusal when the backup is not whole, or the data folder is not empty
   */
  static Checkpoint restore(
      AyeConfig config, Path from, Optional<Path> keys, Optional<Path> newer, boolean current)
      throws IOException {
    if (!Files.exists(from.resolve(MARK)) || !Files.exists(from.resolve(DATABASE))) {
      throw new Refusal("There is no whole backup at " + from + ".");
    }
    if (keys.isPresent() && !Files.exists(keys.get().resolve(MARK))) {
      throw new Refusal("There is no backup of keys at " + keys.get() + ".");
    }
    Path data = config.data();
    OwnFiles.folder(data);
    try (Stream<Path> files = Files.list(data)) {
      if (files.anyMatch(file -> !file.endsWith(AyeConfig.FILE))) {
        throw new Refusal("The data folder " + data + " is not empty; choose another with --data.");
      }
    }
    Verdict<Checkpoint> log = Log.restore(from.resolve("log"), newer, current, data.resolve("log"));
    if (!(log instanceof Verdict.Holds<Checkpoint>(Checkpoint at))) {
      throw new Refusal(
          "The log cannot be restored: " + ((Verdict.Fails<Checkpoint>) log).reason() + ".");
    }
    for (String name : SMALL) {
      if (Files.exists(from.resolve(name)) && !Files.exists(data.resolve(name))) {
        OwnFiles.write(data.resolve(name), Files.readAllBytes(from.resolve(name)));
      }
    }
    mirror(from.resolve("learn"), data.resolve("learn"));
    mirror(from.resolve("vault"), data.resolve("vault"));
    if (keys.isPresent()) {
      mirror(keys.get().resolve("keys"), config.keysFolder());
    }
    OwnFiles.copy(from.resolve(DATABASE), data.resolve(DATABASE));
    return at;
  }

  /** Makes a folder the same as another: files that are gone there go here, too. */
  private static void mirror(Path from, Path to) throws IOException {
    if (!Files.isDirectory(from)) {
      return;
    }
    OwnFiles.folder(to);
    try (Stream<Path> here = Files.list(to)) {
      for (Path file : here.toList()) {
        if (!Files.exists(from.resolve(file.getFileName().toString()))) {
          remove(file);
        }
      }
    }
    try (Stream<Path> there = Files.list(from)) {
      for (Path file : there.toList()) {
        Path copy = to.resolve(file.getFileName().toString());
        if (Files.isDirectory(file)) {
          mirror(file, copy);
        } else if (Files.isRegularFile(file)) {
          copy(file, copy);
        }
      }
    }
  }

  /** Skips a file of the same size and time, which is the same. */
  private static void copy(Path file, Path copy) throws IOException {
    try {
      if (!Files.exists(copy)
          || Files.size(copy) != Files.size(file)
          || !Files.getLastModifiedTime(copy).equals(Files.getLastModifiedTime(file))) {
        OwnFiles.copy(file, copy);
      }
    } catch (NoSuchFileException gone) {
      Files.deleteIfExists(copy); // a temporary file, or one that was forgotten just now.
    }
  }

  private static void remove(Path path) throws IOException {
    Files.walkFileTree(
        path,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(
              Path folder, @org.jspecify.annotations.Nullable IOException failure)
              throws IOException {
            Files.delete(folder);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
