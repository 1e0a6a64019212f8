package dev.aye.log;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Which witnesses count, and how many of them must have cosigned a checkpoint. Their keys differ:
 * one key is never counted twice, under whatever names.
 */
public record WitnessPolicy(List<WitnessKey> witnesses, int quorum) {
  /** More than any log asks, few enough that a checkpoint stays a short text. */
  public static final int MOST = 16;

  /** The policy that asks for no witness. */
  public static final WitnessPolicy NONE = new WitnessPolicy(List.of(), 0);

  /**
   * @throws IllegalArgumentException if there are more than {@link #MOST}, two with the same key or
   *     the same name, or fewer than the quorum
   */
  public WitnessPolicy {
    witnesses = List.copyOf(witnesses);
    Set<Object> distinct = new HashSet<>();
    for (WitnessKey key : witnesses) {
      if (!distinct.add(key.fingerprint()) || !distinct.add(key.name())) {
        throw new IllegalArgumentException("each witness has a name and a key of its own");
      }
    }
    if (witnesses.size() > MOST) {
      throw new IllegalArgumentException("there can be " + MOST + " witnesses at most");
    }
    if (quorum < 0 || quorum > witnesses.size()) {
      throw new IllegalArgumentException(
          "the quorum must be between 0 and the witnesses there are");
    }
  }

  /** The witnesses that cosigned this checkpoint. */
  public List<WitnessKey> cosigners(Checkpoint checkpoint) {
    try {
      SignedNote note = SignedNote.parse(checkpoint.note());
      return witnesses.stream()
          .filter(key -> key.cosigned(note.text(), note.signatures()).isPresent())
          .toList();
    } catch (Malformed e) {
      return List.of();
    }
  }

  /** The checkpoint itself, if enough witnesses cosigned it. */
  public Verdict<Checkpoint> check(Checkpoint checkpoint) {
    int found = quorum == 0 ? 0 : cosigners(checkpoint).size();
    return found >= quorum
        ? new Verdict.Holds<>(checkpoint)
        : new Verdict.Fails<>(
            "the checkpoint has "
                + found
                + " of the "
                + quorum
                + " cosignatures by witnesses that it needs");
  }
}
