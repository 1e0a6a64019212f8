package dev.aye.vault;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * A disk whose machine loses power at the nth write: before it happened, after it happened, or (for
 * an append) half-way through. Nothing works after that.
 */
public final class CrashDisk implements Disk {
  public enum When {
    BEFORE,
    HALFWAY,
    AFTER
  }

  private final Disk disk;
  private final int at;
  private final When when;
  private int writes;
  private boolean crashed;

  public CrashDisk(Disk disk, int at, When when) {
    this.disk = disk;
    this.at = at;
    this.when = when;
  }

  public boolean crashed() {
    return crashed;
  }

  private void write(Runnable whole, Runnable half) {
    alive();
    if (++writes < at) {
      whole.run();
      return;
    }
    crashed = true;
    switch (when) {
      case BEFORE -> {}
      case HALFWAY -> half.run();
      case AFTER -> whole.run();
    }
    throw lost();
  }

  private void alive() {
    if (crashed) {
      throw lost();
    }
  }

  private static UncheckedIOException lost() {
    return new UncheckedIOException(new IOException("the power is gone"));
  }

  @Override
  public void folder(Path folder) {
    alive();
    disk.folder(folder);
  }

  @Override
  public List<Path> list(Path folder) {
    alive();
    return disk.list(folder);
  }

  @Override
  public boolean exists(Path file) {
    alive();
    return disk.exists(file);
  }

  @Override
  public long size(Path file) {
    alive();
    return disk.size(file);
  }

  @Override
  public byte[] read(Path file) {
    alive();
    return disk.read(file);
  }

  @Override
  public byte[] read(Path file, long offset, int length) {
    alive();
    return disk.read(file, offset, length);
  }

  @Override
  public void append(Path file, long at, byte[] bytes) {
    write(
        () -> disk.append(file, at, bytes),
        () -> disk.append(file, at, Arrays.copyOf(bytes, bytes.length / 2)));
  }

  @Override
  public void replace(Path file, byte[] bytes) {
    write(
        () -> disk.replace(file, bytes),
        () ->
            disk.append(
                file.resolveSibling(file.getFileName() + ".new"),
                0,
                Arrays.copyOf(bytes, bytes.length / 2)));
  }

  @Override
  public void delete(Path file) {
    write(() -> disk.delete(file), () -> {});
  }

  @Override
  public void destroy(Path file) {
    write(
        () -> disk.destroy(file),
        () -> disk.append(file, 0, new byte[Math.toIntExact(disk.size(file))]));
  }
}
