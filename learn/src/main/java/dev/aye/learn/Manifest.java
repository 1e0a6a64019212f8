package dev.aye.learn;

import dev.aye.log.Hash;
import dev.aye.vault.Merkle;
import java.util.List;

/**
 * A data set version: which blocks, under which grants, as of which checkpoint. It holds no
 * content.
 *
 * @param checkpoint the signed note under which the grants stood
 * @param root the RFC 6962 root over the canonical rows in order of id
 * @param grants every handle in it once, with the index of its {@code ANSWER} leaf
 * @param rows in order of id
 */
record Manifest(
    String schema,
    String checkpoint,
    String query,
    String queryHash,
    String built,
    int buckets,
    String root,
    List<GrantRef> grants,
    List<Row> rows) {
  static final String SCHEMA = "urn:aye:dataset:1";
  static final int BUCKETS = 64;

  /** A grant and where the answer that gave it stands in the log. */
  record GrantRef(String handle, long answer) {}

  /**
   * One row, without its content.
   *
   * @param id HMAC of the canonical row under a key of the vault, in hexadecimal
   * @param leaf the RFC 6962 leaf hash of the canonical row, base64url
   * @param block the vault's block it comes from
   * @param digest SHA-256 of that block's ciphertext, base64url
   * @param handles every grant it derives from
   * @param capture the index of the {@code CAPTURE} leaf that holds the block
   * @param bucket which of the 64 groups of people its person is in
   */
  record Row(
      String id,
      String leaf,
      String block,
      String digest,
      List<String> handles,
      long capture,
      int bucket) {}

  static Hash root(List<Row> rows) {
    Merkle.Builder builder = new Merkle.Builder();
    rows.forEach(row -> builder.add(Hash.fromB64u(row.leaf()).bytes()));
    return Hash.of(builder.root());
  }

  /** The hash in a {@code DATASET} leaf. */
  static Hash leafHash(byte[] salt, byte[] json) {
    return Hash.sha256(salt, json);
  }
}
