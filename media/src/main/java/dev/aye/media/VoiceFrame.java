package dev.aye.media;

/**
 * One decrypted Opus frame of a person.
 *
 * @param sequence extended sequence number, grows by one a frame; a gap is a lost frame
 * @param timestamp RTP timestamp, 48 kHz, wraps at 32 bits
 * @param arrivalMillis when its packet arrived, wall clock
 * @param level loudness as the sender measured it, in -dBov (0 loudest … 127 silent)
 * @param opus empty for a frame of silence that was not sent (DTX)
 */
@SuppressWarnings("ArrayRecordComponent") // a frame is passed on once, never compared
public record VoiceFrame(long sequence, int timestamp, long arrivalMillis, int level, byte[] opus) {
  @Override
  public String toString() {
    return "VoiceFrame[" + sequence + "]";
  }
}
