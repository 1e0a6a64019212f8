package dev.aye.consent;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * The receipts that every reader of receipts must judge alike, whatever its language: {@code
 * receipt-vectors.json}.
 *
 * <p>{@code parse} is what signature and form come to, {@code answer} what the server says to it in
 * the file's context, each {@code good} or the slug of the refusal. {@link #main} writes the file
 * anew; its keys and signatures come from seeds.
 */
class ReceiptVectorsTest {
  private static final String FILE = "/receipt-vectors.json";

  @TestFactory
  Stream<DynamicTest> everyVectorIsJudgedAsItSays() throws IOException {
    JsonNode file;
    try (InputStream in = getClass().getResourceAsStream(FILE)) {
      file = JsonMapper.shared().readTree(in);
    }
    House house = new House();
    JsonNode context = file.get("context");
    assertThat(context.get("notice").get("text").stringValue())
        .as("the notice changed: run main to write the vectors anew")
        .isEqualTo(house.notices.getFirst().text());
    List<JsonNode> vectors = new ArrayList<>();
    file.get("vectors").forEach(vectors::add);
    assertThat(vectors).hasSizeGreaterThan(50);
    return vectors.stream()
        .map(v -> DynamicTest.dynamicTest(v.get("name").stringValue(), () -> judge(context, v)));
  }

  private static void judge(JsonNode context, JsonNode vector) {
    House house = new House();
    Seat seat =
        new Seat(
            new MeetingId(context.get("meeting").stringValue()),
            new ParticipantId(context.get("participant").stringValue()),
            new PersonId(context.get("person").stringValue()));
    String receipt = vector.get("receipt").stringValue();
    Salt salt = new Salt(vector.get("salt").stringValue());

    assertThat(parse(receipt)).isEqualTo(vector.get("parse").stringValue());
    assertThat(answer(house, seat, receipt, salt)).isEqualTo(vector.get("answer").stringValue());
    assertThat(Base64Url.encode(Receipt.commitment(receipt, salt)))
        .isEqualTo(vector.get("commitment").stringValue());
  }

  private static String parse(String receipt) {
    return switch (Receipt.parse(receipt)) {
      case Receipt.Parsed.Good _ -> "good";
      case Receipt.Parsed.Bad bad -> bad.reason().slug();
    };
  }

  private static String answer(House house, Seat seat, String receipt, Salt salt) {
    return switch (house.consents.answer(seat, receipt, salt)) {
      case Consents.Answering.Answered _ -> "good";
      case Consents.Answering.Refused refused -> refused.reason().slug();
    };
  }

  /** Writes the file; the argument is its path. */
  public static void main(String[] arguments) throws IOException {
    String json =
        JsonMapper.builder()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .build()
            .writeValueAsString(new Writing().file());
    Files.writeString(Path.of(arguments[0]), json + "\n");
  }

  private static final class Writing {
    private static final String TYPE = "aye-receipt+jws";

    private final House house = new House();
    private final Device ada = new Device("vectors/ada");
    private final Device eve = new Device("vectors/eve");
    private final List<Map<String, Object>> vectors = new ArrayList<>();

    Map<String, Object> file() {
      good();
      scopes();
      lookalikes();
      context();
      form();
      strictness();
      tokens();
      Map<String, Object> file = new LinkedHashMap<>();
      file.put(
          "about",
          "Receipts with the verdict that every reader must give: parse = signature and form, answer = at the server in"
              + " this context. The keys are for tests only.");
      file.put("context", contextFields());
      file.put("device", ada.key.toJSONObject());
      file.put("vectors", vectors);
      return file;
    }

    private Map<String, Object> contextFields() {
      Notice notice = house.notices.getFirst();
      Map<String, Object> context = new LinkedHashMap<>();
      context.put("origin", house.journal.origin());
      context.put("now", Receipt.format(house.clock.instant()));
      context.put("toleranceSeconds", Consents.TOLERANCE.toSeconds());
      context.put("meeting", House.MEETING.value());
      context.put("participant", House.seat(ada).participant().value());
      context.put("person", ada.person().value());
      context.put("purposes", List.of("captions", "notes", "training"));
      context.put("recipient", house.draft(ada).object("recipient"));
      Map<String, Object> shown = new LinkedHashMap<>(house.draft(ada).object("notice"));
      shown.put("text", notice.text());
      context.put("notice", shown);
      return context;
    }

    private Device.Draft draft() {
      return house.draft(ada).yes(Purpose.NOTES, Medium.VOICE, ada.secret().handle());
    }

    private void vector(String name, String receipt) {
      Salt salt = ada.salt();
      Map<String, Object> vector = new LinkedHashMap<>();
      vector.put("name", name);
      vector.put("receipt", receipt);
      vector.put("salt", salt.value());
      vector.put("commitment", Base64Url.encode(Receipt.commitment(receipt, salt)));
      vector.put("parse", parse(receipt));
      vector.put("answer", answer(new House(), House.seat(ada), receipt, salt));
      vectors.add(vector);
    }

    private void vector(String name, Device.Draft draft) {
      vector(name, ada.sign(draft));
    }

    private void payload(String name, String json) {
      vector(name, ada.sign(TYPE, json));
    }

    private void good() {
      vector("a yes", draft());
      vector("a no", house.draft(ada).no(Purpose.CAPTIONS, Medium.VOICE));
      vector(
          "yes and no for every row but training",
          draft()
              .yes(Purpose.NOTES, Medium.CHAT, ada.secret().handle())
              .no(Purpose.CAPTIONS, Medium.VOICE));
      vector(
          "yes and no for training",
          house
              .draft(ada)
              .yes(Purpose.TRAINING, Medium.VOICE, ada.secret().handle())
              .no(Purpose.TRAINING, Medium.CHAT));
      vector(
          "training beside another row, as receipts from before have it",
          draft()
              .yes(Purpose.NOTES, Medium.CHAT, ada.secret().handle())
              .no(Purpose.CAPTIONS, Medium.VOICE)
              .yes(Purpose.TRAINING, Medium.VOICE, ada.secret().handle())
              .no(Purpose.TRAINING, Medium.CHAT));
      vector(
          "a no to training beside another no",
          house.draft(ada).no(Purpose.CAPTIONS, Medium.VOICE).no(Purpose.TRAINING, Medium.VOICE));
      vector("the other signature of the same bytes", Device.malleated(ada.sign(draft())));
      payload("insignificant spaces", draft().json().replace("\":", "\" : "));
    }

    private void scopes() {
      String end = Receipt.format(house.clock.instant().plus(Duration.ofDays(7)));
      String room = House.ROOM.value();
      scope("this room", Map.of("kind", "room", "id", room, "until", end));
      scope("another room", Map.of("kind", "room", "id", "r-other", "until", end));
      scope("this organisation", Map.of("kind", "organisation", "until", end));
      scope("a room without end", Map.of("kind", "room", "id", room));
      scope("a room without id", Map.of("kind", "room", "until", end));
      scope("a room of no form", Map.of("kind", "room", "id", "r/x", "until", end));
      scope("a meeting with an end", Map.of("kind", "meeting", "until", end));
      scope("an organisation with an id", Map.of("kind", "organisation", "id", "x", "until", end));
      scope("for ever", Map.of("kind", "organisation", "until", "9999-99-99T00:00:00.000Z"));
      scope(
          "a scope that is over when it begins",
          Map.of("kind", "organisation", "until", Receipt.format(house.clock.instant())));
      scope("an unknown scope", Map.of("kind", "everything", "until", end));
      vector("a scope as text", draft().with("scope", "meeting"));
      vector(
          "a wide no",
          house
              .draft(
                  ada,
                  House.MEETING,
                  new Scope.Organisation(house.clock.instant().plus(Duration.ofDays(7))))
              .no(Purpose.NOTES, Medium.VOICE));
    }

    private void scope(String name, Map<String, String> scope) {
      vector("scope: " + name, draft().with("scope", scope));
    }

    /** What looks the same to an eye, or to a reader that is not strict. */
    private void lookalikes() {
      String json = draft().json();
      payload("a key with a Cyrillic letter", json.replace("\"meeting\":", "\"m\u0435eting\":"));
      payload("a key with a joiner inside", json.replace("\"meeting\":", "\"meet\u200ding\":"));
      payload("an escaped key that is right", json.replace("\"issued\"", "\"\\u0069ssued\""));
      payload("an escaped value that is right", json.replace("\"given\"", "\"\\u0067iven\""));
      payload("a value with a joiner inside", json.replace("\"given\"", "\"gi\u200dven\""));
      payload("a value in full width", json.replace("\"given\"", "\"\uff47iven\""));
      payload("a value in capitals", json.replace("\"given\"", "\"Given\""));
      payload("a value with a space", json.replace("\"given\"", "\"given \""));
      payload("a surrogate pair the wrong way round", json.replace("Example", "\\udc00\\ud800"));
      payload("a purpose that begins like one", json.replace("\"notes\"", "\"notesx\""));
      payload(
          "Arabic digits in a time", json.replace("2026-03-01", "\u0662\u0660\u0662\u0666-03-01"));
      payload("a leap second", json.replace("10:00:00.250Z", "23:59:60.000Z"));
      payload("a year of five digits", json.replace("2026-03-01", "+12026-03-01"));
      payload("a number with leading zeros", json.replace("\"version\":1", "\"version\":01"));
      payload("a negative version", json.replace("\"version\":1", "\"version\":-1"));
      payload("a key in single quotes", json.replace("\"issued\"", "'issued'"));
      payload("a comma at the end", json.replace("}]}", "},]}"));
      payload("not a number", json.replace("\"version\":1", "\"version\":NaN"));
      payload("nesting of ten", json.replace("\"notice\":", "\"notice\":" + "[".repeat(10)));
      payload("half of it", json.substring(0, json.length() / 2));
      byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
      int at = json.indexOf("Example");
      bytes[at] = (byte) 0xc1; // an overlong form of a letter
      bytes[at + 1] = (byte) 0x85;
      vector("an overlong form", ada.signRaw(ada.header(TYPE), bytes));
      bytes = json.getBytes(StandardCharsets.UTF_8);
      bytes[at] = (byte) 0xed; // a surrogate in UTF-8
      bytes[at + 1] = (byte) 0xa0;
      bytes[at + 2] = (byte) 0x80;
      vector("a surrogate in UTF-8", ada.signRaw(ada.header(TYPE), bytes));
      vector("UTF-16", ada.signRaw(ada.header(TYPE), json.getBytes(StandardCharsets.UTF_16)));
    }

    private void context() {
      vector("another service", draft().with("origin", "other.example/log"));
      vector("another meeting", draft().with("meeting", "m-other"));
      vector("another participant", draft().with("participant", "p-other"));
      vector("another device", eve.sign(draft()));
      Duration late = Consents.TOLERANCE.plusMillis(1);
      vector(
          "issued too long ago",
          draft().with("issued", Receipt.format(house.clock.instant().minus(late))));
      vector(
          "issued in the future",
          draft().with("issued", Receipt.format(house.clock.instant().plus(late))));
      vector("another organisation", draft().with("controller", "Somebody Else"));
      vector("a Cyrillic letter", draft().with("controller", "Ex\u0430mple Cooperative"));
      Device.Draft draft = draft();
      draft.object("notice").put("hash", new Dice("other").b64u(32));
      vector("another text", draft);
      draft = draft();
      draft.object("notice").put("locale", "nl");
      vector("another language than the text's", draft);
      draft = draft();
      draft.object("notice").put("version", 2);
      vector("another version than the text's", draft);
      draft = draft();
      draft.object("recipient").put("id", "recorder");
      vector("another recipient", draft);
      draft = draft();
      draft.object("recipient").put("key", new Dice("other").b64u(65));
      vector("another key of the recipient", draft);
      draft = draft();
      draft.object("recipient").put("processor", Map.of("host", "elsewhere", "model", "larger"));
      vector("another processor", draft);
      vector(
          "a purpose that is not asked",
          house.draft(ada).yes(Purpose.RECORDING, Medium.VOICE, ada.secret().handle()));
      vector(
          "a medium that is not asked",
          house.draft(ada).yes(Purpose.CAPTIONS, Medium.CHAT, ada.secret().handle()));
    }

    private void form() {
      for (String key : List.copyOf(draft().fields.keySet())) {
        vector("without " + key, draft().without(key));
      }
      vector("another schema", draft().with("schema", "urn:aye:receipt:2"));
      vector("a wider scope", draft().with("scope", Map.of("kind", "organisation")));
      vector("no choice", house.draft(ada));
      vector("a row twice", draft().no(Purpose.NOTES, Medium.VOICE));
      Handle handle = ada.secret().handle();
      vector(
          "a handle twice",
          house
              .draft(ada)
              .yes(Purpose.NOTES, Medium.VOICE, handle)
              .yes(Purpose.TRAINING, Medium.VOICE, handle));
      Device.Draft draft = draft();
      draft.choices().getFirst().remove("handle");
      vector("a yes without handle", draft);
      draft = house.draft(ada).no(Purpose.NOTES, Medium.VOICE);
      draft.choices().getFirst().put("handle", handle.value());
      vector("a no with handle", draft);
      draft = draft();
      draft.choices().getFirst().put("state", "requested");
      vector("neither yes nor no", draft);
      draft = draft();
      draft.choices().getFirst().put("purposeIri", Purpose.CAPTIONS.iri());
      vector("the identifier of another purpose", draft);
      draft = draft();
      draft.choices().getFirst().put("handle", handle.value() + "=");
      vector("a padded handle", draft);
      draft = draft();
      // The last character of 43 has two bits that nothing needs.
      draft.choices().getFirst().put("handle", "A".repeat(42) + "B");
      vector("a handle in another spelling", draft);
      vector("a time without milliseconds", draft().with("issued", "2026-03-01T10:00:00Z"));
      vector("a time with an offset", draft().with("issued", "2026-03-01T10:00:00.250+00:00"));
      vector("a day that does not exist", draft().with("issued", "2026-02-30T10:00:00.250Z"));
    }

    private void strictness() {
      String json = draft().json();
      payload("a key twice", json.replace("{\"schema\"", "{\"origin\":\"x\",\"schema\""));
      payload(
          "a key twice, once escaped",
          json.replace("{\"schema\"", "{\"\\u006frigin\":\"x\",\"schema\""));
      payload("a key twice, inside", json.replace("\"medium\"", "\"medium\":\"chat\",\"medium\""));
      payload("an unknown key", json.replace("{\"schema\"", "{\"extra\":1,\"schema\""));
      payload("an unknown key, inside", json.replace("{\"kind\"", "{\"until\":1,\"kind\""));
      payload("something after the end", json + "{}");
      payload("a byte order mark", "\uFEFF" + json);
      payload("a comment", json.replace("\"scope\"", "/**/\"scope\""));
      payload("a list around it", "[" + json + "]");
      payload("null", "null");
      payload("a version as text", json.replace("\"version\":1", "\"version\":\"1\""));
      payload("a version with a fraction", json.replace("\"version\":1", "\"version\":1.0"));
      payload("a version with an exponent", json.replace("\"version\":1", "\"version\":1e0"));
      payload("a huge version", json.replace("\"version\":1", "\"version\":99999999999999999999"));
      payload("a lone surrogate", json.replace("Example", "\\ud800Example"));
      payload("a control character", json.replace("Example", "\\u0000Example"));
      payload("deep nesting", "{\"a\":".repeat(1000) + "1" + "}".repeat(1000));
      byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
      bytes[json.indexOf("Example")] = (byte) 0xff;
      vector("not UTF-8", ada.signRaw(ada.header(TYPE), bytes));
    }

    private void tokens() {
      String good = ada.sign(draft());
      String[] parts = good.split("\\.", -1);
      byte[] payload = draft().json().getBytes(StandardCharsets.UTF_8);
      String header = ada.header(TYPE);
      vector("empty", "");
      vector("two parts", parts[0] + "." + parts[1]);
      vector("four parts", good + ".AA");
      vector("padding", good + "=");
      vector("a newline at the end", good + "\n");
      vector("a signature of zeros", parts[0] + "." + parts[1] + "." + "A".repeat(86));
      vector("a short signature", parts[0] + "." + parts[1] + "." + "A".repeat(64));
      vector("a changed payload", parts[0] + "." + Base64Url.encode(payload) + "." + parts[2]);
      vector("a key that did not sign", ada.signRaw(eve.header(TYPE), payload));
      vector("no algorithm", ada.signRaw(header.replace("ES256", "none"), payload));
      vector("another algorithm", ada.signRaw(header.replace("ES256", "HS256"), payload));
      vector("another type", ada.signRaw(header.replace(TYPE, "aye-device+jws"), payload));
      vector(
          "an unknown header",
          ada.signRaw(header.replace("{\"alg", "{\"kid\":\"1\",\"alg"), payload));
      vector(
          "a header twice",
          ada.signRaw(header.replace("{\"alg", "{\"alg\":\"none\",\"alg"), payload));
      vector("another curve", ada.signRaw(header.replace("P-256", "P-384"), payload));
      vector(
          "a private key inside",
          ada.signRaw(header.replace("\"crv\"", "\"d\":\"AA\",\"crv\""), payload));
      vector(
          "a point that is not on the curve",
          ada.signRaw(
              header.replace(ada.key.getX().toString(), new Dice("off").b64u(32)), payload));
      vector("too long", draft().with("controller", "x".repeat(Receipt.MAX_LENGTH)));
    }
  }
}
