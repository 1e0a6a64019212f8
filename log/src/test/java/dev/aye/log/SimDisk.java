package dev.aye.log;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;

/**
 * A disk in memory that tells what is there from what would be there after a power loss, and that
 * fails when it is told to: the {@link Disk} contract, taken at its worst.
 */
final class SimDisk implements Disk {
  /** What became of the change that failed. */
  enum Fault {
    NOT_DONE,
    TORN,
    DONE
  }

  /** What is left of names that were changed and not forced. */
  enum Loss {
    /** The process died, the machine lived: everything is there. */
    NONE,
    /** Everything that was not forced is undone. */
    ALL,
    /** Each change is kept or undone by a coin. */
    SOME
  }

  private static final class Content {
    byte[] bytes = new byte[0];
  }

  private final Map<String, Content> names = new TreeMap<>();
  private final Map<String, Content> durable = new HashMap<>();
  private final Set<String> folders = new HashSet<>(Set.of(""));
  private long changes;
  private long failAt = Long.MAX_VALUE;
  private Fault fault = Fault.NOT_DONE;
  private boolean lying;
  private long room = Long.MAX_VALUE;

  SimDisk copy() {
    SimDisk copy = new SimDisk();
    Map<Content, Content> twins = new HashMap<>();
    names.forEach((name, content) -> copy.names.put(name, twin(twins, content)));
    durable.forEach((name, content) -> copy.durable.put(name, twin(twins, content)));
    copy.folders.addAll(folders);
    return copy;
  }

  private static Content twin(Map<Content, Content> twins, Content content) {
    Content twin = twins.computeIfAbsent(content, c -> new Content());
    twin.bytes = content.bytes;
    return twin;
  }

  /** The change with this number from now on, and all after it, fail. */
  void failAfter(long count, Fault how) {
    failAt = changes + count;
    fault = how;
  }

  /** From now on says that it forced, and did not. */
  void lie() {
    lying = true;
  }

  /** How many bytes more can be written before the disk is full. */
  void room(long bytes) {
    room = bytes;
  }

  long changes() {
    return changes;
  }

  void reboot(Loss loss, long seed) {
    Random coin = new Random(seed);
    failAt = Long.MAX_VALUE;
    if (loss == Loss.NONE) {
      return;
    }
    Set<String> all = new HashSet<>(names.keySet());
    all.addAll(durable.keySet());
    for (String name : all.stream().sorted().toList()) {
      if (loss == Loss.ALL || coin.nextBoolean()) {
        link(names, name, durable.get(name));
      }
    }
    durable.clear();
    durable.putAll(names);
  }

  /** All files, by name. */
  List<String> files() {
    return List.copyOf(names.keySet());
  }

  byte[] get(String path) {
    return names.get(path).bytes.clone();
  }

  void put(String path, byte[] bytes) {
    Content content = new Content();
    content.bytes = bytes;
    names.put(path, content);
  }

  void remove(String path) {
    names.remove(path);
  }

  @Override
  public Optional<byte[]> read(String path, int limit) throws IOException {
    Content content = names.get(path);
    if (content != null && content.bytes.length > limit) {
      throw new IOException("too long");
    }
    return Optional.ofNullable(content).map(c -> c.bytes.clone());
  }

  @Override
  public void write(String path, byte[] bytes) throws IOException {
    Fault now = change(path);
    if (now == Fault.NOT_DONE) {
      throw new IOException("not done");
    }
    requireFolder(path);
    Content content = names.computeIfAbsent(path, p -> new Content());
    if (bytes.length > room) {
      content.bytes = Arrays.copyOf(bytes, (int) room);
      room = 0;
      throw new IOException("No space left on device");
    }
    room -= bytes.length;
    content.bytes = now == Fault.TORN ? Arrays.copyOf(bytes, bytes.length / 2) : bytes;
    end(now);
  }

  @Override
  public void rename(String from, String to) throws IOException {
    Fault now = change(to);
    if (now == Fault.DONE || now == Fault.TORN) {
      requireFolder(to);
      Content content = names.remove(from);
      if (content == null) {
        throw new IOException("no " + from);
      }
      names.put(to, content);
    }
    end(now);
  }

  @Override
  public void force(String folder) throws IOException {
    Fault now = change(folder);
    if (now == Fault.DONE && !lying) {
      Set<String> all = new HashSet<>(names.keySet());
      all.addAll(durable.keySet());
      for (String name : all) {
        if (folder(name).equals(folder)) {
          link(durable, name, names.get(name));
        }
      }
    }
    end(now);
  }

  @Override
  public void makeFolder(String folder) throws IOException {
    if (folders.contains(folder)) {
      return;
    }
    Fault now = change(folder);
    if (now == Fault.DONE) {
      for (String f = folder; !f.isEmpty(); f = folder(f)) {
        folders.add(f);
      }
    }
    end(now);
  }

  @Override
  public void delete(String path) throws IOException {
    Fault now = change(path);
    if (now != Fault.NOT_DONE) {
      if (folders.contains(path)) {
        if (!list(path).isEmpty()) {
          throw new IOException(path + " is not empty");
        }
        folders.remove(path);
      }
      names.remove(path);
    }
    end(now);
  }

  @Override
  public List<String> list(String folder) {
    List<String> found = new ArrayList<>();
    for (String name : names.keySet()) {
      if (folder(name).equals(folder)) {
        found.add(name.substring(folder.length() + 1));
      }
    }
    for (String name : folders) {
      if (!name.isEmpty() && folder(name).equals(folder)) {
        found.add(name.substring(folder.isEmpty() ? 0 : folder.length() + 1));
      }
    }
    return found;
  }

  /** Counts a change; says how far it gets. */
  private Fault change(String path) throws IOException {
    long number = changes++;
    if (number > failAt) {
      throw new IOException("the disk is gone, at " + path);
    }
    return number == failAt ? fault : Fault.DONE;
  }

  private void end(Fault now) throws IOException {
    if (now != Fault.DONE || changes - 1 == failAt) {
      throw new IOException("failed: " + now);
    }
  }

  private void requireFolder(String path) throws IOException {
    if (!folders.contains(folder(path))) {
      throw new IOException("no folder " + folder(path));
    }
  }

  private static void link(Map<String, Content> map, String name, Content content) {
    if (content == null) {
      map.remove(name);
    } else {
      map.put(name, content);
    }
  }

  private static String folder(String path) {
    return path.substring(0, Math.max(0, path.lastIndexOf('/')));
  }
}
