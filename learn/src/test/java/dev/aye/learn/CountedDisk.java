package dev.aye.learn;

import dev.aye.vault.Disk;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/** A disk that counts the bytes that are written to it. */
record CountedDisk(Disk disk, AtomicLong written) implements Disk {
  @Override
  public void append(Path file, long at, byte[] bytes) {
    written.addAndGet(bytes.length);
    disk.append(file, at, bytes);
  }

  @Override
  public void replace(Path file, byte[] bytes) {
    written.addAndGet(bytes.length);
    disk.replace(file, bytes);
  }

  @Override
  public void folder(Path folder) {
    disk.folder(folder);
  }

  @Override
  public List<Path> list(Path folder) {
    return disk.list(folder);
  }

  @Override
  public boolean exists(Path file) {
    return disk.exists(file);
  }

  @Override
  public long size(Path file) {
    return disk.size(file);
  }

  @Override
  public byte[] read(Path file) {
    return disk.read(file);
  }

  @Override
  public byte[] read(Path file, long offset, int length) {
    return disk.read(file, offset, length);
  }

  @Override
  public void delete(Path file) {
    disk.delete(file);
  }

  @Override
  public void destroy(Path file) {
    disk.destroy(file);
  }
}
