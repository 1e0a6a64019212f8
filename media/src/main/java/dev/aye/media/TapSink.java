package dev.aye.media;

/** Where a {@link Tap} pours. Called on a media thread, in order; must not block. */
public interface TapSink {
  /** A decrypted voice frame that a live permit for voice covers at this moment. */
  default void voice(VoiceFrame frame) {}

  /**
   * A decrypted chat message that a live permit for chat covers at this moment: the bytes that were
   * sent under topic {@code chat}.
   */
  default void chat(byte[] message, long arrivalMillis) {}

  /** The tap has closed: withdrawn, the room is gone, or {@link Tap#close}. Comes once. */
  default void closed() {}
}
