package dev.aye.learn;

import java.util.List;

/** The files in the {@code proof} folder of an export. */
final class Proof {
  static final String FOLDER = "proof";
  static final String MANIFEST = "manifest.json";
  static final String SEAL = "seal.json";
  static final String RECEIPTS = "receipts.json";
  static final String CAPTURES = "captures.json";
  static final String LOG = "log";

  private Proof() {}

  /** Where the manifest stands in the log: {@code SHA-256(salt ‖ manifest.json)} at this index. */
  record Seal(String id, String salt, long index) {}

  /** A receipt, with the salt of its commitment and the index of its leaf. */
  record ReceiptRef(String receipt, String salt, long index) {}

  record Receipts(List<ReceiptRef> receipts) {}

  /** A capture: the index of its leaf, and all its leaves; those of others stay opaque. */
  record CaptureRef(long index, List<String> leaves) {}

  /** The salt under which a block is in its capture. */
  record SaltRef(String block, String salt) {}

  record Captures(List<CaptureRef> captures, List<SaltRef> salts) {}
}
