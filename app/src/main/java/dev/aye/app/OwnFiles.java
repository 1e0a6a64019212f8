package dev.aye.app;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.stream.Stream;

/** Files and folders that the server's own user alone can read. */
final class OwnFiles {
  private static final Set<PosixFilePermission> FOLDER =
      PosixFilePermissions.fromString("rwx------");
  private static final Set<PosixFilePermission> FILE = PosixFilePermissions.fromString("rw-------");

  private OwnFiles() {}

  /** Makes a folder for its owner alone, or leaves it to its owner alone from now. */
  static void folder(Path folder) throws IOException {
    Files.createDirectories(folder, PosixFilePermissions.asFileAttribute(FOLDER));
    Files.setPosixFilePermissions(folder, FOLDER);
  }

  /**
   * As {@link #folder}, but leaves a folder alone that may be more than a data folder: one that
   * everybody can write, or that holds files and has never been one.
   */
  static void dataFolder(Path folder) throws IOException {
    Files.createDirectories(folder, PosixFilePermissions.asFileAttribute(FOLDER));
    boolean shared =
        Files.getPosixFilePermissions(folder).contains(PosixFilePermission.OTHERS_WRITE);
    if (!shared && (Files.exists(folder.resolve("aye.lock")) || isEmpty(folder))) {
      Files.setPosixFilePermissions(folder, FOLDER);
    }
  }

  private static boolean isEmpty(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.findAny().isEmpty();
    }
  }

  /** Makes an empty file for its owner alone, or leaves one that is there to its owner alone. */
  static void file(Path file) throws IOException {
    if (Files.exists(file)) {
      Files.setPosixFilePermissions(file, FILE);
    } else {
      Files.createFile(file, PosixFilePermissions.asFileAttribute(FILE));
    }
  }

  /** Writes a file whole or not at all; when this returns, it is durable. */
  static void write(Path file, byte[] bytes) throws IOException {
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    Files.deleteIfExists(fresh);
    try (FileChannel out =
        FileChannel.open(
            fresh,
            Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
            PosixFilePermissions.asFileAttribute(FILE))) {
      ByteBuffer rest = ByteBuffer.wrap(bytes);
      while (rest.hasRemaining()) {
        out.write(rest);
      }
      out.force(true);
    }
    putInPlace(fresh, file);
  }

  /** Copies a file whole or not at all; when this returns, it is durable. */
  static void copy(Path from, Path file) throws IOException {
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    Files.copy(
        from, fresh, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.COPY_ATTRIBUTES);
    move(fresh, file);
  }

  /** Puts a file in place of another, durably, for its owner alone. */
  static void move(Path fresh, Path file) throws IOException {
    Files.setPosixFilePermissions(fresh, FILE);
    try (FileChannel content = FileChannel.open(fresh, StandardOpenOption.READ)) {
      content.force(true);
    }
    putInPlace(fresh, file);
  }

  private static void putInPlace(Path fresh, Path file) throws IOException {
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    try (FileChannel directory =
        FileChannel.open(file.toAbsolutePath().getParent(), StandardOpenOption.READ)) {
      directory.force(true);
    }
  }
}
