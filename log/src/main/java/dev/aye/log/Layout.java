package dev.aye.log;

/**
 * Where things are in a log's folder. {@code checkpoint} and {@code tile/} are what the world may
 * read, a complete C2SP tlog-tiles log; {@code private/} is the owner's: the key, the lock, the
 * head (the checkpoint that was last signed, published or not), what is staged for it, the newest
 * checkpoint that a quorum of witnesses cosigned, and a mark that says that the folder came from a
 * backup.
 */
final class Layout {
  static final String CHECKPOINT = "checkpoint";
  static final String PRIVATE = "private";
  static final String LOCK = PRIVATE + "/lock";
  static final String KEY = PRIVATE + "/key";
  static final String HEAD = PRIVATE + "/head";
  static final String WITNESSED = PRIVATE + "/witnessed";
  static final String RESTORED = PRIVATE + "/restored";
  static final String STAGING = PRIVATE + "/staging";
  static final String TEMP = PRIVATE + "/temp";

  static final int MAX_BATCH = 4096;
  static final int TILE_BYTES = TilePath.WIDTH * Hash.LENGTH;
  static final int MAX_BUNDLE = TilePath.WIDTH * (2 + Leaf.MAX_LENGTH);

  /** What a bundle of any log can have: 256 entries of the most that a uint16 can count. */
  static final int MAX_FOREIGN_BUNDLE = TilePath.WIDTH * (2 + 0xffff);

  static final int MAX_NOTE = 32 * 1024;
  static final int MAX_STAGED = MAX_BATCH * (2 + Leaf.MAX_LENGTH);

  private Layout() {}
}
