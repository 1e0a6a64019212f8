package dev.aye.learn;

import dev.aye.consent.Salt;

/**
 * What shows that somebody said yes: the receipt that their device signed, the salt of its
 * commitment, and the index of its {@code ANSWER} leaf.
 */
public record Evidence(String receipt, Salt salt, long index) {
  @Override
  public String toString() {
    return "Evidence[" + index + "]";
  }
}
