package dev.aye.learn;

import dev.aye.log.Hash;
import dev.aye.log.Leaf;
import dev.aye.vault.BlockId;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The models: vocabularies of counts, each with a lineage. At most one is in use. */
public final class Models {
  private final Workshop workshop;

  Models(Workshop workshop) {
    this.workshop = workshop;
  }

  /**
   * Learns a vocabulary from a version of the data set, checking each row against its manifest, and
   * puts its lineage into the log. The model that was in use until now is shredded.
   *
   * @throws IllegalStateException unless the version is {@link Standing#CURRENT} and every grant in
   *     it stands
   */
  public ModelVersion train(String datasetId) {
    workshop.shelf().lock.lock();
    try {
      Shelf.Dataset dataset = usable(datasetId);
      if (dataset.rows() == 0) {
        throw new IllegalStateException(
            "Data set " + datasetId + " has no rows any more, so there is nothing to learn.");
      }
      CountModel model = learn(dataset);
      BlockId parameters = workshop.vault().keepArtefact(Workshop.PARAMETERS, model.encode());
      Shelf.Model prepared = prepare(workshop, dataset, model, parameters, Optional.empty());
      Optional<Shelf.Model> signed = sign(workshop, prepared);
      if (signed.isEmpty()) {
        workshop.shelf().change().drop(prepared).save(); // somebody withdrew while it learned
        workshop.sweep();
        throw unusable(datasetId);
      }
      Shelf.Change change = workshop.shelf().change();
      Set<BlockId> superseded = new HashSet<>();
      for (Shelf.Model old : workshop.shelf().models()) {
        if (old.standing() == Standing.CURRENT) {
          superseded.add(new BlockId(old.parameters()));
          superseded.add(new BlockId(old.lineage()));
          change.put(old.shredded());
        }
      }
      Shelf.Model current = signed.get().as(Standing.CURRENT);
      change.put(current).save(); // durable: the new one is in use; the old one is nobody's
      if (!superseded.isEmpty()) {
        workshop.vault().shred(Set.of(), superseded);
      }
      return ModelVersion.of(current);
    } finally {
      workshop.shelf().lock.unlock();
    }
  }

  /** All versions, oldest first, also those that are no more. */
  public List<ModelVersion> list() {
    return workshop.shelf().models().stream().map(ModelVersion::of).toList();
  }

  /** The model in use; empty before the first, and while somebody is being forgotten. */
  public Optional<CountModel> current() {
    return workshop.shelf().models().stream()
        .filter(model -> model.standing() == Standing.CURRENT && workshop.stand(model.handles()))
        .findFirst()
        .flatMap(model -> workshop.vault().artefact(new BlockId(model.parameters())))
        .map(CountModel::decode);
  }

  /** Trains a model again from its lineage; whether it comes out the same. */
  public boolean replays(String modelId) {
    workshop.shelf().lock.lock();
    try {
      Shelf.Model model =
          workshop
              .shelf()
              .model(modelId)
              .orElseThrow(() -> new IllegalStateException("there is no model " + modelId));
      return learn(usable(model.dataset())).hash().hex().equals(model.hash());
    } finally {
      workshop.shelf().lock.unlock();
    }
  }

  /** The lineage of a model, as JSON; empty once it was shredded. */
  public Optional<String> lineage(String modelId) {
    return workshop
        .shelf()
        .model(modelId)
        .filter(model -> !model.lineage().isEmpty())
        .map(model ->
            new String(
                Workshop.unsalted(workshop.salted(model.lineage())),
                java.nio.charset.StandardCharsets.UTF_8));
  }

  private CountModel learn(Shelf.Dataset dataset) {
    Manifest manifest = workshop.manifest(dataset);
    if (!Manifest.root(manifest.rows()).b64u().equals(manifest.root())) {
      throw new IllegalStateException("the rows of a manifest do not lead to its root");
    }
    CountModel.Change change = new CountModel.Change(CountModel.empty());
    workshop.open(manifest, (row, content) -> change.count(row.segment().text(), 1));
    return change.done();
  }

  private Shelf.Dataset usable(String datasetId) {
    Shelf.Dataset dataset =
        workshop
            .shelf()
            .dataset(datasetId)
            .orElseThrow(() -> new IllegalStateException("there is no data set " + datasetId));
    if (dataset.standing() != Standing.CURRENT || !workshop.stand(dataset.handles())) {
      throw unusable(datasetId);
    }
    return dataset;
  }

  private static IllegalStateException unusable(String datasetId) {
    return new IllegalStateException("data set " + datasetId + " may not be used any more");
  }

  static Shelf.Model prepare(
      Workshop workshop,
      Shelf.Dataset dataset,
      CountModel model,
      BlockId parameters,
      Optional<String> replaces) {
    Lineage lineage =
        new Lineage(
            Lineage.SCHEMA,
            dataset.id(),
            Hash.sha256(workshop.salted(dataset.manifest())).b64u(),
            dataset.root(),
            CountModel.TRAINER,
            model.segments(),
            model.hash().b64u());
    Workshop.Kept kept = workshop.keep(Workshop.LINEAGE, Json.write(lineage));
    Shelf.Model prepared =
        new Shelf.Model(
            kept.id("md-"),
            dataset.id(),
            parameters.hex(),
            kept.block().hex(),
            Standing.PREPARED,
            workshop.clock().millis(),
            model.hash().hex(),
            dataset.handles(),
            Optional.empty(),
            replaces);
    workshop.shelf().change().put(prepared).save();
    return prepared;
  }

  /** Puts a prepared model into the log; empty when somebody in it withdrew meanwhile. */
  static Optional<Shelf.Model> sign(Workshop workshop, Shelf.Model prepared) {
    Leaf leaf = new Leaf.Model(Hash.sha256(workshop.salted(prepared.lineage())));
    return workshop
        .log(leaf, prepared.handles())
        .map(index -> {
          Shelf.Model signed = prepared.at(index);
          workshop.shelf().change().put(signed).save();
          return signed;
        });
  }

  /** The texts of one person's rows in a data set, read for the last time. */
  static List<String> lastTexts(Workshop workshop, Shelf.Dataset dataset, Set<String> handles) {
    Set<BlockId> blocks = Members.of(workshop.salted(dataset.members()), handles);
    List<String> texts = new ArrayList<>();
    for (String handle : handles) {
      workshop
          .vault()
          .lastReading(
              new dev.aye.consent.Handle(handle),
              content -> {
                if (blocks.remove(content.block().id())) {
                  texts.add(Segment.decode(content.bytes()).text());
                }
              });
    }
    if (!blocks.isEmpty()) {
      throw new IllegalStateException("blocks that a model learned from are not there any more");
    }
    return texts;
  }
}
