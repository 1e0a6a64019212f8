package dev.aye.consent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aye.log.Checkpoint;
import dev.aye.log.Hash;
import dev.aye.log.Leaf;
import dev.aye.log.Log;
import dev.aye.log.LogVerifier;
import dev.aye.log.Secret32;
import dev.aye.log.Verdict;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With a real log: a promise that was broken is found, and one that was kept is not accused. */
class PromiseVerifierTest {
  @TempDir Path folder;

  private final Clock clock = new Clock();
  private final Dice dice = new Dice("promises");
  private final WithdrawalSecret secret = WithdrawalSecret.of(dice.bytes(32));
  private Log log;

  @BeforeEach
  void open() {
    log = Log.open(folder, "aye.example/log", dice, clock);
    log.append(new Leaf.Capture(Hash.of(dice.bytes(32))));
  }

  @AfterEach
  void close() {
    log.close();
  }

  private String promise(long size) {
    return log.sign(
        "aye-promise/1\n%s\n%s\n%d\n%s\n"
            .formatted(
                log.origin(),
                Hash.of(secret.handle().bytes()).b64(),
                size,
                Receipt.format(Clock.START)));
  }

  private void withdraw() {
    log.append(new Leaf.Withdraw(Secret32.of(secret.bytes())));
  }

  private LogVerifier verifier() {
    return ((Verdict.Holds<LogVerifier>) LogVerifier.of(log.vkey())).value();
  }

  private PromiseVerifier.Result check(String promise, Optional<Instant> then) throws Exception {
    PromiseVerifier check =
        ((Verdict.Holds<PromiseVerifier>) PromiseVerifier.of(promise, verifier())).value();
    Checkpoint at =
        ((Verdict.Holds<Checkpoint>) verifier().entries(folder, List.of(), check)).value();
    return check.result(at, then);
  }

  private static Optional<Instant> after(long seconds) {
    return Optional.of(Clock.START.plus(Duration.ofSeconds(seconds)));
  }

  @Test
  void aWithdrawalThatCameKeepsItWheneverItIsChecked() throws Exception {
    String promise = promise(log.size());
    withdraw();
    log.append(new Leaf.Model(Hash.of(dice.bytes(32))));

    assertThat(check(promise, Optional.empty())).isEqualTo(kept(1));
    assertThat(check(promise, after(1000))).isEqualTo(kept(1));
  }

  @Test
  void aRevocationOfTheSameGrantKeepsItToo() throws Exception {
    String promise = promise(log.size());
    log.append(new Leaf.Revoke(Hash.of(secret.handle().bytes())));

    assertThat(check(promise, after(1000))).isEqualTo(kept(1));
  }

  @Test
  void aLeafThatDidNotComeInAMinuteBreaksIt() throws Exception {
    String promise = promise(log.size());
    log.append(new Leaf.Withdraw(Secret32.of(dice.bytes(32)))); // somebody else's

    assertThat(check(promise, after(61))).isInstanceOf(PromiseVerifier.Result.Broken.class);
    assertThat(check(promise, after(60))).isInstanceOf(PromiseVerifier.Result.Open.class);
    assertThat(check(promise, Optional.empty())).isInstanceOf(PromiseVerifier.Result.Open.class);
  }

  private static PromiseVerifier.Result kept(long index) {
    return new PromiseVerifier.Result.Kept(index, OptionalLong.empty());
  }

  @Test
  void aUseBetweenPromiseAndWithdrawalIsTold() throws Exception {
    for (Leaf use :
        List.of(
            new Leaf.Capture(Hash.of(dice.bytes(32))),
            new Leaf.Dataset(Hash.of(dice.bytes(32))),
            new Leaf.Model(Hash.of(dice.bytes(32))))) {
      log.append(use);
    }
    String promise = promise(2);
    withdraw();
    assertThat(check(promise, Optional.empty()))
        .isEqualTo(new PromiseVerifier.Result.Kept(4, OptionalLong.of(2)));
  }

  @Test
  void aLogThatIsShorterThanItWasBreaksIt() throws Exception {
    assertThat(check(promise(log.size() + 1), Optional.empty()))
        .isInstanceOf(PromiseVerifier.Result.Broken.class);
  }

  @Test
  void whatTheLogDidNotSignIsNoPromise() {
    String promise = promise(1);
    for (String other :
        List.of(
            promise.replace("\n1\n", "\n9\n"),
            promise.substring(0, promise.indexOf("\n\n") + 1),
            log.checkpoint().note(),
            log.sign("aye-promise/1\nother\n\n"),
            log.sign("aye-promise/1\nother.example/log\nx\n1\n2026-03-01T10:00:00.250Z\n"),
            "")) {
      assertThat(PromiseVerifier.of(other, verifier())).isInstanceOf(Verdict.Fails.class);
    }
  }
}
