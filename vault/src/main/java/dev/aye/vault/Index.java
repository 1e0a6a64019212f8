package dev.aye.vault;

import dev.aye.log.Hash;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.zip.CRC32;

/**
 * The index of the vault: where each block lies, and what of it is captured. One appended file of
 * records {@code length(4) ‖ CRC-32(4) ‖ type(1) ‖ body}; it holds random names, times and digests.
 *
 * <p>A record that a crash cut short is dropped: its append never returned. One that is whole and
 * wrong stops the process.
 */
final class Index {
  private static final byte BLOCK = 1;
  private static final byte CAPTURE = 2;
  private static final byte LOGGED = 3;
  private static final byte BLOCKED = 4;
  private static final byte GIVEN_UP = 5;
  private static final int MAX_RECORD = 256 << 20;

  /** Where a block lies. */
  record Entry(
      BlockId id, BlockId key, long offset, int length, Slice slice, Hash digest, Hash leaf) {}

  private final Disk disk;
  private final Path file;
  private final Map<BlockId, Entry> entries = new LinkedHashMap<>();
  private final Map<BlockId, List<Entry>> byKey = new HashMap<>();
  private final Map<Hash, Capture> captures = new LinkedHashMap<>();
  private final Map<Hash, Hash> captureOfLeaf = new HashMap<>();
  private final Map<Hash, Long> logged = new HashMap<>();
  private final Set<BlockId> blocked = new LinkedHashSet<>();
  private long end;

  private Index(Disk disk, Path file) {
    this.disk = disk;
    this.file = file;
  }

  static Index open(Disk disk, Path file) {
    Index index = new Index(disk, file);
    if (disk.exists(file)) {
      index.load(ByteBuffer.wrap(disk.read(file)));
    }
    return index;
  }

  Optional<Entry> find(BlockId id) {
    return Optional.ofNullable(entries.get(id));
  }

  Collection<Entry> entries() {
    return entries.values();
  }

  List<Entry> under(BlockId key) {
    return byKey.getOrDefault(key, List.of());
  }

  boolean isBlocked(BlockId key) {
    return blocked.contains(key);
  }

  boolean isCaptured(Entry entry) {
    return captureOfLeaf.containsKey(entry.leaf());
  }

  Block.CaptureState captureOf(Entry entry) {
    Hash root = captureOfLeaf.get(entry.leaf());
    Long at = root == null ? null : logged.get(root);
    return root == null || at == null
        ? new Block.CaptureState.Open()
        : new Block.CaptureState.Logged(root, at);
  }

  Collection<Capture> captures() {
    return captures.values();
  }

  boolean isLogged(Hash root) {
    return logged.containsKey(root);
  }

  /** Where the next block under a key begins. */
  long endOf(BlockId key) {
    List<Entry> before = under(key);
    return before.isEmpty() ? 0 : before.getLast().offset() + before.getLast().length();
  }

  void add(List<Entry> fresh) {
    ByteArrayOutputStream records = new ByteArrayOutputStream();
    fresh.forEach(entry -> records.writeBytes(record(entry)));
    append(records.toByteArray()); // durable: from here on the blocks exist
    fresh.forEach(this::hold);
  }

  void add(Capture capture) {
    append(record(capture));
    hold(capture);
  }

  /** Takes a capture that is not logged apart; its blocks are open again. */
  void giveUp(Hash root) {
    append(framed(ByteBuffer.allocate(33).put(GIVEN_UP).put(root.bytes())));
    release(root);
  }

  void logged(Hash root, long at) {
    append(record(root, at));
    logged.put(root, at);
  }

  void block(BlockId key) {
    if (!blocked.contains(key)) {
      append(record(key));
      blocked.add(key);
    }
  }

  /** Drops all blocks under these keys, and every trace of them but their salted leaves. */
  void drop(Set<BlockId> keys) {
    ByteArrayOutputStream records = new ByteArrayOutputStream();
    for (Entry entry : entries.values()) {
      if (!keys.contains(entry.key())) {
        records.writeBytes(record(entry));
      }
    }
    captures.values().forEach(capture -> records.writeBytes(record(capture)));
    logged.forEach((root, at) -> records.writeBytes(record(root, at)));
    for (BlockId key : blocked) {
      if (!keys.contains(key)) {
        records.writeBytes(record(key));
      }
    }
    disk.replace(file, records.toByteArray()); // durable: the index without them
    end = records.size();
    entries.values().removeIf(entry -> keys.contains(entry.key()));
    byKey.keySet().removeAll(keys);
    blocked.removeAll(keys);
  }

  private void append(byte[] records) {
    disk.append(file, end, records);
    end += records.length;
  }

  private void hold(Entry entry) {
    entries.put(entry.id(), entry);
    byKey.computeIfAbsent(entry.key(), key -> new ArrayList<>()).add(entry);
  }

  private void hold(Capture capture) {
    captures.put(capture.root(), capture);
    capture.leaves().forEach(leaf -> captureOfLeaf.put(leaf, capture.root()));
  }

  private void release(Hash root) {
    Capture capture = captures.remove(root);
    if (capture == null) {
      throw new Corrupt("the vault's index gives up a capture that it does not have");
    }
    capture.leaves().forEach(leaf -> captureOfLeaf.remove(leaf, root));
  }

  private void load(ByteBuffer in) {
    while (in.remaining() >= 9) {
      int at = in.position();
      int length = in.getInt();
      if (length < 1 || length > MAX_RECORD) {
        throw new Corrupt("a record of the vault's index has an impossible length");
      }
      if (in.remaining() - 4 < length) {
        in.position(at);
        break;
      }
      int crc = in.getInt();
      byte[] body = new byte[length];
      in.get(body);
      if (crc != crc(body)) {
        throw new Corrupt("a record of the vault's index was changed");
      }
      take(ByteBuffer.wrap(body));
      end = in.position();
    }
  }

  private void take(ByteBuffer body) {
    byte type = body.get();
    switch (type) {
      case BLOCK ->
          hold(
              new Entry(
                  name(body),
                  name(body),
                  body.getLong(),
                  body.getInt(),
                  new Slice(body.getLong(), body.getLong()),
                  hash(body),
                  hash(body)));
      case CAPTURE -> {
        Hash root = hash(body);
        List<Hash> leaves = new ArrayList<>();
        while (body.hasRemaining()) {
          leaves.add(hash(body));
        }
        hold(new Capture(root, List.copyOf(leaves)));
      }
      case LOGGED -> logged.put(hash(body), body.getLong());
      case BLOCKED -> blocked.add(name(body));
      case GIVEN_UP -> release(hash(body));
      default -> throw new Corrupt("a record of the vault's index is of no known type");
    }
  }

  private static BlockId name(ByteBuffer in) {
    byte[] bytes = new byte[16];
    in.get(bytes);
    return BlockId.of(bytes);
  }

  private static Hash hash(ByteBuffer in) {
    byte[] bytes = new byte[32];
    in.get(bytes);
    return Hash.of(bytes);
  }

  private static byte[] record(Entry entry) {
    return framed(
        ByteBuffer.allocate(1 + 16 + 16 + 8 + 4 + 8 + 8 + 32 + 32)
            .put(BLOCK)
            .put(entry.id().bytes())
            .put(entry.key().bytes())
            .putLong(entry.offset())
            .putInt(entry.length())
            .putLong(entry.slice().startMillis())
            .putLong(entry.slice().durationMillis())
            .put(entry.digest().bytes())
            .put(entry.leaf().bytes()));
  }

  private static byte[] record(Capture capture) {
    ByteBuffer body =
        ByteBuffer.allocate(33 + 32 * capture.leaves().size())
            .put(CAPTURE)
            .put(capture.root().bytes());
    capture.leaves().forEach(leaf -> body.put(leaf.bytes()));
    return framed(body);
  }

  private static byte[] record(Hash root, long at) {
    return framed(ByteBuffer.allocate(41).put(LOGGED).put(root.bytes()).putLong(at));
  }

  private static byte[] record(BlockId key) {
    return framed(ByteBuffer.allocate(17).put(BLOCKED).put(key.bytes()));
  }

  private static byte[] framed(ByteBuffer body) {
    byte[] bytes = new byte[body.position()];
    body.flip().get(bytes);
    return ByteBuffer.allocate(8 + bytes.length)
        .putInt(bytes.length)
        .putInt(crc(bytes))
        .put(bytes)
        .array();
  }

  private static int crc(byte[] bytes) {
    CRC32 crc = new CRC32();
    crc.update(bytes);
    return (int) crc.getValue();
  }
}
