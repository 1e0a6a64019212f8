package dev.aye.consent;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * Every receipt that is not exactly right is refused, with its reason, and nothing is stored or
 * granted.
 */
class ReceiptTest {
  private static final String TYPE = "aye-receipt+jws";

  private final House house = new House();
  private final Device ada = new Device("ada");

  private Device.Draft good() {
    return house.draft(ada).yes(Purpose.NOTES, Medium.VOICE, ada.secret().handle());
  }

  private void refused(Device.Draft draft, Refusal reason) {
    refused(ada.sign(draft), reason);
  }

  private void refused(String jws, Refusal reason) {
    int facts = house.store.facts.size();
    long leaves = house.journal.size();

    Consents.Answering answering = house.consents.answer(House.seat(ada), jws, ada.salt());

    assertThat(answering)
        .isInstanceOfSatisfying(
            Consents.Answering.Refused.class, r -> assertThat(r.reason()).isEqualTo(reason));
    assertThat(house.store.facts).hasSize(facts);
    assertThat(house.journal.size()).isEqualTo(leaves);
    for (Purpose purpose : Purpose.all()) {
      for (Medium medium : Medium.values()) {
        assertThat(house.permit(ada, House.MEETING, purpose, medium)).isEmpty();
      }
    }
  }

  private void malformed(String payload) {
    refused(ada.sign(TYPE, payload), Refusal.MALFORMED);
  }

  @Test
  void aGoodOneIsReadAsItWasMeant() {
    Device.Draft draft = good().no(Purpose.CAPTIONS, Medium.VOICE);
    Receipt receipt = ((Receipt.Parsed.Good) Receipt.parse(ada.sign(draft))).receipt();

    assertThat(receipt.person()).isEqualTo(ada.person());
    assertThat(receipt.meeting()).isEqualTo(House.MEETING);
    assertThat(receipt.issued()).isEqualTo(Clock.START);
    assertThat(receipt.recipient()).isEqualTo(House.COMPANION);
    assertThat(receipt.choices())
        .hasSize(2)
        .element(1)
        .isEqualTo(new Receipt.Answer.No(Purpose.CAPTIONS, Medium.VOICE));
  }

  @Test
  void otherMeetingPersonParticipantServiceAreRefused() {
    refused(good().with("meeting", "m-other"), Refusal.WRONG_MEETING);
    refused(good().with("participant", "p-other"), Refusal.WRONG_PARTICIPANT);
    refused(good().with("origin", "aye.example/other"), Refusal.WRONG_ORIGIN);
    refused(new Device("eve").sign(good()), Refusal.WRONG_PERSON);
  }

  @Test
  void oldAndFutureOnesAreRefused() {
    Instant now = house.clock.instant();
    refused(
        good().with("issued", Receipt.format(now.minus(Duration.ofMillis(120_001)))),
        Refusal.STALE);
    refused(
        good().with("issued", Receipt.format(now.plus(Duration.ofMillis(120_001)))), Refusal.STALE);
    assertThat(
            house.answer(
                ada, good().with("issued", Receipt.format(now.minus(Duration.ofMinutes(2))))))
        .isInstanceOf(Consents.Answering.Answered.class);
  }

  @Test
  void anotherNoticeIsRefused() {
    refused(
        good()
            .with(
                "notice", Map.of("version", 1, "locale", "en", "hash", new Dice("other").b64u(32))),
        Refusal.UNKNOWN_NOTICE);
    String hash = house.notices.getFirst().hash().b64u();
    refused(
        good().with("notice", Map.of("version", 1, "locale", "nl", "hash", hash)),
        Refusal.UNKNOWN_NOTICE);
    refused(
        good().with("notice", Map.of("version", 2, "locale", "en", "hash", hash)),
        Refusal.UNKNOWN_NOTICE);
    refused(good().with("controller", "Another Organisation"), Refusal.WRONG_CONTROLLER);
    // Looks the same, is not: a Cyrillic letter.
    refused(good().with("controller", "Ex\u0430mple Cooperative"), Refusal.WRONG_CONTROLLER);
  }

  @Test
  void anotherRecipientKeyOrProcessorIsRefused() {
    Device.Draft draft = good();
    draft.object("recipient").put("id", "recorder");
    refused(draft, Refusal.WRONG_RECIPIENT);
    draft = good();
    draft.object("recipient").put("key", new Dice("other").b64u(65));
    refused(draft, Refusal.WRONG_RECIPIENT);
    draft = good();
    draft.object("recipient").put("processor", Map.of("host", "this server", "model", "larger"));
    refused(draft, Refusal.WRONG_PROCESSOR);
  }

  @Test
  void whatIsNotAskedCannotBeAnswered() {
    refused(
        house.draft(ada).yes(Purpose.CAPTIONS, Medium.CHAT, ada.secret().handle()),
        Refusal.NOT_OFFERED);
    refused(
        house.draft(ada).yes(Purpose.RECORDING, Medium.VOICE, ada.secret().handle()),
        Refusal.NOT_OFFERED);
    refused(house.draft(ada).no(Purpose.SHARING, Medium.FILES), Refusal.NOT_OFFERED);
    house.consents.offer(House.MEETING, house.offer(Set.of(Purpose.CAPTIONS), House.COMPANION));
    refused(good(), Refusal.NOT_OFFERED);
  }

  @Test
  void aMeetingThatIsOverOrUnknownTakesNoAnswer() {
    house.consents.endMeeting(House.MEETING);
    refused(good(), Refusal.MEETING_CLOSED);
  }

  @Test
  void aReplayUnderAnotherSaltIsRefused() {
    String jws = ada.sign(house.draft(ada).no(Purpose.NOTES, Medium.VOICE));
    house.consents.answer(House.seat(ada), jws, ada.salt());

    refused(jws, Refusal.REPLAYED);
    refused(Device.malleated(jws), Refusal.REPLAYED);
  }

  @Test
  void theOtherSignatureOfTheSameReceiptIsNoSecondGrant() {
    WithdrawalSecret secret = ada.secret();
    Device.Draft draft = house.draft(ada).yes(Purpose.NOTES, Medium.VOICE, secret.handle());
    String jws = ada.sign(draft);
    house.consents.answer(House.seat(ada), jws, ada.salt());
    house.consents.withdraw(secret);

    assertThat(Receipt.parse(Device.malleated(jws))).isInstanceOf(Receipt.Parsed.Good.class);
    refused(Device.malleated(jws), Refusal.REPLAYED);
    draft.with("id", ada.dice.b64u(16));
    refused(draft, Refusal.HANDLE_USED);
  }

  @Test
  void signatureKeyAndAlgorithmAreTheOnesThatAreAllowed() {
    String jws = ada.sign(good());
    String[] parts = jws.split("\\.", -1);
    String zero = Base64Url.encode(new byte[64]);

    refused(parts[0] + "." + parts[1] + "." + zero, Refusal.BAD_SIGNATURE);
    refused(parts[0] + "." + parts[1] + "." + parts[2].substring(4), Refusal.BAD_SIGNATURE);
    refused(parts[0] + "." + parts[1] + ".", Refusal.NOT_A_TOKEN);
    refused(jws + "=", Refusal.NOT_A_TOKEN);
    refused(jws + ".x", Refusal.NOT_A_TOKEN);
    refused(jws + "\n", Refusal.NOT_A_TOKEN);
    refused("", Refusal.NOT_A_TOKEN);
    byte[] payload = good().json().getBytes(StandardCharsets.UTF_8);
    String header = ada.header(TYPE);
    for (String bad :
        List.of(
            header.replace("ES256", "none"),
            header.replace("ES256", "HS256"),
            header.replace("ES256", "ES384"),
            header.replace(TYPE, "aye-device+jws"),
            header.replace("{\"alg\"", "{\"crit\":[\"b64\"],\"alg\""),
            header.replace("{\"alg\"", "{\"kid\":\"1\",\"alg\""),
            header.replace("{\"alg\"", "{\"alg\":\"none\",\"alg\""),
            header.replace("\"crv\"", "\"d\":\"AA\",\"crv\""),
            header.replace("P-256", "P-384"),
            header.replace("\"kty\":\"EC\"", "\"kty\":\"OKP\""),
            "[]",
            "null")) {
      refused(ada.signRaw(bad, payload), Refusal.NOT_A_TOKEN);
    }
    String offCurve = header.replace(ada.key.getX().toString(), new Dice("x").b64u(32));
    refused(ada.signRaw(offCurve, payload), Refusal.BAD_KEY);
    String other = header.replace(header, new Device("eve").header(TYPE));
    refused(ada.signRaw(other, payload), Refusal.BAD_SIGNATURE);
  }

  @Test
  void jsonThatTwoReadersCouldReadDifferentlyIsRefused() {
    String json = good().json();
    malformed(json.replace("{\"schema\"", "{\"meeting\":\"m-4f9Qz2\",\"schema\""));
    malformed(json.replace("{\"schema\"", "{\"\\u006deeting\":\"m-4f9Qz2\",\"schema\""));
    malformed(json.replace("\"medium\"", "\"medium\":\"voice\",\"medium\""));
    malformed(json.replace("{\"schema\"", "{\"extra\":1,\"schema\""));
    malformed(json.replace("{\"kind\"", "{\"until\":\"2030\",\"kind\""));
    malformed(json + "{}");
    malformed(json + " x");
    malformed("\uFEFF" + json);
    malformed("[" + json + "]");
    malformed(json.replace("\"version\":1", "\"version\":1.0"));
    malformed(json.replace("\"version\":1", "\"version\":1e0"));
    malformed(json.replace("\"version\":1", "\"version\":\"1\""));
    malformed(json.replace("\"version\":1", "\"version\":0"));
    malformed(json.replace("\"version\":1", "\"version\":99999999999999999999"));
    malformed(json.replace("\"version\":1", "\"version\":NaN"));
    malformed(json.replace("\"origin\":\"aye", "\"origin\":\"\\ud800aye"));
    malformed(json.replace("\"origin\":\"aye", "\"origin\":\"\\u0000aye"));
    malformed(json.replace("\"meeting\":\"m-", "\"meeting\":\"m\u2010"));
    malformed(json.replace("\"scope\"", "// scope\n\"scope\""));
    malformed(json.replace("\"", "'"));
    malformed("null");
    malformed("[".repeat(5000));
    malformed("{\"a\":".repeat(1500));
    byte[] overlong = json.getBytes(StandardCharsets.UTF_8);
    overlong[overlong.length - 3] = (byte) 0xc0;
    refused(ada.signRaw(ada.header(TYPE), overlong), Refusal.MALFORMED);
  }

  @Test
  void everyFieldHasItsForm() {
    for (String key : List.copyOf(good().fields.keySet())) {
      refused(good().without(key), Refusal.MALFORMED);
      refused(good().with(key, ""), Refusal.MALFORMED);
      refused(good().with(key, List.of()), Refusal.MALFORMED);
      refused(good().with(key, Map.of()), Refusal.MALFORMED);
      refused(good().with(key, 7), Refusal.MALFORMED);
      Device.Draft absent = good();
      absent.fields.put(key, null);
      refused(absent, Refusal.MALFORMED);
    }
    refused(good().with("schema", "urn:aye:receipt:2"), Refusal.MALFORMED);
    refused(good().with("scope", Map.of("kind", "organisation")), Refusal.MALFORMED);
    refused(good().with("id", ada.dice.b64u(16) + "="), Refusal.MALFORMED);
    refused(good().with("id", ada.dice.b64u(15)), Refusal.MALFORMED);
    for (String time :
        List.of(
            "2026-03-01T10:00:00Z",
            "2026-03-01T10:00:00.250+00:00",
            "2026-03-01T10:00:00.2500Z",
            "2026-02-30T10:00:00.250Z",
            "2026-03-01T24:00:00.000Z",
            "+10000-01-01T00:00:00.000Z",
            "now")) {
      refused(good().with("issued", time), Refusal.MALFORMED);
    }
  }

  @Test
  void everyChoiceHasItsForm() {
    refused(house.draft(ada), Refusal.MALFORMED);
    for (String key : List.of("purpose", "purposeIri", "medium", "state", "handle")) {
      Device.Draft draft = good();
      draft.choices().getFirst().remove(key);
      refused(draft, Refusal.MALFORMED);
      draft = good();
      draft.choices().getFirst().put(key, "other");
      refused(draft, Refusal.MALFORMED);
    }
    Device.Draft draft = good();
    draft.choices().getFirst().put("purposeIri", Purpose.CAPTIONS.iri());
    refused(draft, Refusal.MALFORMED);
    draft = house.draft(ada).no(Purpose.NOTES, Medium.VOICE);
    draft.choices().getFirst().put("handle", ada.secret().handle().value());
    refused(draft, Refusal.MALFORMED);
    refused(good().no(Purpose.NOTES, Medium.VOICE), Refusal.MALFORMED);
    Handle handle = ada.secret().handle();
    refused(
        house
            .draft(ada)
            .yes(Purpose.NOTES, Medium.VOICE, handle)
            .yes(Purpose.TRAINING, Medium.VOICE, handle),
        Refusal.MALFORMED);
    Device.Draft many = house.draft(ada);
    for (int i = 0; i < 26; i++) {
      many.no(Purpose.NOTES, Medium.VOICE);
    }
    refused(many, Refusal.MALFORMED);
  }

  @Test
  void anOversizedOneIsRefusedBeforeItIsRead() {
    refused("a".repeat(Receipt.MAX_LENGTH + 1), Refusal.OVERSIZED);
    refused(good().with("controller", "x".repeat(20_000)), Refusal.OVERSIZED);
    refused("a." + "a".repeat(16_000) + ".a", Refusal.NOT_A_TOKEN);
  }

  @Test
  void nobodyAnswersWithoutEnd() {
    for (int i = 0; i < Consents.MAX_ANSWERS; i++) {
      house.no(ada, Purpose.NOTES, Medium.VOICE);
    }
    refused(good(), Refusal.TOO_MANY);
  }

  /** Changed bytes never pass, and what is read never depends on luck. */
  @Test
  void noMutatedTokenIsAccepted() {
    Random random = new Random(20260301);
    String jws = ada.sign(good());
    for (int i = 0; i < 4000; i++) {
      StringBuilder mutated = new StringBuilder(jws);
      int changes = 1 + random.nextInt(3);
      for (int c = 0; c < changes; c++) {
        int at = random.nextInt(mutated.length());
        switch (random.nextInt(4)) {
          case 0 -> mutated.deleteCharAt(at);
          case 1 -> mutated.insert(at, anyChar(random));
          case 2 -> mutated.setCharAt(at, anyChar(random));
          default -> mutated.setLength(at);
        }
        if (mutated.isEmpty()) {
          break;
        }
      }
      if (!mutated.toString().equals(jws)) {
        assertThat(Receipt.parse(mutated.toString())).isInstanceOf(Receipt.Parsed.Bad.class);
      }
    }
  }

  private static char anyChar(Random random) {
    return switch (random.nextInt(4)) {
      case 0 -> (char) random.nextInt(0x10000);
      case 1 -> '.';
      default -> "ABCDEFabcdef0123456789-_".charAt(random.nextInt(24));
    };
  }

  /**
   * Mutated payloads under a good signature: parsing returns, and what it accepts is so strictly
   * spelt that it can be written back from what was read, to the same JSON.
   */
  @Test
  void whateverIsSignedIsReadStrictlyOrRefused() {
    Random random = new Random(4711);
    byte[] seed = good().no(Purpose.CAPTIONS, Medium.VOICE).json().getBytes(StandardCharsets.UTF_8);
    String[] tokens = {
      "\"",
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      "null",
      "true",
      "1e9",
      "-0",
      "\\u0061",
      "\\ud83d",
      " ",
      "\n",
      "\"given\"",
      "\"refused\"",
      "\"voice\"",
      "\"chat\"",
      "\"x\":1,",
      "\u00e9",
      "\u202e"
    };
    List<String> accepted = new ArrayList<>();
    for (int i = 0; i < 2000; i++) {
      byte[] mutated = seed;
      int changes = 1 + random.nextInt(3);
      for (int c = 0; c < changes; c++) {
        mutated = mutate(mutated, random, tokens);
      }
      Receipt.Parsed parsed = Receipt.parse(ada.signRaw(ada.header(TYPE), mutated));
      if (parsed instanceof Receipt.Parsed.Good good) {
        String text = new String(mutated, StandardCharsets.UTF_8);
        accepted.add(text);
        assertThat(tools.jackson.databind.json.JsonMapper.shared().readTree(text))
            .isEqualTo(
                tools.jackson.databind.json.JsonMapper.shared().readTree(written(good.receipt())));
      }
    }
    assertThat(accepted).isNotEmpty();
  }

  private static byte[] mutate(byte[] from, Random random, String[] tokens) {
    int at = random.nextInt(from.length);
    byte[] insert =
        switch (random.nextInt(4)) {
          case 0 -> new byte[] {(byte) random.nextInt(256)};
          case 1 -> new byte[0];
          default -> tokens[random.nextInt(tokens.length)].getBytes(StandardCharsets.UTF_8);
        };
    int cut =
        random.nextInt(3) == 0 ? Math.min(from.length - at, random.nextInt(12)) : random.nextInt(2);
    cut = Math.min(cut, from.length - at);
    byte[] to = new byte[from.length - cut + insert.length];
    System.arraycopy(from, 0, to, 0, at);
    System.arraycopy(insert, 0, to, at, insert.length);
    System.arraycopy(from, at + cut, to, at + insert.length, from.length - at - cut);
    return to.length == 0 ? from : to;
  }

  private String written(Receipt receipt) {
    Device.Draft draft =
        house
            .draft(ada)
            .with("id", receipt.id())
            .with("origin", receipt.origin())
            .with("meeting", receipt.meeting().value())
            .with("participant", receipt.participant().value())
            .with("issued", Receipt.format(receipt.issued()))
            .with("controller", receipt.controller());
    draft.object("notice").put("version", receipt.notice().version());
    draft.object("notice").put("locale", receipt.notice().locale());
    draft.object("notice").put("hash", receipt.notice().hash());
    draft.object("recipient").put("id", receipt.recipient().id().value());
    draft.object("recipient").put("key", receipt.recipient().key());
    draft
        .object("recipient")
        .put(
            "processor",
            Map.of(
                "host",
                receipt.recipient().processor().host(),
                "model",
                receipt.recipient().processor().model()));
    for (Receipt.Answer answer : receipt.choices()) {
      switch (answer) {
        case Receipt.Answer.Yes yes -> draft.yes(yes.purpose(), yes.medium(), yes.handle());
        case Receipt.Answer.No no -> draft.no(no.purpose(), no.medium());
      }
    }
    return draft.json();
  }
}
