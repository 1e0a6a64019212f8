package dev.aye.vault;

import dev.aye.consent.DeviceProof;
import dev.aye.consent.Handle;
import dev.aye.consent.Medium;
import dev.aye.consent.MeetingId;
import dev.aye.consent.Permit;
import dev.aye.consent.PersonId;
import dev.aye.consent.Purpose;
import dev.aye.consent.Use;
import dev.aye.log.Hash;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * The vault: append-only blocks of what people agreed to keep, each under a key of its person that
 * can be destroyed.
 *
 * <p>The key of a block is derived from the person key of its grant (person × meeting × purpose ×
 * medium × handle), which is wrapped under the root of the current epoch. So what was kept for
 * learning can be made unreadable without touching the notes, and one grant without touching
 * another. The data folder holds ciphertext under random names; whose they are stands in the key
 * folder alone, encrypted.
 *
 * <p>What is appended is durable on return. Any exception from a write leaves this object unusable:
 * open the vault anew. Thread-safe within one process; one process per folder, which is the
 * caller's to ensure.
 */
public final class Vault {
  /** The most that one block can hold, in bytes. */
  public static final int MAX_CONTENT = 1 << 20;

  private static final int MAX_ARTEFACT = 256 << 20;
  private static final int READ_AHEAD = 4 << 20;
  private static final int SALT = 32;
  private static final byte[] BLOCK_KEY = "aye/block/1".getBytes(StandardCharsets.US_ASCII);
  private static final String PSEUDONYMS = "pseudonyms";

  private final Disk disk;
  private final Path blocks;

  /** Which keys the data belongs to: the name of the vault's own key, and the epoch seen last. */
  private final Path keysSeen;

  private final SecureRandom random;
  private final InstantSource clock;
  private final KeyStore keys;
  private final Index index;
  private final byte[] pseudonyms;
  private final ReentrantLock lock = new ReentrantLock();
  private boolean broken;
  private Optional<Corrupt> altered = Optional.empty();

  private Vault(Disk disk, Path data, Path keyFolder, SecureRandom random, InstantSource clock) {
    this.disk = disk;
    this.blocks = data.resolve("blocks");
    this.keysSeen = data.resolve("keys-seen");
    this.random = random;
    this.clock = clock;
    disk.folder(data);
    disk.folder(blocks);
    this.index = Index.open(disk, data.resolve("index"));
    boolean fresh =
        !disk.exists(keysSeen) && index.entries().isEmpty() && disk.list(blocks).isEmpty();
    this.keys = KeyStore.open(disk, keyFolder, random, fresh);
    KeyStore.Key own = keys.of(new KeyStore.Owner.Secret(PSEUDONYMS));
    this.pseudonyms = own.bytes();
    demandItsKeys(own.name());
    dropWhatHasNoKey();
    seen(own.name());
  }

  /**
   * Opens the vault, or makes one. A shredding that a crash interrupted is finished first, and
   * blocks whose key is gone, as after a restored backup, are removed.
   *
   * @param data the folder of blocks and index, which may be backed up
   * @param keys the folder of keys, which must not be in the same backup
   * @throws Corrupt when keys or index are not what was written, or the keys are an older copy, or
   *     another vault's: what they lack is then not taken for shredded
   */
  public static Vault open(Path data, Path keys, SecureRandom random, InstantSource clock) {
    return open(Disk.real(), data, keys, random, clock);
  }

  /** As {@link #open(Path, Path, SecureRandom, InstantSource)}, on a given disk. */
  public static Vault open(
      Disk disk, Path data, Path keys, SecureRandom random, InstantSource clock) {
    return new Vault(disk, data, keys, random, clock);
  }

  // ---- keeping ----

  /** Something to keep: when it was said or sent, and its bytes. */
  @SuppressWarnings("ArrayRecordComponent") // carried and read, never compared
  public record Piece(Slice slice, byte[] content) {
    @Override
    public String toString() {
      return "Piece[" + slice + "]";
    }
  }

  /**
   * Keeps something for the notes of the meeting. Nothing is written, and the answer is empty, when
   * the permit has ended.
   */
  public Optional<BlockId> appendNotes(Permit<Purpose.Notes> permit, Slice slice, byte[] content) {
    return append(permit, List.of(new Piece(slice, content))).stream().findFirst();
  }

  /**
   * Keeps something to learn from. Nothing is written, and the answer is empty, when the permit has
   * ended.
   */
  public Optional<BlockId> appendTraining(
      Permit<Purpose.Training> permit, Slice slice, byte[] content) {
    return append(permit, List.of(new Piece(slice, content))).stream().findFirst();
  }

  /** Keeps several things to learn from in one durable write: all of them, or none. */
  public List<BlockId> appendTraining(Permit<Purpose.Training> permit, List<Piece> pieces) {
    return append(permit, pieces);
  }

  private List<BlockId> append(Permit<?> permit, List<Piece> pieces) {
    for (Piece piece : pieces) {
      if (piece.content().length > MAX_CONTENT) {
        throw new IllegalArgumentException("a block holds at most 1 MiB");
      }
    }
    return writing(() -> {
      if (!permit.live(clock.millis()) || pieces.isEmpty()) {
        return List.of();
      }
      KeyStore.Owner owner =
          new KeyStore.Owner.Grant(
              permit.person().value(),
              permit.meeting().value(),
              permit.purpose().id(),
              permit.medium().id(),
              permit.handle().value());
      KeyStore.Key key = keys.of(owner);
      return index.isBlocked(key.name()) ? List.of() : store(key, List.of(permit.handle()), pieces);
    });
  }

  /** Keeps a model, an index or a manifest under a key of its own, so that it can be shredded. */
  public BlockId keepArtefact(String kind, byte[] content) {
    if (content.length > MAX_ARTEFACT) {
      throw new IllegalArgumentException("an artefact holds at most 256 MiB");
    }
    return writing(() -> {
      KeyStore.Key key = keys.make(new KeyStore.Owner.Artefact(kind));
      Piece piece = new Piece(new Slice(clock.millis(), 0), content);
      return store(key, List.of(), List.of(piece)).getFirst();
    });
  }

  private List<BlockId> store(KeyStore.Key key, List<Handle> handles, List<Piece> pieces) {
    List<Index.Entry> fresh = new ArrayList<>();
    ByteArrayOutputStream ciphertext = new ByteArrayOutputStream();
    long start = index.endOf(key.name());
    for (Piece piece : pieces) {
      BlockId id = BlockId.draw(random);
      byte[] salt = new byte[SALT];
      random.nextBytes(salt);
      byte[] plain = Arrays.copyOf(salt, SALT + piece.content().length);
      System.arraycopy(piece.content(), 0, plain, SALT, piece.content().length);
      byte[] box = Sealing.seal(blockKey(key, id), random, id.bytes(), plain);
      Arrays.fill(plain, (byte) 0);
      Hash digest = Hash.sha256(box);
      Hash leaf = captureLeaf(salt, id, digest, piece.content(), handles);
      fresh.add(
          new Index.Entry(
              id, key.name(), start + ciphertext.size(), box.length, piece.slice(), digest, leaf));
      ciphertext.writeBytes(box);
    }
    disk.append(fileOf(key.name()), start, ciphertext.toByteArray()); // durable: the ciphertext
    index.add(fresh); // durable: the blocks
    return fresh.stream().map(Index.Entry::id).toList();
  }

  // ---- capturing ----

  /**
   * The leaf of a block in the tree of its capture; see {@link Capture}. Public because a verifier
   * computes it again from what an export shows.
   */
  public static Hash captureLeaf(
      byte[] salt, BlockId id, Hash digest, byte[] content, List<Handle> handles) {
    ByteArrayOutputStream named = new ByteArrayOutputStream();
    handles.forEach(handle -> named.writeBytes(handle.bytes()));
    return Hash.of(
        Merkle.leaf(
            salt, id.bytes(), digest.bytes(), Hash.sha256(content).bytes(), named.toByteArray()));
  }

  /**
   * Binds all blocks of a meeting that are not yet captured, and whose grant stands, into a new
   * capture, durable on return; empty when there are none. The caller appends its {@code CAPTURE}
   * leaf and then calls {@link #captured}, or {@link #giveUp} when one of its grants ended
   * meanwhile; after a crash in between {@link #pendingCaptures} has it.
   */
  public Optional<Capture> capture(MeetingId meeting, Predicate<Handle> stands) {
    return writing(() -> {
      List<Hash> leaves = new ArrayList<>();
      for (KeyStore.Key key :
          grants(grant ->
              grant.meeting().equals(meeting.value()) && stands.test(new Handle(grant.handle())))) {
        for (Index.Entry entry : index.under(key.name())) {
          if (!index.isCaptured(entry)) {
            leaves.add(entry.leaf());
          }
        }
      }
      if (leaves.isEmpty()) {
        return Optional.empty();
      }
      leaves.sort(null); // salted, so this order tells nothing of who came first
      Capture capture = new Capture(captureRoot(leaves), List.copyOf(leaves));
      index.add(capture);
      return Optional.of(capture);
    });
  }

  /** The root of a capture over its leaves in their order. */
  public static Hash captureRoot(List<Hash> leaves) {
    return Hash.of(Merkle.root(leaves.stream().map(Hash::bytes).toList()));
  }

  /** Captures whose place in the log is not yet known here. */
  public List<Capture> pendingCaptures() {
    return reading(() -> index.captures().stream().filter(c -> !index.isLogged(c.root())).toList());
  }

  /** Notes where in the log a capture is. */
  public void captured(Hash root, long logIndex) {
    if (captureWith(root).isEmpty()) {
      throw new IllegalArgumentException("there is no such capture");
    }
    writing(() -> {
      if (!index.isLogged(root)) {
        index.logged(root, logIndex);
      }
      return true;
    });
  }

  /** The grants of all blocks in a capture; empty when one of the blocks was shredded by now. */
  public Optional<Set<Handle>> grantsIn(Capture capture) {
    Set<Hash> leaves = new HashSet<>(capture.leaves());
    Set<Handle> grants = new LinkedHashSet<>();
    for (Block block : blocks()) {
      if (leaves.remove(block.leaf())) {
        grants.addAll(block.handles());
      }
    }
    return leaves.isEmpty() ? Optional.of(grants) : Optional.empty();
  }

  /**
   * Takes a capture apart that is not to count: its blocks can be captured anew. Durable on return.
   *
   * @return the meetings that its blocks are of
   * @throws IllegalArgumentException when its place in the log was noted already
   */
  public Set<MeetingId> giveUp(Capture capture) {
    return writing(() -> {
      if (index.isLogged(capture.root())) {
        throw new IllegalArgumentException("a capture that counts cannot be given up");
      }
      Set<Hash> leaves = Set.copyOf(capture.leaves());
      Set<MeetingId> meetings = new LinkedHashSet<>();
      for (KeyStore.Key key : grants(grant -> true)) {
        if (index.under(key.name()).stream().anyMatch(entry -> leaves.contains(entry.leaf()))) {
          meetings.add(new MeetingId(((KeyStore.Owner.Grant) key.owner()).meeting()));
        }
      }
      index.giveUp(capture.root());
      return meetings;
    });
  }

  /** The capture with this root, with all its leaves, for a proof. */
  public Optional<Capture> captureWith(Hash root) {
    return reading(() -> index.captures().stream().filter(c -> c.root().equals(root)).findFirst());
  }

  // ---- listing and reading ----

  /** All blocks of people, in the order of their keys; no artefacts. */
  public List<Block> blocks() {
    return blocks(grant -> true);
  }

  /** The blocks that were kept under a grant. */
  public List<Block> blocks(Handle handle) {
    return blocks(grant -> grant.handle().equals(handle.value()));
  }

  private List<Block> blocks(Predicate<KeyStore.Owner.Grant> which) {
    return reading(() -> {
      List<Block> found = new ArrayList<>();
      for (KeyStore.Key key : grants(which)) {
        for (Index.Entry entry : index.under(key.name())) {
          found.add(describe(entry, (KeyStore.Owner.Grant) key.owner()));
        }
      }
      return List.copyOf(found);
    });
  }

  /**
   * All that is held of a person, opened, for that person alone, who has just proved to be there by
   * their device's key.
   */
  public List<Content> own(DeviceProof.Checked.Proven proven) {
    String person = proven.person().value();
    List<Content> found = new ArrayList<>();
    read(grant -> grant.person().equals(person), true, found::add);
    return List.copyOf(found);
  }

  /** What was kept under a grant for notes; nothing when its use has ended or is blocked. */
  public List<Content> notes(Use<Purpose.Notes> use) {
    List<Content> found = new ArrayList<>();
    if (use.live(clock.millis())) {
      read(grantOf(use.handle(), use.purpose()), false, found::add);
    }
    return List.copyOf(found);
  }

  /**
   * What was kept under a grant for learning, one after the other; nothing when its use has ended
   * or is blocked.
   */
  public void training(Use<Purpose.Training> use, Consumer<Content> reader) {
    if (use.live(clock.millis())) {
      read(grantOf(use.handle(), use.purpose()), false, reader);
    }
  }

  /**
   * The last reading of a withdrawn grant, so that models can subtract it.
   *
   * @throws IllegalStateException unless the grant was blocked before
   */
  public void lastReading(Handle handle, Consumer<Content> reader) {
    boolean blocked =
        reading(() ->
            grants(grant -> grant.handle().equals(handle.value())).stream()
                .allMatch(key -> index.isBlocked(key.name())));
    if (!blocked) {
      throw new IllegalStateException("only what is blocked may be read to be forgotten");
    }
    read(
        grant ->
            grant.handle().equals(handle.value()) && grant.purpose().equals(Purpose.TRAINING.id()),
        true,
        reader);
  }

  /** An artefact, opened; empty once it was shredded. */
  public Optional<byte[]> artefact(BlockId id) {
    return reading(() ->
        index.find(id).flatMap(entry -> keys.find(entry.key()).map(key -> artefact(key, entry))));
  }

  private byte[] artefact(KeyStore.Key key, Index.Entry entry) {
    if (!(key.owner() instanceof KeyStore.Owner.Artefact)) {
      throw new IllegalArgumentException("this block is a person's, not an artefact");
    }
    byte[] box = disk.read(fileOf(key.name()), entry.offset(), entry.length());
    return content(key, entry, box, 0)[1];
  }

  /** The artefacts of a kind that are still there. */
  public List<BlockId> artefacts(String kind) {
    return reading(() ->
        index.entries().stream()
            .filter(entry ->
                keys.find(entry.key()).stream()
                    .anyMatch(key -> key.owner().equals(new KeyStore.Owner.Artefact(kind))))
            .map(Index.Entry::id)
            .toList());
  }

  /**
   * A pseudonym under a key of this vault (HMAC-SHA256): stable here, meaningless elsewhere. The
   * domain keeps uses apart.
   */
  public byte[] pseudonym(String domain, byte[] of) {
    byte[] name = domain.getBytes(StandardCharsets.UTF_8);
    return Sealing.hmac(pseudonyms, new byte[] {(byte) name.length}, name, of);
  }

  void read(Predicate<KeyStore.Owner.Grant> which, boolean blockedToo, Consumer<Content> reader) {
    List<KeyStore.Key> found = reading(() -> grants(which));
    for (KeyStore.Key key : found) {
      List<Index.Entry> entries =
          reading(() ->
              blockedToo || !index.isBlocked(key.name())
                  ? List.copyOf(index.under(key.name()))
                  : List.<Index.Entry>of());
      for (int from = 0; from < entries.size(); ) {
        int to = from + 1;
        int length = entries.get(from).length();
        while (to < entries.size() && length + entries.get(to).length() <= READ_AHEAD) {
          length += entries.get(to++).length();
        }
        if (!readRun(key, entries.subList(from, to), length, reader)) {
          break; // shredded while it was being read
        }
        from = to;
      }
    }
  }

  /** Reads blocks that lie one after the other; false when their key is gone by now. */
  private boolean readRun(
      KeyStore.Key key, List<Index.Entry> run, int length, Consumer<Content> reader) {
    KeyStore.Owner.Grant grant = (KeyStore.Owner.Grant) key.owner();
    List<Content> opened = new ArrayList<>();
    boolean there =
        reading(() -> {
          if (keys.find(key.name()).isEmpty()) {
            return false;
          }
          byte[] boxes = disk.read(fileOf(key.name()), run.getFirst().offset(), length);
          int at = 0;
          for (Index.Entry entry : run) {
            byte[][] saltAndBytes = content(key, entry, boxes, at);
            at += entry.length();
            opened.add(
                new Content(
                    describe(entry, grant),
                    new PersonId(grant.person()),
                    new MeetingId(grant.meeting()),
                    Medium.named(grant.medium()).orElseThrow(),
                    saltAndBytes[0],
                    saltAndBytes[1]));
          }
          return true;
        });
    opened.forEach(reader);
    return there;
  }

  private byte[][] content(KeyStore.Key key, Index.Entry entry, byte[] boxes, int at) {
    byte[] box =
        at == 0 && boxes.length == entry.length()
            ? boxes
            : Arrays.copyOfRange(boxes, at, at + entry.length());
    byte[] plain = Sealing.open(blockKey(key, entry.id()), entry.id().bytes(), box);
    return new byte[][] {Arrays.copyOf(plain, SALT), Arrays.copyOfRange(plain, SALT, plain.length)};
  }

  // ---- blocking and shredding ----

  /** What a shredding destroyed. */
  public record Shredded(int keys, int blocks, long epoch) {}

  /**
   * Stops all reading and keeping under a grant, durable on return, but for {@link #own} and {@link
   * #lastReading}.
   */
  public void block(Handle handle) {
    writing(() -> {
      grants(grant -> grant.handle().equals(handle.value()))
          .forEach(key -> index.block(key.name()));
      return true;
    });
  }

  /** Makes what was kept under a grant unreadable for good, backups included. */
  public Shredded shred(Handle handle) {
    return shred(Set.of(handle), Set.of());
  }

  /** Makes all of a person unreadable for good. */
  public Shredded shred(PersonId person) {
    return shredKeys(() -> names(grants(grant -> grant.person().equals(person.value())).stream()));
  }

  /** Makes all of a person in one meeting unreadable for good. */
  public Shredded shred(PersonId person, MeetingId meeting) {
    return shredKeys(() ->
        names(
            grants(grant ->
                grant.person().equals(person.value()) && grant.meeting().equals(meeting.value()))
                .stream()));
  }

  /** Makes what was kept under these grants, and these artefacts, unreadable in one rotation. */
  public Shredded shred(Set<Handle> handles, Set<BlockId> artefacts) {
    return shredKeys(() -> {
      Set<BlockId> names =
          names(grants(grant -> handles.contains(new Handle(grant.handle()))).stream());
      artefacts.forEach(id -> index.find(id).ifPresent(entry -> names.add(entry.key())));
      return names;
    });
  }

  private Shredded shredKeys(Supplier<Set<BlockId>> which) {
    return writing(() -> {
      Set<BlockId> names = which.get();
      int count = names.stream().mapToInt(name -> index.under(name).size()).sum();
      keys.shred(names); // durable: nobody can read them any more
      dropWhatHasNoKey(); // durable: no trace of them in the index, no file of them
      seen(keys.of(new KeyStore.Owner.Secret(PSEUDONYMS)).name());
      return new Shredded(names.size(), count, keys.epoch());
    });
  }

  /**
   * Refuses keys that are not this vault's, or older than it. Only a shredding makes a new epoch,
   * so what has no key is to be dropped when there is one that the data has not seen; at the same
   * epoch its keys are missing.
   */
  private void demandItsKeys(BlockId own) {
    if (!disk.exists(keysSeen)) {
      return;
    }
    String[] seen = new String(disk.read(keysSeen), StandardCharsets.US_ASCII).split(" ", -1);
    if (seen.length != 2 || !seen[1].matches("[0-9]{1,18}")) {
      throw new Corrupt("the vault does not say which keys it belongs to");
    }
    if (!seen[0].equals(own.toString())) {
      throw new Corrupt("the keys are those of another vault");
    }
    long epoch = Long.parseLong(seen[1]);
    if (keys.epoch() < epoch || (keys.epoch() == epoch && !orphans().isEmpty())) {
      throw new Corrupt("the keys are an older copy, which lacks keys of what is kept");
    }
  }

  private void seen(BlockId own) {
    byte[] now = (own + " " + keys.epoch()).getBytes(StandardCharsets.US_ASCII);
    if (!disk.exists(keysSeen) || !Arrays.equals(disk.read(keysSeen), now)) {
      disk.replace(keysSeen, now);
    }
  }

  private Set<BlockId> orphans() {
    Set<BlockId> orphans = new LinkedHashSet<>();
    for (Index.Entry entry : index.entries()) {
      if (keys.find(entry.key()).isEmpty()) {
        orphans.add(entry.key());
      }
    }
    return orphans;
  }

  private void dropWhatHasNoKey() {
    Set<BlockId> orphans = orphans();
    if (!orphans.isEmpty()) {
      index.drop(orphans);
    }
    for (Path file : disk.list(blocks)) {
      if (keys.find(new BlockId(file.getFileName().toString())).isEmpty()) {
        disk.delete(file);
      }
    }
  }

  /** What keeps this object from working, if a write failed; whoever has it opens it anew. */
  public Optional<String> failure() {
    return reading(() -> broken ? Optional.of("a write failed") : Optional.empty());
  }

  /** What was found, whoever read it, not to be what was written. */
  public Optional<Corrupt> altered() {
    return reading(() -> altered);
  }

  // ---- inside ----

  private static Predicate<KeyStore.Owner.Grant> grantOf(Handle handle, Purpose purpose) {
    return grant -> grant.handle().equals(handle.value()) && grant.purpose().equals(purpose.id());
  }

  private static Set<BlockId> names(Stream<KeyStore.Key> found) {
    Set<BlockId> names = new LinkedHashSet<>();
    found.forEach(key -> names.add(key.name()));
    return names;
  }

  private List<KeyStore.Key> grants(Predicate<KeyStore.Owner.Grant> which) {
    return keys.all().stream()
        .filter(key -> key.owner() instanceof KeyStore.Owner.Grant grant && which.test(grant))
        .toList();
  }

  private Block describe(Index.Entry entry, KeyStore.Owner.Grant grant) {
    return new Block(
        entry.id(),
        entry.key(),
        grant.purpose(),
        grant.medium(),
        List.of(new Handle(grant.handle())),
        entry.slice(),
        entry.digest(),
        entry.leaf(),
        entry.length(),
        index.captureOf(entry));
  }

  private Path fileOf(BlockId key) {
    return blocks.resolve(key.hex());
  }

  /** The key of a block: HMAC-SHA256 of its id under the person key. */
  private static byte[] blockKey(KeyStore.Key key, BlockId id) {
    return Sealing.hmac(key.bytes(), BLOCK_KEY, id.bytes());
  }

  /** What is done with the folders while they stand still: a copy is made of them. */
  @FunctionalInterface
  public interface Still {
    void run() throws IOException;
  }

  /** Runs something while nothing is written to the folders of data and keys. */
  public void still(Still work) throws IOException {
    lock.lock();
    try {
      work.run();
    } finally {
      lock.unlock();
    }
  }

  private <T> T reading(Supplier<T> work) {
    lock.lock();
    try {
      return work.get();
    } catch (Corrupt e) {
      altered = Optional.of(e);
      throw e;
    } finally {
      lock.unlock();
    }
  }

  private <T> T writing(Supplier<T> work) {
    lock.lock();
    try {
      if (broken) {
        throw new IllegalStateException("a write to the vault failed: open it anew");
      }
      broken = true;
      T result = work.get();
      broken = false;
      return result;
    } finally {
      lock.unlock();
    }
  }
}
