package dev.aye.media;

import java.time.Duration;

/** The bounds on everything that arrives from outside. */
final class Limits {
  /** One signalling message; a big offer has about 20 kB. */
  static final int SIGNAL = 256 * 1024;

  /** The {@code join_request} parameter, and what it may inflate to. */
  static final int JOIN_REQUEST = 64 * 1024;

  static final int JOIN_REQUEST_INFLATED = 256 * 1024;

  /** One message on a data channel. */
  static final int MESSAGE = 65536;

  /** Data packets a person may send: in a burst, and per second from then on. */
  static final int DATA_BURST = 400;

  static final int DATA_RATE = 200;

  /** The bytes of them: each goes to everybody, also to who has a slow line. */
  static final int DATA_BYTES_BURST = 512 * 1024;

  static final int DATA_BYTES_RATE = 128 * 1024;

  /** Changes of one's own attributes: each is told to everybody. */
  static final int ATTRIBUTE_BURST = 60;

  static final int ATTRIBUTE_RATE = 5;

  /** Signalling messages a person may send: in a burst, and per second from then on. */
  static final int SIGNAL_BURST = 400;

  static final int SIGNAL_RATE = 100;

  /** Attributes of one person: how many, and how much in all. */
  static final int ATTRIBUTES = 64;

  static final int ATTRIBUTE_BYTES = 64 * 1024;
  static final int METADATA = 16 * 1024;
  static final int NAME = 256;

  static final int TRACKS = 8;

  /** How long a person may be without signalling before they are gone. */
  static final Duration RESUME = Duration.ofSeconds(15);

  /** How long after joining the media connection may take. */
  static final Duration CONNECT = Duration.ofSeconds(30);

  private Limits() {}
}
