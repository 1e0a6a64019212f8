package dev.aye.consent;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * An answered card: the exact bytes that a person's device signed, and what they say.
 *
 * <p>An instance exists only when signature and form are good; whether it fits the meeting, the
 * notice and the moment is checked by {@link Consents}. Form: docs/protocol.md, Receipt; terms of
 * ISO/IEC TS 27560. Identity is the handles and the exact bytes with their salt, never the
 * signature alone.
 *
 * @param jws the exact text that was signed and sent: personal data, not for logs
 * @param person whose key signed
 * @param choices each purpose and medium at most once
 */
public record Receipt(
    String jws,
    PersonId person,
    String id,
    String origin,
    MeetingId meeting,
    ParticipantId participant,
    Instant issued,
    NoticeRef notice,
    String controller,
    Recipient recipient,
    Scope scope,
    List<Answer> choices) {

  public static final int MAX_LENGTH = 16 * 1024;
  private static final String TYPE = "aye-receipt+jws";
  private static final int MAX_CHOICES = Purpose.all().size() * Medium.values().length;
  private static final Pattern TIME =
      Pattern.compile("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z");
  private static final DateTimeFormatter MILLIS =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS'Z'", Locale.ROOT)
          .withZone(ZoneOffset.UTC);

  /** The text that was shown. */
  public record NoticeRef(int version, String locale, String hash) {}

  /** One row of the card, answered. */
  public sealed interface Answer {
    Purpose purpose();

    Medium medium();

    /** A yes, to be withdrawn by the preimage of its handle. */
    record Yes(Purpose purpose, Medium medium, Handle handle) implements Answer {}

    /** A no. */
    record No(Purpose purpose, Medium medium) implements Answer {}
  }

  /** What {@link #parse} makes of a text. */
  public sealed interface Parsed {
    record Good(Receipt receipt) implements Parsed {}

    record Bad(Refusal reason, String detail) implements Parsed {}
  }

  public Receipt {
    choices = List.copyOf(choices);
  }

  /** Whether it says yes to anything. */
  public boolean grants() {
    return choices.stream().anyMatch(Answer.Yes.class::isInstance);
  }

  /**
   * Whether it answers training beside something else. Such a receipt is read, and those from
   * before keep what they said, but none is accepted any more: an export of training data carries
   * the receipts that cover it, and is to show nothing of what a person said to other rows.
   */
  public boolean mixesTraining() {
    long training =
        choices.stream().filter(answer -> answer.purpose().equals(Purpose.TRAINING)).count();
    return training > 0 && training < choices.size();
  }

  /** Reads a receipt and checks its signature; never throws for what is in the text. */
  public static Parsed parse(String jws) {
    try {
      return new Parsed.Good(read(jws));
    } catch (Flaw flaw) {
      return new Parsed.Bad(flaw.reason(), flaw.detail());
    }
  }

  static Receipt read(String jws) throws Flaw {
    DeviceToken token = DeviceToken.verify(jws, TYPE, MAX_LENGTH);
    StrictJson body =
        StrictJson.read(
            token.payload(),
            "receipt",
            "schema",
            "id",
            "origin",
            "meeting",
            "participant",
            "issued",
            "notice",
            "controller",
            "recipient",
            "scope",
            "choices");
    body.exactly("schema", "urn:aye:receipt:1");
    Instant issued = time(body, "issued");
    StrictJson notice = body.object("notice", "version", "locale", "hash");
    return new Receipt(
        jws,
        token.person(),
        body.base64url("id", 16),
        body.text("origin", 255),
        id(body, "meeting", MeetingId::new),
        id(body, "participant", ParticipantId::new),
        issued,
        new NoticeRef(
            (int) notice.integer("version", 1, 1_000_000),
            notice.text("locale", 35),
            notice.base64url("hash", 32)),
        body.text("controller", 200),
        recipient(body.object("recipient", "id", "key", "processor")),
        scope(body, issued),
        choices(body));
  }

  /** A wider scope has an end, after the moment of the answer. */
  private static Scope scope(StrictJson body, Instant issued) throws Flaw {
    StrictJson fields = body.object("scope").having(Set.of("id", "until"), "kind");
    Scope scope =
        switch (Scope.Kind.named(fields.text("kind", 16))
            .orElseThrow(() -> Flaw.malformed("scope.kind is unknown"))) {
          case MEETING -> {
            fields.having("kind");
            yield Scope.MEETING;
          }
          case ROOM -> {
            fields.having("kind", "id", "until");
            yield new Scope.Room(id(fields, "id", RoomId::new), time(fields, "until"));
          }
          case ORGANISATION -> {
            fields.having("kind", "until");
            yield new Scope.Organisation(time(fields, "until"));
          }
        };
    if (!scope.until().map(end -> end.isAfter(issued)).orElse(true)) {
      throw Flaw.malformed("scope.until is not after issued");
    }
    return scope;
  }

  private static Recipient recipient(StrictJson fields) throws Flaw {
    StrictJson processor = fields.object("processor", "host", "model");
    return new Recipient(
        id(fields, "id", RecipientId::new),
        fields.base64url("key", 65),
        new Processor(processor.text("host", 200), processor.text("model", 200)));
  }

  private static List<Answer> choices(StrictJson body) throws Flaw {
    List<Answer> answers = new ArrayList<>();
    Set<List<Object>> rows = new HashSet<>();
    Set<Handle> handles = new HashSet<>();
    for (StrictJson choice : body.objects("choices", MAX_CHOICES)) {
      choice.having(Set.of("handle"), "purpose", "purposeIri", "medium", "state");
      Purpose purpose =
          Purpose.named(choice.text("purpose", 16))
              .orElseThrow(() -> Flaw.malformed("a choice has an unknown purpose"));
      choice.exactly("purposeIri", purpose.iri());
      Medium medium =
          Medium.named(choice.text("medium", 16))
              .orElseThrow(() -> Flaw.malformed("a choice has an unknown medium"));
      if (!rows.add(List.of(purpose, medium))) {
        throw Flaw.malformed("a purpose and medium is answered twice");
      }
      switch (choice.text("state", 16)) {
        case "given" -> {
          Handle handle = new Handle(choice.base64url("handle", 32));
          if (!handles.add(handle)) {
            throw Flaw.malformed("two choices have the same handle");
          }
          answers.add(new Answer.Yes(purpose, medium, handle));
        }
        case "refused" -> {
          choice.having("purpose", "purposeIri", "medium", "state");
          answers.add(new Answer.No(purpose, medium));
        }
        default -> throw Flaw.malformed("a choice is neither given nor refused");
      }
    }
    return answers;
  }

  private interface Id<T> {
    T of(String text);
  }

  private static <T> T id(StrictJson fields, String key, Id<T> type) throws Flaw {
    String text = fields.text(key, 64);
    try {
      return type.of(text);
    } catch (IllegalArgumentException e) {
      throw Flaw.malformed(key + " is not an id");
    }
  }

  private static Instant time(StrictJson fields, String key) throws Flaw {
    String text = fields.text(key, 24);
    try {
      Instant time = Instant.parse(text);
      if (TIME.matcher(text).matches() && MILLIS.format(time).equals(text)) {
        return time;
      }
    } catch (DateTimeException e) {
      // falls through to the one sentence for every time that is not one
    }
    throw Flaw.malformed(key + " is not a UTC time with milliseconds");
  }

  /** A time as it stands in receipts and promises: RFC 3339, UTC, with milliseconds. */
  static String format(Instant time) {
    return MILLIS.format(time);
  }

  /** SHA-256(salt ‖ ASCII of the JWS): what the {@code ANSWER} leaf holds. */
  public static byte[] commitment(String jws, Salt salt) {
    try {
      MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
      sha256.update(salt.bytes());
      return sha256.digest(jws.getBytes(StandardCharsets.US_ASCII));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  @Override
  public String toString() {
    return "receipt of " + person;
  }
}
