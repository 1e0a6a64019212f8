package dev.aye.log;

import java.util.function.Function;

/** What a check came to: it holds and yields a value, or it fails for a reason. */
public sealed interface Verdict<T> {
  record Holds<T>(T value) implements Verdict<T> {}

  /** The reason is a plain sentence without the checked data in it. */
  record Fails<T>(String reason) implements Verdict<T> {}

  default boolean holds() {
    return this instanceof Holds<T>;
  }

  default <R> Verdict<R> then(Function<? super T, Verdict<R>> next) {
    return switch (this) {
      case Holds<T>(T value) -> next.apply(value);
      case Fails<T>(String reason) -> new Fails<>(reason);
    };
  }

  /**
   * The value.
   *
   * @throws IllegalStateException with the reason, if the check failed
   */
  default T orElseThrow() {
    return switch (this) {
      case Holds<T>(T value) -> value;
      case Fails<T>(String reason) -> throw new IllegalStateException(reason);
    };
  }
}
