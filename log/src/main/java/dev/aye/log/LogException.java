package dev.aye.log;

import org.jspecify.annotations.Nullable;

/**
 * A log that cannot go on, or an entry that cannot be built on yet. None of these may be passed
 * over by the caller.
 */
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

  /**
   * Others have seen more of this log than is here, or nobody can say that they have not: to append
   * to it would be to fork it. It was put back from an older copy, or its key is used elsewhere.
   */
  public static final class Behind extends LogException {
    private static final long serialVersionUID = 1L;

    Behind(String message) {
      super(message, null);
    }
  }

  /**
   * The entry is durable and published, but no quorum of witnesses has cosigned it in time: nothing
   * may be built on it. The log itself goes on; the same entry can be appended again later.
   */
  public static final class NotWitnessed extends LogException {
    private static final long serialVersionUID = 1L;

    NotWitnessed(String message) {
      super(message, null);
    }
  }
}
