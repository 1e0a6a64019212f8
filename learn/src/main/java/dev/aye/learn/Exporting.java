package dev.aye.learn;

import dev.aye.vault.Disk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * The folders into which exports are being written, remembered beside the shelf: what is in them is
 * plaintext outside the vault, and a process that is killed leaves it there.
 *
 * <p>A folder is remembered, durably, before it is made, under a name that was drawn for it, and
 * forgotten when it took its place or was removed. So what is remembered at the start was left by a
 * process that is no more, as one process at a time has the data folder; and nothing else is ever
 * removed. A folder that cannot be removed or reached now stays remembered for the next time. What
 * a restored copy of the data folder remembers is of the one it was copied from, which may be at
 * work, and is passed over. Guarded by the lock of the shelf.
 */
final class Exporting {
  private static final System.Logger LOGGER = System.getLogger(Exporting.class.getName());

  /**
   * @param by where this was written, so that a copy elsewhere knows that it is one
   */
  private record Begun(String by, List<String> folders) {}

  private final Disk disk;
  private final Path file;

  /**
   * @param folder of the shelf
   */
  Exporting(Disk disk, Path folder) {
    this.disk = disk;
    this.file = folder.resolve("exporting.json");
  }

  /** Remembers a folder that is about to be made. */
  void begin(Path folder) {
    List<String> folders = new ArrayList<>(begun());
    folders.add(folder.toString());
    remember(folders);
  }

  /** Removes a folder that did not take its place, if it is there, and forgets it. */
  void end(Path folder) throws IOException {
    remove(folder);
    forget(folder);
  }

  /** Removes what was begun and not finished. */
  void sweep() {
    for (String left : begun()) {
      Path folder = Path.of(left);
      try {
        if (Files.isDirectory(folder.resolve("..").normalize())) {
          end(folder);
        }
      } catch (IOException e) {
        LOGGER.log(
            System.Logger.Level.WARNING,
            "An export that was broken off could not be removed yet: "
                + folder
                + " ("
                + e.getClass().getSimpleName()
                + ")");
      }
    }
  }

  private List<String> begun() {
    if (!disk.exists(file)) {
      return List.of();
    }
    Begun begun = Json.read(disk.read(file), Begun.class);
    return begun.by().equals(file.toString()) ? begun.folders() : List.of();
  }

  private void forget(Path folder) {
    remember(begun().stream().filter(other -> !other.equals(folder.toString())).toList());
  }

  private void remember(List<String> folders) {
    if (folders.isEmpty()) {
      disk.delete(file);
    } else {
      disk.replace(file, Json.write(new Begun(file.toString(), folders)));
    }
  }

  /** Links are removed and not followed. */
  private static void remove(Path folder) throws IOException {
    if (Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
      try (Stream<Path> begun = Files.walk(folder)) {
        for (Path file : begun.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }
}
