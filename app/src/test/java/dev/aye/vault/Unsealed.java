package dev.aye.vault;

import java.util.function.Consumer;

/**
 * All that a vault holds of people, opened, for tests that search it. Stands in the vault's package
 * because nobody else can: in the product what was kept is opened under a use, or for its own
 * person.
 */
public final class Unsealed {
  private Unsealed() {}

  public static void all(Vault vault, Consumer<Content> reader) {
    vault.read(grant -> true, true, reader);
  }
}
