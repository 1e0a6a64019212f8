package dev.aye.media;

/**
 * One client's signalling connection, as whatever carries its frames sees it. All methods may be
 * called from any thread and return at once.
 */
public interface SignalSession {
  /** A binary frame arrived. */
  void receive(byte[] frame);

  /** The connection is gone; the person may come back within 15 s and go on. */
  void closed();
}
