package dev.aye.vault;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The keys of the vault: one for each grant (person, meeting, purpose, medium, handle), one for
 * each artefact of the system, all wrapped under the root of the current epoch.
 *
 * <p>The folder holds {@code current} (the number of the epoch), {@code root-<epoch>} (32 bytes)
 * and {@code keys-<epoch>} (wrapped keys, appended). {@link #shred} makes a new epoch without the
 * keys that are to go: keys and root of the new epoch first, then {@code current} in one step,
 * which is the moment of shredding, then the old root is destroyed. A crash before that moment
 * leaves the old epoch whole, a crash after it is finished by the next {@link #open}.
 */
final class KeyStore {
  private static final int SECRET = 0;
  private static final int GRANT = 1;
  private static final int ARTEFACT = 2;

  /** What a key is for. */
  sealed interface Owner {
    /** A key of the vault itself, never destroyed. */
    record Secret(String name) implements Owner {}

    /** A key of one person, for what one grant lets in. */
    record Grant(String person, String meeting, String purpose, String medium, String handle)
        implements Owner {}

    /** A key of one model or index. */
    record Artefact(String kind) implements Owner {}
  }

  /** A key, by its random name, which is all that the data folder knows of a person. */
  @SuppressWarnings("ArrayRecordComponent") // compared by name
  record Key(BlockId name, Owner owner, byte[] bytes) {
    @Override
    public String toString() {
      return "Key[" + name + "]";
    }
  }

  private final Disk disk;
  private final Path folder;
  private final SecureRandom random;
  private final Map<BlockId, Key> keys = new LinkedHashMap<>();
  private final Map<Owner, Key> byOwner = new HashMap<>();
  private long epoch;
  private byte[] root = new byte[0];
  private long end;
  private int count;

  private KeyStore(Disk disk, Path folder, SecureRandom random) {
    this.disk = disk;
    this.folder = folder;
    this.random = random;
  }

  /**
   * Opens the keys.
   *
   * @param fresh whether there is nothing yet that they would be for, so that they may be begun
   * @throws Corrupt when they are not there, or not what was written
   */
  static KeyStore open(Disk disk, Path folder, SecureRandom random, boolean fresh) {
    KeyStore store = new KeyStore(disk, folder, random);
    disk.folder(folder);
    if (disk.exists(folder.resolve("current"))) {
      store.load();
    } else if (fresh) {
      store.begin();
    } else {
      throw new Corrupt("the keys of this vault are not in their folder");
    }
    store.destroyOtherEpochs();
    return store;
  }

  long epoch() {
    return epoch;
  }

  Collection<Key> all() {
    return keys.values();
  }

  Optional<Key> find(BlockId name) {
    return Optional.ofNullable(keys.get(name));
  }

  /** The key of an owner; made, and durable on return, when there is none. */
  Key of(Owner owner) {
    Key key = byOwner.get(owner);
    return key == null ? make(owner) : key;
  }

  /** A new key, durable on return. */
  Key make(Owner owner) {
    byte[] bytes = new byte[32];
    random.nextBytes(bytes);
    Key key = new Key(BlockId.draw(random), owner, bytes);
    byte[] record = wrap(key, root, epoch, count);
    disk.append(keysFile(epoch), end, record); // durable: the key, before anything is under it
    end += record.length;
    count++;
    hold(key);
    return key;
  }

  /** Destroys keys for good, and their wrappings in every backup of the data folder with them. */
  void shred(Set<BlockId> names) {
    if (names.isEmpty()) {
      return;
    }
    long next = epoch + 1;
    byte[] nextRoot = new byte[32];
    random.nextBytes(nextRoot);
    List<Key> survivors = new ArrayList<>();
    ByteArrayOutputStream wrapped = new ByteArrayOutputStream();
    for (Key key : keys.values()) {
      if (!names.contains(key.name())) {
        wrapped.writeBytes(wrap(key, nextRoot, next, survivors.size()));
        survivors.add(key);
      }
    }
    disk.replace(rootFile(next), nextRoot); // durable: a root that nothing points to yet
    disk.replace(keysFile(next), wrapped.toByteArray()); // durable: the survivors under it
    point(next); // durable: the new epoch; the shredded keys are in the old one only
    for (BlockId name : names) {
      Key gone = keys.remove(name);
      if (gone != null) {
        byOwner.remove(gone.owner(), gone);
        Arrays.fill(gone.bytes(), (byte) 0);
      }
    }
    Arrays.fill(root, (byte) 0);
    epoch = next;
    root = nextRoot;
    end = wrapped.size();
    count = survivors.size();
    destroyOtherEpochs(); // durable: the old root is gone, and what it wrapped is noise
  }

  private void begin() {
    byte[] first = new byte[32];
    random.nextBytes(first);
    disk.replace(rootFile(1), first);
    disk.replace(keysFile(1), new byte[0]);
    point(1);
    epoch = 1;
    root = first;
  }

  private void point(long to) {
    disk.replace(folder.resolve("current"), Long.toString(to).getBytes(StandardCharsets.US_ASCII));
  }

  private void load() {
    String current = new String(disk.read(folder.resolve("current")), StandardCharsets.US_ASCII);
    try {
      epoch = Long.parseLong(current);
    } catch (NumberFormatException e) {
      throw new Corrupt("the key store does not say which epoch is current");
    }
    root = disk.read(rootFile(epoch));
    if (root.length != 32) {
      throw new Corrupt("the root of the current epoch is not a key");
    }
    ByteBuffer records = ByteBuffer.wrap(disk.read(keysFile(epoch)));
    while (records.remaining() >= 4) {
      int length = records.getInt(records.position());
      if (length <= 0 || length > 65_536) {
        throw new Corrupt("a wrapped key has an impossible length");
      }
      if (records.remaining() < 4 + length) {
        break; // the append of this key never returned: nothing is under it
      }
      byte[] box = new byte[length];
      records.position(records.position() + 4).get(box);
      Key key = unwrap(Sealing.open(root, place(epoch, count), box));
      hold(key);
      count++;
      end = records.position();
    }
  }

  private void hold(Key key) {
    keys.put(key.name(), key);
    byOwner.put(key.owner(), key);
  }

  private void destroyOtherEpochs() {
    Set<Path> keep = new HashSet<>();
    keep.add(folder.resolve("current"));
    keep.add(rootFile(epoch));
    keep.add(keysFile(epoch));
    List<Path> others = disk.list(folder).stream().filter(f -> !keep.contains(f)).toList();
    for (Path file : others) { // roots first: without them the rest is noise
      if (file.getFileName().toString().startsWith("root-")) {
        disk.destroy(file);
      }
    }
    for (Path file : others) {
      disk.destroy(file);
    }
  }

  private Path rootFile(long of) {
    return folder.resolve("root-" + of);
  }

  private Path keysFile(long of) {
    return folder.resolve("keys-" + of);
  }

  /** Binds a wrapped key to its epoch and its place in the file. */
  private static byte[] place(long epoch, int index) {
    return ByteBuffer.allocate(12).putLong(epoch).putInt(index).array();
  }

  private byte[] wrap(Key key, byte[] under, long inEpoch, int index) {
    try {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      DataOutputStream out = new DataOutputStream(bytes);
      out.write(key.name().bytes());
      out.write(key.bytes());
      switch (key.owner()) {
        case Owner.Secret secret -> {
          out.writeByte(SECRET);
          out.writeUTF(secret.name());
        }
        case Owner.Grant grant -> {
          out.writeByte(GRANT);
          out.writeUTF(grant.person());
          out.writeUTF(grant.meeting());
          out.writeUTF(grant.purpose());
          out.writeUTF(grant.medium());
          out.writeUTF(grant.handle());
        }
        case Owner.Artefact artefact -> {
          out.writeByte(ARTEFACT);
          out.writeUTF(artefact.kind());
        }
      }
      byte[] box = Sealing.seal(under, random, place(inEpoch, index), bytes.toByteArray());
      return ByteBuffer.allocate(4 + box.length).putInt(box.length).put(box).array();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Key unwrap(byte[] payload) {
    try {
      DataInputStream in = new DataInputStream(new ByteArrayInputStream(payload));
      BlockId name = BlockId.of(in.readNBytes(16));
      byte[] bytes = in.readNBytes(32);
      int kind = in.readUnsignedByte();
      Owner owner =
          switch (kind) {
            case SECRET -> new Owner.Secret(in.readUTF());
            case GRANT ->
                new Owner.Grant(
                    in.readUTF(), in.readUTF(), in.readUTF(), in.readUTF(), in.readUTF());
            case ARTEFACT -> new Owner.Artefact(in.readUTF());
            default -> throw new Corrupt("a key of an unknown kind");
          };
      return new Key(name, owner, bytes);
    } catch (IOException e) {
      throw new Corrupt("a wrapped key is too short");
    }
  }
}
