package dev.aye.media.transport;

/**
 * What the two ends agreed about a data channel (RFC 8832). {@code id} is its SCTP stream.
 *
 * @param label at most 1,024 bytes in UTF-8
 */
public record DataChannel(
    int id, String label, String protocol, boolean ordered, Reliability reliability) {

  /** How long a message is tried for. */
  public sealed interface Reliability {
    /** Until it arrives. */
    record Reliable() implements Reliability {}

    /** At most so many times again after the first. */
    record MaxRetransmits(long count) implements Reliability {}

    /** At most so many milliseconds. */
    record MaxLifetime(long millis) implements Reliability {}
  }
}
