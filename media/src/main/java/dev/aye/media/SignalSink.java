package dev.aye.media;

/**
 * Where the server's signalling messages to one client go: one binary WebSocket frame each.
 *
 * <p>Called on a media thread, so it must not block: queue, and close when the queue is full.
 */
public interface SignalSink {
  void send(byte[] frame);

  /** No message follows; the socket is to be closed. */
  void close();
}
