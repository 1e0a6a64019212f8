package dev.aye.log;

import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * The few things that the log does to its folder. Paths are relative, with {@code /} between. After
 * a power loss a file has the content of its last {@link #write}, under a name only if its folder
 * was forced since.
 */
interface Disk {
  /**
   * The whole content, or nothing if there is no such file.
   *
   * @throws IOException also if there are more bytes than the limit
   */
  Optional<byte[]> read(String path, int limit) throws IOException;

  /** Makes or replaces a file; its content is durable on return, its name is not. */
  void write(String path, byte[] content) throws IOException;

  /** Moves a file to another name, atomically, in place of what was there. */
  void rename(String from, String to) throws IOException;

  /** Makes the names in a folder durable. */
  void force(String folder) throws IOException;

  /** Makes a folder and those above it, durably, where they are missing. */
  void makeFolder(String folder) throws IOException;

  /** Removes a file or an empty folder, if it is there. */
  void delete(String path) throws IOException;

  /** The names in a folder; none if it is not there. */
  List<String> list(String folder) throws IOException;
}
