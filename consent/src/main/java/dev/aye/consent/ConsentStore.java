package dev.aye.consent;

import java.util.List;

/**
 * Where consent's facts are kept. A port: {@code app} keeps them in SQL.
 *
 * <p>Facts hold receipts and salts, which are personal data: the store encrypts them at rest. It
 * neither changes nor reorders them.
 */
public interface ConsentStore {
  /**
   * Keeps these facts, all or none; when this returns they survive power loss.
   *
   * @throws RuntimeException when that is not certain; they may or may not have been kept
   */
  void append(List<Event> events);

  /** All facts in the order in which they were appended. */
  List<Event> load();
}
