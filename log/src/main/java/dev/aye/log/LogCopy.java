package dev.aye.log;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/**
 * A copy of a log in another folder, kept for the day on which the first is lost: all of its public
 * files, its key, and the newest checkpoint that witnesses cosigned.
 *
 * <p>A copy does not know whether the log went on after it, so it is never opened as a log: {@link
 * #restore} makes one of it, with a mark that keeps it closed until that is known.
 */
final class LogCopy {
  private LogCopy() {}

  /**
   * Brings a copy up to date. Files that cannot have changed are not written again. A crash leaves
   * the copy as it was before, or with tiles that nothing names yet.
   *
   * @param at the state to copy
   */
  static void make(Disk from, Store.Published at, Disk to) throws IOException {
    to.makeFolder(Layout.PRIVATE);
    to.makeFolder(Layout.TEMP);
    Optional<byte[]> witnessed = from.read(Layout.WITNESSED, Layout.MAX_NOTE);
    replace(to, Layout.KEY, present(from, Layout.KEY, Layout.MAX_NOTE));
    long size = at.checkpoint().size();
    for (int level = TilePath.ENTRIES; level < Edge.levels(size); level++) {
      for (long index = 0; index < Edge.tileIndex(size, Math.max(0, level)); index++) {
        TilePath path = new TilePath(level, index, TilePath.WIDTH);
        if (to.read(path.text(), Layout.MAX_BUNDLE).isEmpty()) {
          put(to, path, present(from, path.text(), Layout.MAX_BUNDLE));
          clear(to, path);
        }
      }
    }
    for (TilePath path : at.edge().paths()) {
      put(to, path, at.edge().content(path.level()));
    }
    if (witnessed.isPresent()) {
      replace(to, Layout.WITNESSED, witnessed.get());
    }
    replace(to, Layout.CHECKPOINT, at.checkpoint().note().getBytes(StandardCharsets.UTF_8));
  }

  /**
   * Makes a log of a copy, in an empty folder.
   *
   * @param newer a folder with the public files of the same log from later, as any mirror has them
   * @param current whether its owner says that nothing was appended after the copy
   * @return the state that the log was restored to, or why it was not
   */
  static Verdict<Checkpoint> restore(Disk copy, Optional<Disk> newer, boolean current, Disk to)
      throws IOException {
    SigningKey key;
    try {
      key = SigningKey.parse(present(copy, Layout.KEY, Layout.MAX_NOTE));
    } catch (Malformed e) {
      return new Verdict.Fails<>("the key in the copy is altered: " + e.getMessage());
    } catch (LogException.Corrupt e) {
      return new Verdict.Fails<>("the copy is not whole: " + e.getMessage());
    }
    LogVerifier verifier = new LogVerifier(key.publicKey());
    Verdict<Checkpoint> whole = verifier.folder(copy, List.of(), (index, leaf) -> {});
    if (!(whole instanceof Verdict.Holds<Checkpoint>(Checkpoint known))) {
      return whole;
    }
    Verdict<Checkpoint> at =
        newer.isEmpty() ? whole : verifier.folder(newer.get(), List.of(known), (index, leaf) -> {});
    if (!(at instanceof Verdict.Holds<Checkpoint>(Checkpoint restored))) {
      return at;
    }
    to.makeFolder(Layout.PRIVATE);
    to.makeFolder(Layout.TEMP);
    if (!current) {
      replace(to, Layout.RESTORED, new byte[0]);
    }
    tiles(newer.orElse(copy), restored.size(), to);
    Optional<byte[]> witnessed = copy.read(Layout.WITNESSED, Layout.MAX_NOTE);
    if (witnessed.isPresent()) {
      replace(to, Layout.WITNESSED, witnessed.get());
    }
    byte[] note = restored.note().getBytes(StandardCharsets.UTF_8);
    replace(to, Layout.KEY, key.file());
    replace(to, Layout.HEAD, note);
    replace(to, Layout.CHECKPOINT, note);
    return at;
  }

  private static void tiles(Source from, long size, Disk to) throws IOException {
    try {
      for (int level = TilePath.ENTRIES; level < Edge.levels(size); level++) {
        int limit = level == TilePath.ENTRIES ? Layout.MAX_BUNDLE : Layout.TILE_BYTES;
        long last = Edge.tileIndex(size, Math.max(0, level));
        for (long index = 0; index < last; index++) {
          TilePath path = new TilePath(level, index, TilePath.WIDTH);
          put(to, path, LogVerifier.present(from, path, limit));
        }
        int width = Edge.width(size, Math.max(0, level));
        if (width > 0) {
          TilePath path = new TilePath(level, last, width);
          put(to, path, LogVerifier.present(from, path, limit));
        }
      }
    } catch (Malformed e) {
      throw new IOException("a file changed while it was copied: " + e.getMessage(), e);
    }
  }

  private static void put(Disk to, TilePath path, byte[] content) throws IOException {
    String text = path.text();
    to.makeFolder(text.substring(0, text.lastIndexOf('/')));
    replace(to, text, content);
  }

  /** Removes the partial versions of a tile that is full now. */
  private static void clear(Disk to, TilePath full) throws IOException {
    String folder = full.partials();
    for (String name : to.list(folder)) {
      to.delete(folder + "/" + name);
    }
    to.delete(folder);
  }

  private static void replace(Disk disk, String path, byte[] content) throws IOException {
    Store.replace(disk, path, content);
  }

  private static byte[] present(Disk disk, String path, int limit) throws IOException {
    return disk.read(path, limit).orElseThrow(() -> new LogException.Corrupt(path + " is missing"));
  }
}
