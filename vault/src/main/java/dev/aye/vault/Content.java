package dev.aye.vault;

import dev.aye.consent.Medium;
import dev.aye.consent.MeetingId;
import dev.aye.consent.PersonId;

/**
 * A block, opened.
 *
 * @param salt the 32 bytes that hide it in the tree of its capture
 * @param bytes what was appended
 */
@SuppressWarnings("ArrayRecordComponent") // carried and read, never compared
public record Content(
    Block block, PersonId person, MeetingId meeting, Medium medium, byte[] salt, byte[] bytes) {
  @Override
  public String toString() {
    return "Content[" + block.id() + "]";
  }
}
