package dev.aye.vault;

import dev.aye.consent.Handle;
import dev.aye.log.Hash;
import java.util.List;

/**
 * What is known of a block without opening it. Nothing here names a person or a meeting but {@code
 * key}, the random name of the key it is under.
 *
 * @param id its random name
 * @param key the random name of the person key it is under: equal for all blocks of one grant
 * @param purpose {@code notes} or {@code training}
 * @param medium what it was said or sent by
 * @param handles the grants it derives from, all of which must stand for it to be used
 * @param slice when it was said or sent
 * @param digest SHA-256 of its ciphertext
 * @param leaf its salted leaf in the tree of its capture
 * @param length bytes of ciphertext
 * @param capture where it was captured, once that is in the log
 */
public record Block(
    BlockId id,
    BlockId key,
    String purpose,
    String medium,
    List<Handle> handles,
    Slice slice,
    Hash digest,
    Hash leaf,
    int length,
    CaptureState capture) {

  /** Whether the log knows of a block yet. */
  public sealed interface CaptureState {
    /** Not in the log: it may not be learned from. */
    record Open() implements CaptureState {}

    /** In the {@code CAPTURE} leaf at this index, under this root. */
    record Logged(Hash root, long index) implements CaptureState {}
  }
}
