package dev.aye.learn;

import dev.aye.consent.Consents;
import dev.aye.consent.Handle;
import dev.aye.consent.Purpose;
import dev.aye.consent.Use;
import dev.aye.log.Appended;
import dev.aye.log.Hash;
import dev.aye.log.Leaf;
import dev.aye.log.Log;
import dev.aye.vault.BlockId;
import dev.aye.vault.Content;
import dev.aye.vault.Vault;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;

/** What data sets, models and forgetting work with, and the few things that all three do. */
record Workshop(
    Shelf shelf,
    Vault vault,
    Log log,
    Consents consents,
    SecureRandom random,
    InstantSource clock) {
  static final String MANIFEST = "manifest";
  static final String MEMBERS = "members";
  static final String PARAMETERS = "parameters";
  static final String LINEAGE = "lineage";
  private static final int SALT = 32;

  /** A salted document in the vault, and the hash that its leaf in the log has. */
  record Kept(BlockId block, Hash hash) {
    String id(String prefix) {
      return prefix + hash.hex().substring(0, 16);
    }
  }

  Kept keep(String kind, byte[] json) {
    byte[] salted = new byte[SALT];
    random.nextBytes(salted);
    salted = Arrays.copyOf(salted, SALT + json.length);
    System.arraycopy(json, 0, salted, SALT, json.length);
    return new Kept(vault.keepArtefact(kind, salted), Hash.sha256(salted));
  }

  byte[] salted(String block) {
    return vault
        .artefact(new BlockId(block))
        .orElseThrow(() -> new IllegalStateException("an artefact on the shelf is not there"));
  }

  static byte[] salt(byte[] salted) {
    return Arrays.copyOf(salted, SALT);
  }

  static byte[] unsalted(byte[] salted) {
    return Arrays.copyOfRange(salted, SALT, salted.length);
  }

  Manifest manifest(Shelf.Dataset dataset) {
    return Json.read(unsalted(salted(dataset.manifest())), Manifest.class);
  }

  /** Every handle that was withdrawn or revoked in these leaves of the log. */
  Set<Handle> gone(long from, long to) {
    Set<Handle> gone = new HashSet<>();
    log.leaves(from, to, (index, leaf) -> ended(leaf, gone));
    return gone;
  }

  /** Adds the handle that a leaf ends, if it ends one. */
  static void ended(Leaf leaf, Set<Handle> to) {
    if (leaf instanceof Leaf.Withdraw withdraw) {
      to.add(Handle.of(withdraw.handle().bytes()));
    } else if (leaf instanceof Leaf.Revoke revoke) {
      to.add(Handle.of(revoke.handle().bytes()));
    }
  }

  /** Puts a use of these grants into the log; its place, unless one of them ended meanwhile. */
  Optional<Long> log(Leaf leaf, Collection<String> handles) {
    return consents
        .appendUse(leaf, handles.stream().map(Handle::new).toList())
        .map(Appended::index);
  }

  /** Whether every grant still stands. */
  boolean stand(Collection<String> handles) {
    return handles.stream()
        .allMatch(handle -> consents.use(new Handle(handle), Purpose.TRAINING).isPresent());
  }

  /**
   * Opens every row of a data set, grant by grant, and shows it.
   *
   * @throws IllegalStateException when a row is not there any more, or is not what the manifest
   *     says
   */
  void open(Manifest manifest, BiConsumer<Row, Content> reader) {
    Map<BlockId, Manifest.Row> expected = new HashMap<>();
    manifest.rows().forEach(row -> expected.put(new BlockId(row.block()), row));
    for (Manifest.GrantRef grant : manifest.grants()) {
      Use<Purpose.Training> use =
          consents
              .use(new Handle(grant.handle()), Purpose.TRAINING)
              .orElseThrow(() -> new IllegalStateException("a grant in a data set has ended"));
      vault.training(
          use,
          content -> {
            Manifest.Row row = expected.remove(content.block().id());
            if (row != null) {
              Row canonical = Row.of(vault, content.person(), content.bytes());
              if (!canonical.leaf().b64u().equals(row.leaf())
                  || !content.block().digest().b64u().equals(row.digest())) {
                throw new IllegalStateException("a block is not what the manifest says");
              }
              reader.accept(canonical, content);
            }
          });
    }
    if (!expected.isEmpty()) {
      throw new IllegalStateException("blocks of a data set are not there any more");
    }
  }

  /** Destroys artefacts that nothing on the shelf needs: what a crash left over. */
  void sweep() {
    Set<BlockId> loose = new HashSet<>();
    for (String kind : List.of(MANIFEST, MEMBERS, PARAMETERS, LINEAGE)) {
      loose.addAll(vault.artefacts(kind));
    }
    new ArrayList<>(shelf.artefacts()).forEach(loose::remove);
    if (!loose.isEmpty()) {
      vault.shred(Set.of(), loose);
    }
  }
}
