package dev.aye.log;

import java.io.IOException;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The few things that the log does to its folder. Paths are relative, with {@code /} between. After
 * a power loss a file has the content of its last {@link #write}, under a name only if its folder
 * was forced since.
 */
interface Disk extends Source {
  /** In a folder a partial tile may have given way to any wider one. */
  @Override
  default List<TilePath> wider(TilePath path) {
    return IntStream.rangeClosed(path.width() + 1, TilePath.WIDTH)
        .mapToObj(width -> new TilePath(path.level(), path.index(), width))
        .toList();
  }

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
