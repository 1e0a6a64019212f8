package dev.aye.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ForkTest {
  private static final String ORIGIN = "a.example/log";
  private static final int SHARED = 5;
  private static final int MOST = 20;

  private final SigningKey key = SigningKey.generate(ORIGIN, new SecureRandom());
  private final LogVerifier verifier = new LogVerifier(key.publicKey());
  private final Oracle one = history(1);
  private final Oracle two = history(2);

  /** A history of its own after the entries that all share. */
  private static Oracle history(int seed) {
    List<byte[]> entries = new ArrayList<>();
    Random random = new Random(seed);
    for (int i = 0; i < MOST; i++) {
      byte[] entry = new byte[33];
      random.nextBytes(entry);
      entries.add(i < SHARED ? new byte[] {(byte) i} : entry);
    }
    return new Oracle(entries);
  }

  private String signed(Oracle history, int size) {
    return key.sign(Checkpoint.text(ORIGIN, size, history.root(size)));
  }

  /** The consistency path with its first hash always spelt out. */
  private static List<Hash> path(Oracle history, int older, int newer) {
    List<Hash> path = new ArrayList<>(history.consistency(older, newer));
    if (Integer.bitCount(older) == 1 && older < newer) {
      path.addFirst(history.root(older));
    }
    return path;
  }

  @Test
  void twoHistoriesAreProvedAtEveryPairOfSizesBeyondWhatTheyShare() {
    for (int newer = 1; newer <= MOST; newer++) {
      for (int older = 1; older <= newer; older++) {
        boolean apart = older > SHARED;
        Verdict<LogVerifier.Fork> verdict =
            verifier.fork(signed(one, older), signed(two, newer), path(two, older, newer));
        assertThat(verdict.holds()).as("%d and %d", older, newer).isEqualTo(apart);
        if (older < newer) {
          assertThat(
                  verifier
                      .fork(signed(one, older), signed(two, newer), path(one, older, newer))
                      .holds())
              .as("a path in the wrong history")
              .isFalse();
        }
      }
    }
  }

  @Test
  void aLogThatOnlyGrowsIsNeverProvedToContradictItself() {
    Random random = new Random(3);
    for (int newer = 0; newer <= MOST; newer++) {
      for (int older = 0; older <= newer; older++) {
        List<Hash> honest = older == 0 ? List.of() : path(one, older, newer);
        for (int round = 0; round < 4; round++) {
          List<Hash> path = new ArrayList<>(honest);
          Hash noise = one.root(random.nextInt(MOST));
          if (round == 1) {
            path.add(random.nextInt(path.size() + 1), noise);
          } else if (round == 2 && !path.isEmpty()) {
            path.remove(random.nextInt(path.size()));
          } else if (round == 3 && !path.isEmpty()) {
            path.set(random.nextInt(path.size()), noise);
          }
          assertThat(verifier.fork(signed(one, older), signed(one, newer), path).holds()).isFalse();
        }
      }
    }
  }

  @Test
  void onlyWhatThisLogSignedCounts() {
    String stranger =
        SigningKey.generate(ORIGIN, new SecureRandom())
            .sign(Checkpoint.text(ORIGIN, 9, two.root(9)));
    assertThat(verifier.fork(signed(one, 9), signed(two, 9), List.of()).holds()).isTrue();
    assertThat(verifier.fork(signed(one, 9), stranger, List.of()).holds()).isFalse();
    assertThat(verifier.fork("", signed(two, 9), List.of()).holds()).isFalse();
    String promise = key.sign("aye-promise/1\n" + ORIGIN + "\nx\n");
    assertThat(verifier.fork(promise, signed(two, 9), List.of()).holds()).isFalse();
  }

  @Test
  void anEmptyTreeHasOneRoot() {
    String wrong = key.sign(Checkpoint.text(ORIGIN, 0, one.root(1)));
    assertThat(verifier.fork(wrong, signed(one, 3), List.of()).holds()).isTrue();
    assertThat(verifier.fork(signed(one, 0), signed(one, 3), List.of()).holds()).isFalse();
  }
}
