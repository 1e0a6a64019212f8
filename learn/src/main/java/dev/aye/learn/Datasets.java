package dev.aye.learn;

import dev.aye.consent.Handle;
import dev.aye.consent.Purpose;
import dev.aye.consent.Use;
import dev.aye.log.Checkpoint;
import dev.aye.log.Leaf;
import dev.aye.vault.Block;
import dev.aye.vault.Content;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * The data sets: cuts of what may be learned from, each with a proof.
 *
 * <p>A cut takes a block only when its grant was answered before it was captured, both are in the
 * log before the pinned checkpoint, and the grant is not withdrawn; see {@link Verification} for
 * how a stranger checks that. It leaves out what rests on a receipt that answers other rows too, as
 * some from before do: an export carries the receipts, and says nothing of what a person answered
 * to anything but training.
 */
public final class Datasets {
  private static final int ATTEMPTS = 3;
  private final Workshop workshop;

  Datasets(Workshop workshop) {
    this.workshop = workshop;
  }

  /**
   * Cuts a new version of everything that is covered now, and puts it into the log.
   *
   * @throws IllegalStateException when nothing is covered, or when people keep withdrawing faster
   *     than it can be cut
   */
  public DatasetVersion build(Query query) {
    workshop.shelf().lock.lock();
    try {
      for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        Checkpoint checkpoint = workshop.log().checkpoint();
        List<Manifest.Row> rows = rows(checkpoint, query);
        if (rows.isEmpty()) {
          throw new IllegalStateException(
              "There is nothing to learn from: nobody's words are kept under a yes to training.");
        }
        Shelf.Dataset prepared =
            prepare(
                workshop, checkpoint, query.text(), query.hash().b64u(), rows, Optional.empty());
        Optional<Shelf.Dataset> signed = sign(workshop, prepared);
        if (signed.isPresent()) {
          Shelf.Dataset current = signed.get().as(Standing.CURRENT);
          workshop.shelf().change().put(current).save();
          return DatasetVersion.of(current);
        }
        workshop.shelf().change().drop(prepared).save(); // somebody withdrew while it was cut
        workshop.sweep();
      }
      throw new IllegalStateException("grants ended while the data set was cut; cut it again");
    } finally {
      workshop.shelf().lock.unlock();
    }
  }

  /** All versions, oldest first, also those that are no more. */
  public List<DatasetVersion> list() {
    return workshop.shelf().datasets().stream().map(DatasetVersion::of).toList();
  }

  /**
   * Writes a version into a new or empty folder: rows as Parquet in the layout of Hugging Face, a
   * card, Croissant metadata, and the proof. From here on there is plaintext outside the vault; the
   * export is counted.
   *
   * @throws IllegalStateException unless the version is {@link Standing#CURRENT}, and when one of
   *     its receipts answers more than training
   */
  public void export(String id, Path folder) throws IOException {
    workshop.shelf().lock.lock();
    try {
      Shelf.Dataset dataset =
          workshop
              .shelf()
              .dataset(id)
              .orElseThrow(() -> new IllegalStateException("there is no data set " + id));
      if (dataset.standing() != Standing.CURRENT || !workshop.stand(dataset.handles())) {
        throw new IllegalStateException("data set " + id + " may not be used any more");
      }
      if (!dataset.handles().stream()
          .allMatch(handle -> workshop.consents().showsNothingElse(new Handle(handle)))) {
        throw new IllegalStateException(
            "data set "
                + id
                + " rests on receipts from before, which also show what people answered to other"
                + " rows; build a new one, which leaves them out");
      }
      workshop.shelf().change().put(dataset.exportedAgain()).save(); // durable before it leaves
      new Export(workshop, dataset, folder).write();
    } finally {
      workshop.shelf().lock.unlock();
    }
  }

  /** Checks an export with nothing but the public key of the log; reads files only. */
  public static Verification verify(Path folder, String vkey) throws IOException {
    return Verification.of(folder, vkey);
  }

  /** Shows the text of each row of an export. */
  public static void texts(Path folder, Consumer<String> reader) throws IOException {
    try (Stream<Path> files = Files.list(folder.resolve("data"));
        Table table = Table.open()) {
      for (Path file : files.sorted().toList()) {
        table.read(file, (id, row) -> reader.accept(row.segment().text()));
      }
    } catch (SQLException e) {
      throw new IOException("the Parquet files cannot be read", e);
    }
  }

  private List<Manifest.Row> rows(Checkpoint checkpoint, Query query) {
    Set<Handle> gone = workshop.gone(0, checkpoint.size());
    List<Manifest.Row> rows = new ArrayList<>();
    for (Use<Purpose.Training> use : workshop.consents().uses(Purpose.TRAINING)) {
      if (use.grant().index() < checkpoint.size()
          && !gone.contains(use.handle())
          && workshop.consents().showsNothingElse(use.handle())
          && query.media().contains(use.medium())) {
        workshop
            .vault()
            .training(
                use,
                content -> {
                  if (content.block().capture() instanceof Block.CaptureState.Logged logged
                      && logged.index() < checkpoint.size()
                      && logged.index() > use.grant().index()) {
                    rows.add(row(content, logged.index()));
                  }
                });
      }
    }
    rows.sort(Comparator.comparing(Manifest.Row::id).thenComparing(Manifest.Row::block));
    return rows;
  }

  private Manifest.Row row(Content content, long capture) {
    Row row = Row.of(workshop.vault(), content.person(), content.bytes());
    if (row.segment().medium() != content.medium()) {
      throw new IllegalStateException("a block holds a segment of another medium");
    }
    Block block = content.block();
    return new Manifest.Row(
        row.id(workshop.vault()),
        row.leaf().b64u(),
        block.id().hex(),
        block.digest().b64u(),
        block.handles().stream().map(Handle::value).toList(),
        capture,
        row.bucket());
  }

  /** Writes a manifest into the vault and onto the shelf; nobody may use it yet. */
  static Shelf.Dataset prepare(
      Workshop workshop,
      Checkpoint checkpoint,
      String query,
      String queryHash,
      List<Manifest.Row> rows,
      Optional<String> replaces) {
    Map<String, Long> answers = new HashMap<>();
    Set<String> handles = new HashSet<>();
    rows.forEach(row -> handles.addAll(row.handles()));
    for (Use<Purpose.Training> use : workshop.consents().uses(Purpose.TRAINING)) {
      answers.put(use.handle().value(), use.grant().index());
    }
    List<Manifest.GrantRef> grants = new ArrayList<>();
    answers.forEach( // a grant that ended by now is missing, and fails the checks that follow
        (handle, index) -> {
          if (handles.contains(handle)) {
            grants.add(new Manifest.GrantRef(handle, index));
          }
        });
    grants.sort(Comparator.comparing(Manifest.GrantRef::handle));
    Instant now = workshop.clock().instant();
    Manifest manifest =
        new Manifest(
            Manifest.SCHEMA,
            checkpoint.note(),
            query,
            queryHash,
            now.toString(),
            Manifest.BUCKETS,
            Manifest.root(rows).b64u(),
            grants,
            rows);
    Workshop.Kept kept = workshop.keep(Workshop.MANIFEST, Json.write(manifest));
    Shelf.Dataset dataset =
        new Shelf.Dataset(
            kept.id("ds-"),
            kept.block().hex(),
            workshop.vault().keepArtefact(Workshop.MEMBERS, Members.encode(rows)).hex(),
            Standing.PREPARED,
            now.toEpochMilli(),
            rows.size(),
            manifest.root(),
            handles.stream().sorted().toList(),
            Optional.empty(),
            replaces,
            0);
    workshop.shelf().change().put(dataset).save();
    return dataset;
  }

  /** Puts a prepared data set into the log; empty when somebody in it withdrew meanwhile. */
  static Optional<Shelf.Dataset> sign(Workshop workshop, Shelf.Dataset prepared) {
    Leaf leaf = new Leaf.Dataset(dev.aye.log.Hash.sha256(workshop.salted(prepared.manifest())));
    return workshop
        .log(leaf, prepared.handles())
        .map(index -> {
          Shelf.Dataset signed = prepared.at(index);
          workshop.shelf().change().put(signed).save();
          return signed;
        });
  }
}
