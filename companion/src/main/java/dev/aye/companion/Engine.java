package dev.aye.companion;

/** Which built-in recogniser to use. */
public enum Engine {
  /** PocketSphinx where its library and English model are installed, else sphinx4. */
  AUTO,
  /**
   * sphinx4 (pure Java, English model in its jar): works everywhere, about as fast as one speaks on
   * a slow core.
   */
  SPHINX4,
  /**
   * PocketSphinx (C): Debian's {@code libpocketsphinx3} and {@code pocketsphinx-en-us}; several
   * times faster.
   */
  POCKETSPHINX;

  /** The engine that runs on this machine. */
  Engine resolve() {
    return switch (this) {
      case AUTO -> PocketSphinx.installed() ? POCKETSPHINX : SPHINX4;
      case SPHINX4, POCKETSPHINX -> this;
    };
  }
}
