package dev.aye.vault;

import dev.aye.log.Hash;
import java.util.List;

/**
 * A slice of a meeting to be put into the log: the root over the salted leaves of the blocks that
 * were appended since the last one.
 *
 * <p>A leaf is {@code H(00 ‖ salt(32) ‖ block id(16) ‖ ciphertext digest(32) ‖ SHA-256(content)(32)
 * ‖ handles(32 each))}, so that with the salt, which lies in the block itself, anyone can check
 * that a given content was captured under given handles; without it the leaf says nothing.
 */
public record Capture(Hash root, List<Hash> leaves) {}
