package dev.aye.learn;

import java.util.List;
import java.util.Locale;

/** The steps of forgetting, in their order. */
public enum Step {
  /** Nothing more is taken in under the grant. */
  STOP,
  /** No data set and no model that it is in may be used. */
  BLOCK,
  /** What models learned from it is taken away, while its key still exists. */
  SUBTRACT,
  /** Its key is destroyed, and with it the models that knew it. */
  SHRED,
  /** Data sets are cut again without it. */
  RECUT,
  /** Lineage is made anew; old manifests are destroyed. Notes are read anew each time anyway. */
  REBUILD,
  /** The shredding and what takes the place of the old is put into the log. */
  SIGN,
  /** The new data sets and models may be used. */
  UNBLOCK,
  /** The person gets a signed account. */
  ACCOUNT;

  static final List<Step> ORDER = List.of(values());

  /** Its name on the wire. */
  public String id() {
    return name().toLowerCase(Locale.ROOT);
  }
}
