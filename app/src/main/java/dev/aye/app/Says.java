package dev.aye.app;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What goes over the wire as JSON, by the names of docs/protocol.md. */
final class Says {
  private Says() {}

  record NewMeeting(
      Optional<String> title,
      Optional<List<String>> purposes,
      Optional<String> door,
      Optional<String> after,
      Optional<Boolean> minors) {}

  record OpenedMeeting(String id, String link, String hostKey) {}

  record Narrowing(Optional<List<String>> purposes, Optional<Boolean> minors) {}

  record Join(
      String name, Optional<String> hostKey, Optional<String> device, Optional<String> knock) {}

  record Joined(String serverUrl, String token, String participantId, String seat, boolean host) {}

  record Answer(String receipt, String salt) {}

  record Granted(String purpose, String medium, String handle) {}

  record Answered(long index, String proof, List<Granted> grants) {}

  record OpenStream(String recipient, String wrappedKey) {}

  record Stream(String serverUrl, String token) {}

  record Secret(String secret) {
    @Override
    public String toString() {
      return "Secret";
    }
  }

  record Taken(String handle) {}

  record Promise(String handle, String promise) {}

  record Participant(String participantId) {}

  record Processor(String host, String model) {}

  record Recipient(
      String id, String name, String key, long keyIndex, String keyProof, Processor processor) {}

  record Ai(List<String> purposes, List<Recipient> recipients) {}

  record LogName(String origin, String vkey) {}

  record Meeting(
      String id,
      String title,
      String room,
      boolean demo,
      boolean ended,
      boolean host,
      boolean minors,
      boolean minorsFixed,
      Ai ai,
      Map<String, Object> notice,
      Scopes scope,
      LogName log) {}

  /** The reach that the operator calls usual, and how far a yes can reach at most. */
  record Scopes(String usual, String widest, int days) {}

  record Scope(String kind, Optional<String> id, Optional<String> until) {}

  record Difference(
      String part,
      Optional<String> purpose,
      String field,
      Optional<String> before,
      Optional<String> after) {}

  record NoticeVersion(
      int version,
      String locale,
      String hash,
      long index,
      String published,
      List<Difference> changed) {}

  record Notices(List<NoticeVersion> notices) {}

  record Differences(List<Difference> changed) {}

  /** What a log's reader needs of one witness: whose it is, its key, and when it last cosigned. */
  record Witness(String name, String vkey, long size, Optional<String> at) {}

  record Witnesses(int quorum, List<Witness> witnesses) {}

  record BuildFile(String name, String sha256) {}

  /** The pages that are served: the hash in the {@code BUILD} leaf, and what it is made of. */
  record Build(String hash, long index, List<BuildFile> files) {}

  record Listener(String id, String name, String host, String model, List<String> purposes) {}

  record AiState(boolean listening, boolean partial, List<Listener> recipients) {}

  record Caption(
      String id,
      String participant,
      String name,
      String text,
      @com.fasterxml.jackson.annotation.JsonProperty("final") boolean last,
      String at,
      long lagMs) {
    @Override
    public String toString() {
      return "Caption " + id;
    }
  }

  record Choice(
      String purpose,
      String medium,
      String state,
      Optional<Scope> scope,
      Optional<String> handle) {}

  record Mine(List<Choice> choices) {}

  record SummaryLine(String text, String name) {
    @Override
    public String toString() {
      return "SummaryLine";
    }
  }

  record TranscriptLine(String name, String text, String at) {
    @Override
    public String toString() {
      return "TranscriptLine";
    }
  }

  record Notes(boolean ready, List<SummaryLine> summary, List<TranscriptLine> transcript) {}

  record Step(String step, String state, Optional<String> at, Optional<Long> count) {}

  record Withdrawal(
      String handle,
      String meeting,
      String purpose,
      String medium,
      String state,
      String at,
      Optional<Long> index,
      Optional<String> proof,
      List<Step> steps,
      Optional<String> account) {}

  record Card(
      String meeting,
      String title,
      String receipt,
      String salt,
      long index,
      String proof,
      String noticeText,
      List<Choice> choices) {
    @Override
    public String toString() {
      return "Card";
    }
  }

  record Held(String kind, String meeting, String at, String text, String block) {
    @Override
    public String toString() {
      return "Held " + block;
    }
  }

  record Used(String kind, String id, long index, String state) {}

  record PersonAccount(
      String person,
      List<Card> answers,
      List<Held> held,
      List<Used> used,
      List<Withdrawal> withdrawals) {
    @Override
    public String toString() {
      return "PersonAccount";
    }
  }

  record Health(String status, Map<String, String> parts) {}
}
