package dev.aye.log;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** A folder of the file system. Below {@code private/} only the owner may read. */
final class FolderDisk implements Disk {
  private static final FileAttribute<?>[] OWNER_FILE = {
    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
  };
  private static final FileAttribute<?>[] OWNER_FOLDER = {
    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))
  };
  private static final FileAttribute<?>[] NONE = {};

  private final Path root;

  FolderDisk(Path root) {
    this.root = root;
  }

  /**
   * Takes the lock that keeps a second process out; the system gives it back when the channel is
   * closed or the process ends.
   */
  FileChannel lock() throws IOException {
    makeFolder(Layout.PRIVATE);
    FileChannel channel =
        FileChannel.open(
            path(Layout.LOCK),
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
            attributes(Layout.LOCK, OWNER_FILE));
    if (locked(channel)) {
      return channel;
    }
    channel.close();
    throw new LogException.InUse("the log in " + root + " is open in another place");
  }

  private static boolean locked(FileChannel channel) throws IOException {
    try {
      return channel.tryLock() != null;
    } catch (OverlappingFileLockException e) {
      return false; // This process has it: the answer is the same as for another one.
    }
  }

  @Override
  public Optional<byte[]> read(String path, int limit) throws IOException {
    if (Files.exists(path(path)) && !Files.isRegularFile(path(path))) {
      throw new IOException(path + " is no file"); // a pipe would never end
    }
    try (InputStream in = Files.newInputStream(path(path))) {
      byte[] content = in.readNBytes(limit + 1);
      if (content.length > limit) {
        throw new IOException(path + " has more than " + limit + " bytes");
      }
      return Optional.of(content);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  @Override
  public void write(String path, byte[] content) throws IOException {
    var options =
        Set.of(
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING);
    try (FileChannel channel =
        FileChannel.open(path(path), options, attributes(path, OWNER_FILE))) {
      ByteBuffer buffer = ByteBuffer.wrap(content);
      while (buffer.hasRemaining()) {
        channel.write(buffer);
      }
      channel.force(true);
    }
  }

  @Override
  public void rename(String from, String to) throws IOException {
    Files.move(
        path(from), path(to), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  @Override
  public void force(String folder) throws IOException {
    force(path(folder));
  }

  @Override
  public void makeFolder(String folder) throws IOException {
    Path path = path(folder);
    if (Files.isDirectory(path)) {
      return;
    }
    if (!folder.isEmpty()) {
      int slash = folder.lastIndexOf('/');
      makeFolder(slash < 0 ? "" : folder.substring(0, slash));
      Files.createDirectory(path, attributes(folder, OWNER_FOLDER));
    } else {
      Files.createDirectories(path);
    }
    Path parent = path.toAbsolutePath().getParent();
    if (parent != null) {
      force(parent);
    }
  }

  @Override
  public void delete(String path) throws IOException {
    Files.deleteIfExists(path(path));
  }

  @Override
  public List<String> list(String folder) throws IOException {
    List<String> names = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(path(folder))) {
      for (Path entry : entries) {
        names.add(String.valueOf(entry.getFileName()));
      }
    } catch (NoSuchFileException e) {
      return List.of();
    }
    return names;
  }

  private static void force(Path folder) throws IOException {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  private FileAttribute<?>[] attributes(String path, FileAttribute<?>[] owner) {
    boolean posix = root.getFileSystem().supportedFileAttributeViews().contains("posix");
    return posix && (path + "/").startsWith(Layout.PRIVATE + "/") ? owner : NONE;
  }

  private Path path(String relative) {
    return relative.isEmpty() ? root : root.resolve(relative);
  }
}
