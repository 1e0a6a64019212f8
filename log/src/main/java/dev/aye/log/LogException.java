package dev.aye.log;

import org.jspecify.annotations.Nullable;

/** A log that cannot go on. None of these may be passed over by the caller. */
public abstract sealed class LogException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  LogException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  /** What is stored is not what was signed: a file is missing, cut short or altered. */
  public static final class Corrupt extends LogException {
    private static final long serialVersionUID = 1L;

    Corrupt(String message) {
      super(message, null);
    }
  }

  /** Another process, or another part of this one, has this log open. */
  public static final class InUse extends LogException {
    private static final long serialVersionUID = 1L;

    InUse(String message) {
      super(message, null);
    }
  }

  /**
   * The log takes no more entries until it is opened again: a write failed, or it was closed. An
   * entry whose append ended like this may or may not be in the log after the next opening.
   */
  public static final class Stopped extends LogException {
    private static final long serialVersionUID = 1L;

    Stopped(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }
}
