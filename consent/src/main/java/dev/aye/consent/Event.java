package dev.aye.consent;

import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Set;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * A fact about consent. Facts are appended and never changed; what stands is their fold.
 *
 * <p>A fact may be there twice, after a write that failed although it was kept: the second changes
 * nothing.
 */
public sealed interface Event {
  Instant at();

  /** A text was published: its hash is in the log. */
  record NoticePublished(Instant at, String text, long index) implements Event {
    @Override
    public String toString() {
      return "notice published";
    }
  }

  /**
   * A card was answered: the commitment to its receipt is in the log at {@code index}.
   *
   * @param receipt the exact JWS
   * @param until from when on nothing more may be taken in under it
   */
  record Answered(Instant at, String receipt, Salt salt, long index, Instant until)
      implements Event {
    @Override
    public String toString() {
      return "card answered";
    }
  }

  /**
   * A card was answered whose noes end something that stood: they count from here on, whatever
   * becomes of the card. Its {@link Answered} follows when it is recorded whole.
   *
   * @param receipt the exact JWS
   * @param logSize of the log when it was said
   */
  record Refused(Instant at, String receipt, long logSize) implements Event {
    @Override
    public String toString() {
      return "noes of a card";
    }
  }

  /**
   * A grant was withdrawn; its leaf is yet to come.
   *
   * @param logSize of the log when this was promised
   */
  record Withdrawn(Instant at, WithdrawalSecret secret, long logSize) implements Event {}

  /** The withdrawal's leaf is in the log. */
  record WithdrawalLogged(Instant at, Handle handle, long index) implements Event {}

  /**
   * A grant was ended by its handle; its {@code REVOKE} leaf is yet to come.
   *
   * @param logSize of the log when this was promised
   * @param byPerson its person asked for it with the key that signed it; else the controller did
   */
  record Revoked(Instant at, Handle handle, long logSize, boolean byPerson) implements Event {}

  /** The revocation's leaf is in the log. */
  record RevocationLogged(Instant at, Handle handle, long index) implements Event {}

  /** The time of a grant is over: it takes in nothing more, also by a clock that is set back. */
  record Expired(Instant at, Handle handle) implements Event {}

  /** A grant ended because what it names is no longer what happens. */
  record Invalidated(Instant at, Handle handle) implements Event {}

  /** A meeting ended. */
  record MeetingEnded(Instant at, MeetingId meeting) implements Event {}

  /** This fact as JSON, for a store. Personal data: receipt and salt are in it. */
  default String encode() {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("at", at().toString());
    switch (this) {
      case NoticePublished e ->
          json.put("event", "notice").put("text", e.text).put("index", e.index);
      case Answered e ->
          json.put("event", "answered")
              .put("receipt", e.receipt)
              .put("salt", e.salt.value())
              .put("index", e.index)
              .put("until", e.until.toString());
      case Refused e ->
          json.put("event", "refused").put("receipt", e.receipt).put("logSize", e.logSize);
      case Withdrawn e ->
          json.put("event", "withdrawn").put("secret", e.secret.value()).put("logSize", e.logSize);
      case WithdrawalLogged e ->
          json.put("event", "logged").put("handle", e.handle.value()).put("index", e.index);
      case Revoked e -> {
        json.put("event", "revoked").put("handle", e.handle.value()).put("logSize", e.logSize);
        if (e.byPerson) {
          json.put("byPerson", true);
        }
      }
      case RevocationLogged e ->
          json.put("event", "revocation-logged")
              .put("handle", e.handle.value())
              .put("index", e.index);
      case Expired e -> json.put("event", "expired").put("handle", e.handle.value());
      case Invalidated e -> json.put("event", "invalidated").put("handle", e.handle.value());
      case MeetingEnded e -> json.put("event", "ended").put("meeting", e.meeting.value());
    }
    return JsonMapper.shared().writeValueAsString(json);
  }

  /**
   * The inverse of {@link #encode}.
   *
   * @throws IllegalArgumentException when the text is no such fact: the store is damaged
   */
  static Event decode(String text) {
    try {
      StrictJson json = StrictJson.readAny(text.getBytes(StandardCharsets.UTF_8), "event");
      Instant at = Instant.parse(json.text("at", 40));
      return switch (json.text("event", 32)) {
        case "notice" -> {
          json.having("at", "event", "text", "index");
          yield new NoticePublished(at, json.text("text", Notice.MAX_BYTES), number(json, "index"));
        }
        case "answered" -> {
          json.having("at", "event", "receipt", "salt", "index", "until");
          yield new Answered(
              at,
              json.text("receipt", Receipt.MAX_LENGTH),
              new Salt(json.text("salt", 43)),
              number(json, "index"),
              Instant.parse(json.text("until", 40)));
        }
        case "refused" -> {
          json.having("at", "event", "receipt", "logSize");
          yield new Refused(at, json.text("receipt", Receipt.MAX_LENGTH), number(json, "logSize"));
        }
        case "withdrawn" -> {
          json.having("at", "event", "secret", "logSize");
          yield new Withdrawn(
              at, new WithdrawalSecret(json.text("secret", 43)), number(json, "logSize"));
        }
        case "logged" -> {
          json.having("at", "event", "handle", "index");
          yield new WithdrawalLogged(
              at, new Handle(json.text("handle", 43)), number(json, "index"));
        }
        case "revoked" -> {
          json.having(Set.of("byPerson"), "at", "event", "handle", "logSize");
          yield new Revoked(
              at,
              new Handle(json.text("handle", 43)),
              number(json, "logSize"),
              json.isTrue("byPerson"));
        }
        case "revocation-logged" -> {
          json.having("at", "event", "handle", "index");
          yield new RevocationLogged(
              at, new Handle(json.text("handle", 43)), number(json, "index"));
        }
        case "expired" -> {
          json.having("at", "event", "handle");
          yield new Expired(at, new Handle(json.text("handle", 43)));
        }
        case "invalidated" -> {
          json.having("at", "event", "handle");
          yield new Invalidated(at, new Handle(json.text("handle", 43)));
        }
        case "ended" -> {
          json.having("at", "event", "meeting");
          yield new MeetingEnded(at, new MeetingId(json.text("meeting", 64)));
        }
        default -> throw Flaw.malformed("event is of no known kind");
      };
    } catch (Flaw | DateTimeException e) {
      throw new IllegalArgumentException("not a fact about consent: " + e.getMessage(), e);
    }
  }

  private static long number(StrictJson json, String key) throws Flaw {
    return json.integer(key, 0, 1L << 52);
  }
}
