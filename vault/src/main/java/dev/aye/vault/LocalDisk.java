package dev.aye.vault;

import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;

/** The file system: files of mode 0600 in folders of mode 0700, forced to the disk on return. */
final class LocalDisk implements Disk {
  private static final FileAttribute<Set<PosixFilePermission>> OWNER_FILE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
  private static final FileAttribute<Set<PosixFilePermission>> OWNER_FOLDER =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

  @Override
  public void folder(Path folder) {
    attempt(
        "making a folder",
        () -> {
          if (!Files.isDirectory(folder)) {
            Files.createDirectories(folder, OWNER_FOLDER);
            forceFolderOf(folder);
          }
          return true;
        });
  }

  @Override
  public List<Path> list(Path folder) {
    return attempt(
        "listing a folder",
        () -> {
          if (!Files.isDirectory(folder)) {
            return List.of();
          }
          try (Stream<Path> files = Files.list(folder)) {
            return files.filter(Files::isRegularFile).sorted().toList();
          }
        });
  }

  @Override
  public boolean exists(Path file) {
    return Files.exists(file);
  }

  @Override
  public long size(Path file) {
    return attempt("sizing a file", () -> Files.exists(file) ? Files.size(file) : 0L);
  }

  @Override
  public byte[] read(Path file) {
    return attempt("reading a file", () -> Files.readAllBytes(file));
  }

  @Override
  public byte[] read(Path file, long offset, int length) {
    return attempt(
        "reading a file",
        () -> {
          ByteBuffer into = ByteBuffer.allocate(length);
          try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            while (into.hasRemaining()) {
              if (channel.read(into, offset + into.position()) < 0) {
                throw new EOFException("a file ends before the bytes that were written to it");
              }
            }
          }
          return into.array();
        });
  }

  @Override
  public void append(Path file, long at, byte[] bytes) {
    attempt(
        "appending to a file",
        () -> {
          boolean created = !Files.exists(file);
          try (FileChannel channel =
              FileChannel.open(
                  file,
                  Set.<OpenOption>of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
                  OWNER_FILE)) {
            if (channel.size() < at) {
              throw new EOFException("a file is shorter than what was written to it");
            }
            channel.truncate(at);
            write(channel, at, bytes);
          }
          if (created) {
            forceFolderOf(file);
          }
          return true;
        });
  }

  @Override
  public void replace(Path file, byte[] bytes) {
    attempt(
        "replacing a file",
        () -> {
          Path fresh = file.resolveSibling(file.getFileName() + ".new");
          Files.deleteIfExists(fresh);
          try (FileChannel channel =
              FileChannel.open(
                  fresh,
                  Set.<OpenOption>of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                  OWNER_FILE)) {
            write(channel, 0, bytes);
          }
          Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
          forceFolderOf(file);
          return true;
        });
  }

  @Override
  public void delete(Path file) {
    attempt(
        "removing a file",
        () -> {
          if (Files.deleteIfExists(file)) {
            forceFolderOf(file);
          }
          return true;
        });
  }

  @Override
  public void destroy(Path file) {
    attempt(
        "destroying a file",
        () -> {
          if (!Files.exists(file)) {
            return false;
          }
          try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            write(channel, 0, new byte[Math.toIntExact(channel.size())]);
          }
          Files.delete(file);
          forceFolderOf(file);
          return true;
        });
  }

  private static void write(FileChannel channel, long at, byte[] bytes) throws IOException {
    ByteBuffer from = ByteBuffer.wrap(bytes);
    while (from.hasRemaining()) {
      channel.write(from, at + from.position());
    }
    channel.force(true);
  }

  private static void forceFolderOf(Path file) throws IOException {
    Path folder = Objects.requireNonNull(file.toAbsolutePath().getParent(), "a folder");
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  private interface Work<T> {
    T run() throws IOException;
  }

  private static <T> T attempt(String doing, Work<T> work) {
    try {
      return work.run();
    } catch (IOException e) {
      throw new UncheckedIOException(doing + " failed", e);
    }
  }
}
