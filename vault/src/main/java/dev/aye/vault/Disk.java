package dev.aye.vault;

import java.nio.file.Path;
import java.util.List;

/**
 * A disk as the vault needs it: few operations, each durable when it returns.
 *
 * <p>A crash inside an operation leaves what {@link #append} wrote in part, and everything else
 * either done or not done. Failures are thrown as {@link java.io.UncheckedIOException}: a caller
 * that goes on after one would not know what is on the disk.
 */
public interface Disk {
  /** Creates a folder, and its parents, that only the owner may enter. */
  void folder(Path folder);

  /** The regular files of a folder in order of name; none for a folder that is not there. */
  List<Path> list(Path folder);

  boolean exists(Path file);

  /** The size of a file in bytes; 0 for a file that is not there. */
  long size(Path file);

  /** All bytes of a file that is there. */
  byte[] read(Path file);

  /** Exactly {@code length} bytes from {@code offset}. */
  byte[] read(Path file, long offset, int length);

  /**
   * Cuts a file at {@code at}, which heals what a crash left half written, and writes there. Makes
   * the file, for its owner alone, when it is not there.
   */
  void append(Path file, long at, byte[] bytes);

  /** Puts new bytes in the place of a file in one step: a reader sees the old or the new ones. */
  void replace(Path file, byte[] bytes);

  /** Removes a file; nothing happens when it is not there. */
  void delete(Path file);

  /**
   * Overwrites a file, then removes it; nothing happens when it is not there. On journals,
   * snapshots and flash memory old copies of the overwritten sectors can outlive this: that is why
   * only small keys are destroyed this way, and why snapshots of the key store are forbidden.
   */
  void destroy(Path file);

  /** The file system of this machine. */
  static Disk real() {
    return new LocalDisk();
  }
}
