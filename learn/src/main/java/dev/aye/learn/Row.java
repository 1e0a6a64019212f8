package dev.aye.learn;

import dev.aye.consent.PersonId;
import dev.aye.log.Hash;
import dev.aye.vault.Merkle;
import dev.aye.vault.Vault;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * A canonical row: {@code speaker(8) ‖ segment}, where the speaker is a pseudonym under a key of
 * the vault. Rows are equal when these bytes are; no handle, block or checkpoint is in them.
 */
@SuppressWarnings("ArrayRecordComponent") // compared by its canonical bytes
record Row(byte[] speaker, Segment segment) {

  static Row of(Vault vault, PersonId person, byte[] content) {
    byte[] pseudonym =
        vault.pseudonym("aye/speaker/1", person.value().getBytes(StandardCharsets.US_ASCII));
    return new Row(Arrays.copyOf(pseudonym, 8), Segment.decode(content));
  }

  byte[] canonical() {
    byte[] content = segment.encode();
    byte[] bytes = Arrays.copyOf(speaker, speaker.length + content.length);
    System.arraycopy(content, 0, bytes, speaker.length, content.length);
    return bytes;
  }

  /** Its place in the order of rows, which tells nothing of who, when or what. */
  String id(Vault vault) {
    return HexFormat.of().formatHex(vault.pseudonym("aye/row/1", canonical()));
  }

  Hash leaf() {
    return Hash.of(Merkle.leaf(canonical()));
  }

  int bucket() {
    return bucket(speaker);
  }

  static int bucket(byte[] speaker) {
    return speaker[0] & (Manifest.BUCKETS - 1);
  }
}
