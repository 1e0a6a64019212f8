package dev.aye.vault;

/** Bytes of the vault or of its keys are not what was written: nothing may go on from here. */
public final class Corrupt extends IllegalStateException {
  private static final long serialVersionUID = 1L;

  public Corrupt(String what) {
    super(what);
  }
}
