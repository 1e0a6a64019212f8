package dev.aye.learn;

import dev.aye.consent.Handle;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * A version of the vocabulary.
 *
 * @param dataset what it learned from
 * @param hash over its parameters, in hexadecimal; empty once shredded
 * @param index of its {@code MODEL} leaf
 */
public record ModelVersion(
    String id,
    Standing standing,
    Instant built,
    String dataset,
    String hash,
    Optional<Long> index,
    List<Handle> handles) {
  static ModelVersion of(Shelf.Model model) {
    return new ModelVersion(
        model.id(),
        model.standing(),
        Instant.ofEpochMilli(model.built()),
        model.dataset(),
        model.hash(),
        model.index(),
        model.handles().stream().map(Handle::new).toList());
  }
}
