package dev.aye.learn;

import dev.aye.consent.Handle;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * A version of the data set.
 *
 * @param root over its canonical rows, base64url; empty once shredded
 * @param index of its {@code DATASET} leaf
 * @param handles the grants in it
 * @param exports how often it was exported
 */
public record DatasetVersion(
    String id,
    Standing standing,
    Instant built,
    long rows,
    String root,
    Optional<Long> index,
    List<Handle> handles,
    int exports) {
  static DatasetVersion of(Shelf.Dataset dataset) {
    return new DatasetVersion(
        dataset.id(),
        dataset.standing(),
        Instant.ofEpochMilli(dataset.built()),
        dataset.rows(),
        dataset.root(),
        dataset.index(),
        dataset.handles().stream().map(Handle::new).toList(),
        dataset.exports());
  }
}
