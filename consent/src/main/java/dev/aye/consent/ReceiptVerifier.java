package dev.aye.consent;

import dev.aye.log.Hash;
import dev.aye.log.Leaf;
import dev.aye.log.LogVerifier;
import dev.aye.log.Verdict;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The offline check of one receipt, for anybody who has the file and the log's public key.
 *
 * <p>The file is {@code {"receipt":"<JWS>", "salt":"<b64u>", "index":7, "proof":"<tlog-proof>",
 * "noticeText":"…"}}, the last one optional. Shown: the device signed exactly this, the log holds
 * its commitment at that index, and this is the text that was shown. Not shown: that the grant
 * still stands, for which one reads the log on to its newest checkpoint.
 */
public final class ReceiptVerifier {
  private static final int MAX_BYTES = 256 * 1024;

  private ReceiptVerifier() {}

  /** What the check came to. */
  public sealed interface Result {
    /**
     * Everything that could be checked holds.
     *
     * @param logSize of the checkpoint against which the leaf was proved
     * @param notice the text that was shown, when it was in the file
     */
    record Holds(Receipt receipt, long index, long logSize, Optional<Notice> notice)
        implements Result {}

    /** What is wrong, a plain sentence each; never empty. */
    record Wrong(List<String> faults) implements Result {
      public Wrong {
        faults = List.copyOf(faults);
      }
    }
  }

  public static Result verify(byte[] file, String vkey) {
    return switch (LogVerifier.of(vkey)) {
      case Verdict.Holds<LogVerifier>(LogVerifier verifier) -> verify(file, verifier);
      case Verdict.Fails<LogVerifier>(String reason) ->
          wrong("The key of the log cannot be read: " + reason + ".");
    };
  }

  /** The same against a log whose key was read, with the witnesses that it requires. */
  public static Result verify(byte[] file, LogVerifier log) {
    if (file.length > MAX_BYTES) {
      return wrong("The file is too large for a receipt.");
    }
    try {
      StrictJson fields =
          StrictJson.readAny(file, "file")
              .having(Set.of("noticeText"), "receipt", "salt", "index", "proof");
      return verify(
          log,
          fields.text("receipt", Receipt.MAX_LENGTH),
          new Salt(fields.base64url("salt", 32)),
          fields.integer("index", 0, 1L << 52),
          fields.text("proof", 64 * 1024),
          fields.optionalText("noticeText", Notice.MAX_BYTES));
    } catch (Flaw flaw) {
      return wrong("The file is not a receipt with its proof: " + flaw.detail() + ".");
    }
  }

  private static Result verify(
      LogVerifier log, String jws, Salt salt, long index, String proof, Optional<String> text) {
    List<String> faults = new ArrayList<>();
    long logSize = 0;
    Leaf leaf = new Leaf.Answer(Hash.of(Receipt.commitment(jws, salt)));
    switch (log.proof(proof, leaf)) {
      case Verdict.Holds<LogVerifier.Proven>(LogVerifier.Proven proven) -> {
        logSize = proven.checkpoint().size();
        if (proven.index() != index) {
          faults.add("The proof is for leaf " + proven.index() + ", not for " + index + ".");
        }
      }
      case Verdict.Fails<LogVerifier.Proven>(String reason) ->
          faults.add(
              "The log does not hold this receipt with this salt at that place: " + reason + ".");
    }
    Receipt receipt;
    switch (Receipt.parse(jws)) {
      case Receipt.Parsed.Good(Receipt good) -> receipt = good;
      case Receipt.Parsed.Bad(Refusal reason, String detail) -> {
        faults.add("The receipt is not good: " + reason.sentence() + " (" + detail + ")");
        return new Result.Wrong(faults);
      }
    }
    if (!receipt.origin().equals(log.origin())) {
      faults.add("The receipt was made for another log than the one of this key.");
    }
    Optional<Notice> notice = text.flatMap(shown -> notice(receipt, shown, faults));
    return faults.isEmpty()
        ? new Result.Holds(receipt, index, logSize, notice)
        : new Result.Wrong(faults);
  }

  private static Optional<Notice> notice(Receipt receipt, String text, List<String> faults) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    if (!Hash.sha256(bytes).b64u().equals(receipt.notice().hash())) {
      faults.add("The text in the file is not the one that the receipt was signed for.");
      return Optional.empty();
    }
    try {
      Notice notice = Notice.read(bytes);
      if (notice.version() != receipt.notice().version()
          || !notice.locale().equals(receipt.notice().locale())) {
        faults.add("The text is of another version or language than the receipt says.");
      }
      if (!notice.controller().name().equals(receipt.controller())) {
        faults.add("The text names another organisation than the receipt.");
      }
      if (!receipt.choices().stream().allMatch(c -> notice.asks(c.purpose(), c.medium()))) {
        faults.add("The receipt answers something that the text does not ask.");
      }
      return Optional.of(notice);
    } catch (Flaw flaw) {
      faults.add("The text that was shown is not a notice: " + flaw.detail() + ".");
      return Optional.empty();
    }
  }

  private static Result wrong(String fault) {
    return new Result.Wrong(List.of(fault));
  }
}
