package dev.aye.vault;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;

/** A disk in memory, so that a thousand power losses take no time. */
public final class MemoryDisk implements Disk {
  private final TreeMap<Path, byte[]> files = new TreeMap<>();

  /** The same files on another disk. */
  public MemoryDisk copy() {
    MemoryDisk copy = new MemoryDisk();
    copy.files.putAll(files);
    return copy;
  }

  @Override
  public void folder(Path folder) {}

  @Override
  public List<Path> list(Path folder) {
    return files.keySet().stream().filter(file -> folder.equals(file.getParent())).toList();
  }

  @Override
  public boolean exists(Path file) {
    return files.containsKey(file);
  }

  @Override
  public long size(Path file) {
    return files.getOrDefault(file, new byte[0]).length;
  }

  @Override
  public byte[] read(Path file) {
    return files.get(file).clone();
  }

  @Override
  public byte[] read(Path file, long offset, int length) {
    int from = Math.toIntExact(offset);
    return Arrays.copyOfRange(files.get(file), from, from + length);
  }

  @Override
  public void append(Path file, long at, byte[] bytes) {
    int start = Math.toIntExact(at);
    byte[] before = files.getOrDefault(file, new byte[0]);
    if (before.length < start) {
      throw new AssertionError("a file is shorter than what was written to it");
    }
    byte[] after = Arrays.copyOf(before, start + bytes.length);
    System.arraycopy(bytes, 0, after, start, bytes.length);
    files.put(file, after);
  }

  @Override
  public void replace(Path file, byte[] bytes) {
    files.put(file, bytes.clone());
  }

  @Override
  public void delete(Path file) {
    files.remove(file);
  }

  @Override
  public void destroy(Path file) {
    files.remove(file);
  }
}
