package dev.aye.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aye.app.people.Answerer;
import dev.aye.app.people.Answerer.Said;
import dev.aye.consent.Choice;
import dev.aye.consent.Handle;
import dev.aye.consent.Medium;
import dev.aye.consent.MeetingId;
import dev.aye.consent.Permit;
import dev.aye.consent.PersonId;
import dev.aye.consent.Purpose;
import dev.aye.consent.RecipientId;
import dev.aye.consent.State;
import dev.aye.consent.Withdrawal;
import dev.aye.log.Hash;
import dev.aye.log.Leaf;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.http.HttpClient;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Consent over HTTP, at a real server: what counts, what is refused, and that nothing is lost. */
class ConsentApiTest {
  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final Said NOTES = new Said("notes", "voice", true);
  private static final Said CAPTIONS = new Said("captions", "voice", true);

  @TempDir Path data;

  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final JumpingClock clock = new JumpingClock();
  private final AtomicLong room = new AtomicLong(Long.MAX_VALUE);
  private Server server;
  private int addresses;

  /** The server's clock, which may be off; the devices of people keep the true time. */
  private static final class JumpingClock extends Clock {
    private volatile Duration off = Duration.ZERO;

    void off(Duration by) {
      off = by;
    }

    @Override
    public Instant instant() {
      return Instant.now().plus(off);
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      throw new UnsupportedOperationException("nobody asks for another zone");
    }
  }

  @BeforeEach
  void start() {
    start(Map.of());
  }

  private void start(Map<String, String> more) {
    Map<String, String> flags =
        new LinkedHashMap<>(
            Map.of(
                "port", "0",
                "address", "127.0.0.1",
                "trusted-proxies", "127.0.0.1",
                "data", data.toString()));
    flags.putAll(more);
    server =
        Server.start(AyeConfig.read(flags, Map.of()), Listening.Pour.STRAIGHT, clock, room::get);
  }

  private void restart(Map<String, String> more) {
    server.close();
    start(more);
  }

  @AfterEach
  void stop() {
    server.close();
    http.close();
  }

  private static final Map<String, String> WIDE =
      Map.of("scope-widest", "organisation", "scope-days", "30");

  private Answerer somebody() {
    return somebody("192.0.2." + ++addresses);
  }

  private Answerer somebody(String address) {
    return new Answerer(http, server.url(), address, new SecureRandom(), Clock.systemUTC());
  }

  private JsonNode open(Map<String, ?> meeting) throws Exception {
    return json(somebody().send("POST", "/api/meetings", "", meeting));
  }

  private String open() throws Exception {
    return open(Map.of()).path("id").asString();
  }

  private static JsonNode json(HttpResponse<String> answer) {
    return JSON.readTree(answer.body());
  }

  private boolean mayNote(Answerer who, String meeting) {
    return permit(who, meeting, Purpose.NOTES).isPresent();
  }

  private void refused(HttpResponse<String> answer, int status, String slug) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    assertThat(json(answer).path("type").asString()).isEqualTo("urn:aye:problem:" + slug);
    assertThat(json(answer).path("detail").asString()).isNotBlank();
  }

  private interface Change {
    void to(Map<String, Object> receipt);
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> object(Map<String, Object> receipt, String key) {
    return (Map<String, Object>) receipt.get(key);
  }

  // ---- what is not right is refused, and leaves nothing behind

  @Test
  void everyWrongFieldIsRefusedByNameAndNothingIsStored() throws Exception {
    String id = open();
    Answerer who = somebody().join(id, false);
    long before = server.house().log().size();
    Map<String, Change> wrong = new LinkedHashMap<>();
    wrong.put("wrong-origin", r -> r.put("origin", "other.example/log"));
    wrong.put("wrong-meeting", r -> r.put("meeting", "another"));
    wrong.put("wrong-participant", r -> r.put("participant", "another"));
    wrong.put("wrong-controller", r -> r.put("controller", "Somebody Else"));
    wrong.put("unknown-notice", r -> object(r, "notice").put("locale", "nl"));
    wrong.put("wrong-recipient", r -> object(r, "recipient").put("id", "recorder"));
    wrong.put(
        "wrong-processor",
        r -> object(r, "recipient").put("processor", Map.of("host", "x", "model", "y")));
    wrong.put("malformed", r -> r.put("extra", true));
    wrong.put(
        "scope-too-wide",
        r -> r.put("scope", Map.of("kind", "organisation", "until", who.in(Duration.ofDays(1)))));
    wrong.put(
        "wrong-room",
        r ->
            r.put(
                "scope",
                Map.of("kind", "room", "id", "another", "until", who.in(Duration.ofDays(1)))));
    for (Map.Entry<String, Change> change : wrong.entrySet()) {
      Map<String, Object> receipt = who.draft("en", NOTES).payload();
      change.getValue().to(receipt);
      refused(who.answer(who.sign(receipt)), 400, "answer-" + change.getKey());
    }
    for (Duration off : List.of(Duration.ofMinutes(3), Duration.ofMinutes(-3))) {
      Map<String, Object> receipt = who.draft("en", NOTES).payload();
      receipt.put("issued", Answerer.time(Instant.now().plus(off)));
      refused(who.answer(who.sign(receipt)), 400, "answer-stale");
    }

    assertThat(mayNote(who, id)).isFalse();
    assertThat(server.house().log().size()).isEqualTo(before);
    assertThat(account(who, id).path("answers")).isEmpty();
  }

  private JsonNode account(Answerer who, String meeting) throws Exception {
    String origin = who.meeting(meeting).path("log").path("origin").asString();
    JsonNode account = who.account(origin);
    assertThat(account.path("person").asString()).isEqualTo(who.person());
    return account;
  }

  @Test
  void nobodyAnswersForSomebodyElse() throws Exception {
    JsonNode meeting = open(Map.of());
    String id = meeting.path("id").asString();
    Answerer ada = somebody().join(id, false);
    Answerer eve = somebody().join(id, false);
    String signed = ada.sign(ada.draft("en", NOTES).payload());

    refused(eve.answer(signed), 400, "answer-wrong-participant");
    Map<String, Object> forged = ada.draft("en", NOTES).payload();
    refused(ada.answer(eve.sign(forged)), 400, "answer-wrong-person");
    for (String key : List.of(meeting.path("hostKey").asString(), "x", "")) {
      HttpResponse<String> answer =
          eve.send(
              "POST",
              "/api/meetings/" + id + "/answers",
              key.isEmpty() ? "" : "Bearer " + key,
              Map.of("receipt", signed, "salt", "A".repeat(43)));
      assertThat(answer.statusCode()).isEqualTo(401);
    }
    assertThat(mayNote(ada, id)).isFalse();
    assertThat(mayNote(eve, id)).isFalse();
  }

  @Test
  void aReceiptCountsOnceAndInItsMeetingOnly() throws Exception {
    String id = open();
    String other = open();
    Answerer who = somebody().join(id, false);
    String signed = who.sign(who.draft("en", NOTES).payload());

    assertThat(who.answer(signed).statusCode()).isEqualTo(201);
    refused(who.answer(signed), 400, "answer-replayed"); // under another salt
    who.join(other, false);
    refused(who.answer(signed), 400, "answer-wrong-meeting");
    assertThat(mayNote(who, other)).isFalse();
  }

  @Test
  void jsonThatCouldBeReadInTwoWaysIsRefused() throws Exception {
    String id = open();
    Answerer who = somebody().join(id, false);
    String good = JSON.writeValueAsString(who.draft("en", NOTES).payload());
    List<byte[]> payloads = new ArrayList<>();
    for (String text :
        List.of(
            good.replace("{\"schema\"", "{\"origin\":\"x\",\"schema\""),
            good.replace("{\"schema\"", "{\"\\u006frigin\":\"x\",\"schema\""),
            good.replace("\"meeting\":", "\"m\u0435eting\":"),
            "\uFEFF" + good,
            good.replace("\"given\"", "\"g\\ud800iven\""),
            good.replace("\"given\"", "\"gi\u200dven\""),
            "[".repeat(2000) + "]".repeat(2000),
            "{\"a\":".repeat(500) + "1" + "}".repeat(500),
            good + good)) {
      payloads.add(text.getBytes(StandardCharsets.UTF_8));
    }
    byte[] overlong = good.getBytes(StandardCharsets.UTF_8);
    overlong[good.indexOf("notes")] = (byte) 0xc1; // the first byte of an overlong form
    payloads.add(overlong);
    for (byte[] payload : payloads) {
      refused(who.answer(who.sign(payload)), 400, "answer-malformed");
    }
    refused(
        who.answer(
            who.sign(("{\"x\":\"" + "y".repeat(17_000) + "\"}").getBytes(StandardCharsets.UTF_8))),
        400,
        "answer-oversized");
    assertThat(who.answer(new byte[70_000]).statusCode()).isEqualTo(413);
    assertThat(
            who.answer("{\"receipt\":1,\"receipt\":2}".getBytes(StandardCharsets.UTF_8))
                .statusCode())
        .isEqualTo(400);
    assertThat(mayNote(who, id)).isFalse();
  }

  @Test
  void aNameInAnotherNormalFormIsAnotherName() throws Exception {
    restart(Map.of("controller", "Caf\u00e9 club"));
    String id = open();
    Answerer who = somebody().join(id, false);
    Map<String, Object> receipt = who.draft("en", NOTES).payload();
    receipt.put("controller", "Cafe\u0301 club");
    refused(who.answer(who.sign(receipt)), 400, "answer-wrong-controller");
  }

  @Test
  void aForgedWithdrawalChangesNothing() throws Exception {
    String id = open();
    Answerer who = somebody().join(id, false);
    Answerer.Draft draft = who.draft("en", NOTES);
    assertThat(who.answer(who.sign(draft.payload())).statusCode()).isEqualTo(201);
    long before = server.house().log().size();

    refused(who.withdraw("A".repeat(43)), 404, "unknown-slip");
    refused(who.withdraw(handle(draft)), 404, "unknown-slip");
    assertThat(who.withdraw("A".repeat(42) + "B").statusCode()).isEqualTo(400);

    assertThat(mayNote(who, id)).isTrue();
    assertThat(server.house().log().size()).isEqualTo(before);
  }

  private static String handle(Answerer.Draft draft) {
    return choice(draft.payload()).get("handle").toString();
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> choice(Map<String, Object> receipt) {
    return ((List<Map<String, Object>>) receipt.get("choices")).getFirst();
  }

  /**
   * A thousand answers at once from one address, from fifty seats behind it. Three in ten are good
   * in every field and would each be a grant; the others have the wrong signature, so that each
   * costs the server as much to refuse. Beyond what the address may ask, none is looked at: it is
   * neither granted nor found wrong.
   */
  @Test
  void aFloodOfGoodYesesGrantsNoMoreThanItsAddressMayAsk() throws Exception {
    restart(Map.of("max-people", "50"));
    String id = open();
    Answerer flood = somebody("198.51.100.1");
    List<Said> rows = List.of(NOTES, new Said("notes", "chat", true), CAPTIONS);
    List<Answerer> people = new ArrayList<>();
    List<Map<String, String>> good = new ArrayList<>();
    List<String> seats = new ArrayList<>();
    Answerer.Draft first = null;
    for (int i = 0; i < 49; i++) {
      Answerer who = somebody().join(id, false);
      people.add(who);
      for (Said row : rows) {
        Answerer.Draft draft = who.draft("en", row);
        first = first == null ? draft : first;
        good.add(Map.of("receipt", who.sign(draft.payload()), "salt", salt()));
        seats.add("Bearer " + who.seat());
      }
    }
    long leaves = server.house().log().size();
    long began = System.nanoTime();
    String path = "/api/meetings/" + id + "/answers";
    int granted = 0;
    int wrong = 0;
    int told = 0;
    for (int i = 0; i < 1_000; i++) {
      int nth = i / 3 % good.size();
      boolean valid = i % 3 == 0 && i / 3 < good.size();
      Map<String, String> body = valid ? good.get(nth) : forged(good.get(nth));
      HttpResponse<String> answer = flood.send("POST", path, seats.get(nth), body);
      switch (answer.statusCode()) {
        case 201 -> granted++;
        case 429 -> {
          told++;
          assertThat(Integer.parseInt(answer.headers().firstValue("Retry-After").orElse("0")))
              .isPositive();
        }
        default -> {
          refused(answer, 400, "answer-bad-signature");
          assertThat(valid).isFalse();
          wrong++;
        }
      }
    }
    long seconds = Duration.ofNanos(System.nanoTime() - began).toSeconds() + 1;
    assertThat(granted).isPositive();
    assertThat(wrong).isPositive();
    assertThat((long) granted + wrong)
        .as("a burst of 120, and 4 more each second")
        .isLessThanOrEqualTo(120 + 4 * seconds);
    assertThat(told).isEqualTo(1_000 - granted - wrong).isGreaterThan(500);
    assertThat(server.house().log().size()).isEqualTo(leaves + granted);
    assertThat(
            people.stream()
                .flatMap(who -> choices(new PersonId(who.person())).stream())
                .filter(choice -> choice.state() == State.GIVEN))
        .hasSize(granted);
    // The address may ask nothing more, but still take back.
    assertThat(mayNote(people.getFirst(), id)).isTrue();
    assertThat(flood.withdraw(Objects.requireNonNull(first).secrets().getFirst()).statusCode())
        .isEqualTo(200);
    assertThat(mayNote(people.getFirst(), id)).isFalse();
    // Nobody else is touched: a good yes that was turned away there is taken from elsewhere.
    Answerer other =
        people.stream()
            .filter(who -> !mayNote(who, id))
            .reduce((_, last) -> last)
            .orElseThrow(); // tokens trickle in, so it need not be the very last of them
    assertThat(other.answer(other.sign(other.draft("en", NOTES).payload())).statusCode())
        .isEqualTo(201);
    assertThat(mayNote(other, id)).isTrue();
  }

  private static String salt() {
    byte[] drawn = new byte[32];
    new SecureRandom().nextBytes(drawn);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(drawn);
  }

  /** The same with a signature that is well formed, and not of this text. */
  private static Map<String, String> forged(Map<String, String> good) {
    String jws = good.get("receipt");
    int middle = jws.lastIndexOf('.') + 20;
    char other = jws.charAt(middle) == 'A' ? 'B' : 'A';
    return Map.of(
        "receipt",
        jws.substring(0, middle) + other + jws.substring(middle + 1),
        "salt",
        good.get("salt"));
  }

  /** One seat may say less than its address, however many addresses it comes from. */
  @Test
  void oneSeatIsToldToWaitWhereverItAnswersFrom() throws Exception {
    String id = open();
    Answerer who = somebody().join(id, false);
    String path = "/api/meetings/" + id + "/answers";
    Said no = new Said("notes", "voice", false);
    String signed = who.sign(who.draft("en", no).payload());
    Map<String, String> body = Map.of("receipt", signed, "salt", salt());
    int taken = 0;
    int told = 0;
    for (int i = 0; i < 100; i++) {
      HttpResponse<String> answer = somebody().send("POST", path, "Bearer " + who.seat(), body);
      taken += answer.statusCode() == 201 ? 1 : 0;
      told += answer.statusCode() == 429 ? 1 : 0;
    }
    assertThat(taken).isBetween(1, 60);
    assertThat(told).isEqualTo(100 - taken);
  }

  @Test
  void aFullDiskGrantsNothingAndLosesNothing() throws Exception {
    String id = open();
    Answerer who = somebody().join(id, false);
    Answerer.Draft given = who.draft("en", NOTES);
    assertThat(who.answer(who.sign(given.payload())).statusCode()).isEqualTo(201);
    Answerer late = somebody().join(id, false);
    String signed = late.sign(late.draft("en", NOTES).payload());
    byte[] body = late.body(signed);
    fullDisk(true);
    try {
      refused(late.answer(body), 503, "not-stored");
      assertThat(mayNote(late, id)).isFalse();
      refused(who.withdraw(given.secrets().getFirst()), 503, "withdrawal-not-stored");
      assertThat(mayNote(who, id)).as("dead although it could not be written").isFalse();
    } finally {
      fullDisk(false);
    }
    assertThat(who.withdraw(given.secrets().getFirst()).statusCode()).isEqualTo(200);
    assertThat(late.answer(body).statusCode()).as("the same, sent again").isEqualTo(201);
    restart(Map.of());
    assertThat(mayNote(who, id)).isFalse();
    assertThat(mayNote(late, id)).isTrue();
  }

  @Test
  void aClockThatJumpsGrantsNothingAndLosesNothing() throws Exception {
    String id = open();
    Answerer who = somebody().join(id, false);
    Answerer.Draft given = who.draft("en", NOTES, new Said("captions", "voice", true));
    assertThat(who.answer(who.sign(given.payload())).statusCode()).isEqualTo(201);
    Answerer late = somebody().join(id, false);
    byte[] body = late.body(late.sign(late.draft("en", NOTES).payload()));
    long leaves = server.house().log().size();
    for (int minutes : List.of(10, -10, 60 * 24 * 400)) {
      clock.off(Duration.ofMinutes(minutes));
      assertThat(late.answer(body).statusCode()).isBetween(400, 499);
      assertThat(mayNote(late, id)).isFalse();
      assertThat(mayNote(who, id)).as("%d minutes off", minutes).isEqualTo(minutes < 10_000);
    }
    PersonId person = new PersonId(who.person());
    Predicate<Choice> over = choice -> choice.state() == State.EXPIRED;
    for (int i = 0; i < 1_000 && choices(person).stream().noneMatch(over); i++) {
      java.util.concurrent.locks.LockSupport.parkNanos(10_000_000);
    }
    assertThat(choices(person)).anyMatch(over);
    clock.off(Duration.ZERO);
    assertThat(mayNote(who, id)).as("what was over once stays over").isFalse();
    assertThat(server.house().log().size()).isEqualTo(leaves);
    for (String secret : given.secrets()) {
      assertThat(who.withdraw(secret).statusCode()).isEqualTo(200);
    }
    assertThat(choices(person)).allMatch(choice -> choice.state() == State.WITHDRAWN);
  }

  private List<Choice> choices(PersonId person) {
    return server.house().consents().choices(person);
  }

  @Test
  void onANearlyFullDiskNothingNewIsGrantedAndEveryNoIsStillTaken() throws Exception {
    String id = open();
    Answerer given = somebody().join(id, false);
    Answerer.Draft before = given.draft("en", NOTES);
    assertThat(given.answer(given.sign(before.payload())).statusCode()).isEqualTo(201);
    Answerer who = somebody().join(id, false);
    String yes = who.sign(who.draft("en", NOTES).payload());
    String no = who.sign(who.draft("en", new Said("notes", "voice", false)).payload());
    room.set(Soundness.RESERVE - 1);
    server.house().soundness().check();
    long leaves = server.house().log().size();
    refused(who.answer(yes), 507, "disk-full");
    refused(somebody().send("POST", "/api/meetings", "", Map.of()), 507, "disk-full");
    assertThat(mayNote(who, id)).isFalse();
    assertThat(server.house().log().size()).isEqualTo(leaves);
    assertThat(who.answer(no).statusCode()).isEqualTo(201);
    assertThat(given.withdraw(before.secrets().getFirst()).statusCode()).isEqualTo(200);
    assertThat(mayNote(given, id)).isFalse();
    room.set(Soundness.RESERVE);
    server.house().soundness().check();
    String later = who.sign(who.draft("en", NOTES).payload());
    assertThat(who.answer(later).statusCode()).isEqualTo(201);
    assertThat(mayNote(who, id)).isTrue();
    assertThat(MeetingApi.onlySaysNo(no)).isTrue();
    assertThat(MeetingApi.onlySaysNo(yes)).isFalse();
    assertThat(MeetingApi.onlySaysNo(no.substring(0, no.length() - 4) + "AAAA")).isFalse();
    assertThat(MeetingApi.onlySaysNo("")).isFalse();
  }

  /** An export carries receipts, and is to say nothing of other rows than training. */
  @Test
  void aReceiptThatAnswersTrainingBesideAnotherRowIsRefusedWhateverItSays() throws Exception {
    String id = open();
    Answerer who = somebody().join(id, false);
    long leaves = server.house().log().size();
    for (boolean yes : List.of(true, false)) {
      Said training = new Said("training", "voice", yes);
      Answerer.Draft mixed = who.draft("en", training, new Said("notes", "voice", false));
      refused(who.answer(who.sign(mixed.payload())), 400, "answer-training-mixed");
      assertThat(account(who, id).path("answers")).isEmpty();
      assertThat(server.house().log().size()).isEqualTo(leaves);
      for (String secret : mixed.secrets()) {
        assertThat(who.withdraw(secret).statusCode()).as("nobody granted under it").isEqualTo(404);
      }
    }
    Said voice = new Said("training", "voice", true);
    Answerer.Draft apart = who.draft("en", voice, new Said("training", "chat", false));
    assertThat(who.answer(who.sign(apart.payload())).statusCode()).isEqualTo(201);
    assertThat(who.answer(who.sign(who.draft("en", NOTES).payload())).statusCode()).isEqualTo(201);
    assertThat(account(who, id).path("answers")).hasSize(2);
  }

  @Test
  void aPublicServiceThatNamesNobodyInItsNoticeSaysSoAtItsStart() throws Exception {
    String unset = "as controller, contact, authority are not set: say it in ";
    assertThat(announced()).startsWith("Aye is ready at ").doesNotContain("not set");
    restart(Map.of("public-url", "https://meet.example.org"));
    assertThat(announced()).contains(unset + data.toAbsolutePath().resolve(AyeConfig.FILE));
    restart(
        Map.of(
            "public-url", "https://meet.example.org",
            "controller", "Example",
            "contact", "privacy@example.org",
            "authority", "the authority"));
    assertThat(announced()).doesNotContain("not set");
  }

  private String announced() throws Exception {
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    server.announce(new PrintStream(printed, true, StandardCharsets.UTF_8));
    return printed.toString(StandardCharsets.UTF_8);
  }

  /** The database takes no fact about consent, as on a full disk. */
  private void fullDisk(boolean full) {
    server
        .house()
        .database()
        .sql()
        .sql(
            full
                ? "CREATE TRIGGER full BEFORE INSERT ON consent_events"
                    + " BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END"
                : "DROP TRIGGER full")
        .update();
  }

  // ---- media, scope, minors, texts

  @Test
  void eachMediumIsAChoiceOfItsOwn() throws Exception {
    String id = open();
    Answerer who = somebody().join(id, false);
    HttpResponse<String> answered =
        who.answer(who.sign(who.draft("nl", NOTES, new Said("notes", "chat", false)).payload()));
    assertThat(answered.statusCode()).as(answered.body()).isEqualTo(201);

    assertThat(mayNote(who, id)).isTrue();
    assertThat(
            server
                .house()
                .consents()
                .permit(
                    new PersonId(who.person()),
                    new MeetingId(id),
                    Purpose.NOTES,
                    Medium.CHAT,
                    RecipientId.COMPANION))
        .isEmpty();
    JsonNode choices = account(who, id).path("answers").path(0).path("choices");
    assertThat(choices.path(0).path("state").asString()).isEqualTo("given");
    assertThat(choices.path(0).path("scope").path("kind").asString()).isEqualTo("meeting");
    assertThat(choices.path(1).path("state").asString()).isEqualTo("refused");
  }

  @Test
  void aYesForTheRoomReachesTheNextMeetingOfItAlsoAfterARestart() throws Exception {
    restart(WIDE);
    JsonNode first = open(Map.of());
    String id = first.path("id").asString();
    Answerer who = somebody().join(id, true);
    String room = who.meeting(id).path("room").asString();
    Map<String, Object> receipt = who.draft("en", NOTES).payload();
    receipt.put("scope", Map.of("kind", "room", "id", room, "until", who.in(Duration.ofDays(7))));
    assertThat(who.answer(who.sign(receipt)).statusCode()).isEqualTo(201);

    Map<String, String> after = Map.of("after", id);
    assertThat(who.send("POST", "/api/meetings", "Bearer x", after).statusCode()).isEqualTo(401);
    String host = "Bearer " + first.path("hostKey").asString();
    String next = json(who.send("POST", "/api/meetings", host, after)).path("id").asString();
    String elsewhere = open();
    assertThat(who.meeting(next).path("room").asString()).isEqualTo(room);
    assertThat(who.meeting(elsewhere).path("room").asString()).isNotEqualTo(room);
    assertThat(mayNote(who, next)).isFalse();
    who.join(next, true);
    who.join(elsewhere, true);

    assertThat(mayNote(who, next)).isTrue();
    assertThat(mayNote(who, elsewhere)).isFalse();
    restart(WIDE);
    assertThat(mayNote(who, next)).isTrue();
    restart(Map.of());
    assertThat(mayNote(who, next)).as("the controller allows less now").isFalse();
    assertThat(mayNote(who, id)).isTrue();
  }

  @Test
  void aGuestKeyAndALoweredCeilingGiveNothingWide() throws Exception {
    restart(WIDE);
    String id = open();
    Answerer guest = somebody().join(id, false);
    Map<String, Object> receipt = guest.draft("en", NOTES).payload();
    receipt.put("scope", Map.of("kind", "organisation", "until", guest.in(Duration.ofDays(7))));
    refused(guest.answer(guest.sign(receipt)), 400, "answer-scope-needs-lasting-key");
    Answerer lasting = somebody().join(id, true);
    receipt = lasting.draft("en", NOTES).payload();
    receipt.put("scope", Map.of("kind", "organisation", "until", lasting.in(Duration.ofDays(31))));
    refused(lasting.answer(lasting.sign(receipt)), 400, "answer-scope-too-wide");
    JsonNode scope = lasting.meeting(id).path("scope");
    assertThat(scope.path("usual").asString()).isEqualTo("meeting");
    assertThat(scope.path("widest").asString()).isEqualTo("organisation");
    assertThat(scope.path("days").asInt()).isEqualTo(30);
  }

  @Test
  void whereMinorsMayBePresentNothingGoesBeyondTheMeetingAndNobodyTurnsItOn() throws Exception {
    JsonNode opened = open(Map.of("minors", true));
    String id = opened.path("id").asString();
    Answerer who = somebody().join(id, false);
    assertThat(who.meeting(id).path("minors").asBoolean()).isTrue();
    assertThat(who.meeting(id).path("minorsFixed").asBoolean())
        .as("the host can take it back")
        .isFalse();
    assertThat(who.meeting(id).path("ai").path("purposes").toString())
        .isEqualTo("[\"captions\",\"notes\"]");
    // Recording and sharing are purposes that nothing offers yet; there are no rows for them.
    for (Purpose beyond : List.of(Purpose.TRAINING, Purpose.RECORDING, Purpose.SHARING)) {
      for (String medium : List.of("voice", "chat")) {
        Map<String, Object> receipt =
            who.draft("en", new Said(beyond.id(), medium, true)).payload();
        choice(receipt).put("purposeIri", beyond.iri());
        refused(who.answer(who.sign(receipt)), 400, "answer-not-offered");
      }
    }
    PersonId person = new PersonId(who.person());
    assertThat(choices(person)).isEmpty();

    restart(Map.of("minors-may-be-present", "true"));
    JsonNode other = open(Map.of());
    String path = "/api/meetings/" + other.path("id").asString();
    String host = "Bearer " + other.path("hostKey").asString();
    Answerer any = somebody();
    JsonNode patched = json(any.send("PATCH", path, host, Map.of("minors", false)));
    assertThat(patched.path("minors").asBoolean()).isTrue();
    assertThat(patched.path("minorsFixed").asBoolean()).isTrue();
    assertThat(patched.path("ai").path("purposes").toString()).doesNotContain("training");
    assertThat(any.send("PATCH", path, host, Map.of("purposes", List.of("training"))).statusCode())
        .isEqualTo(400);
  }

  /** A host who sees a child come in, in a meeting in which somebody said yes to training. */
  @Test
  void whenAHostSaysThatMinorsCameTrainingEndsAtOnceAndCaptionsGoOn() throws Exception {
    JsonNode opened = open(Map.of());
    String id = opened.path("id").asString();
    Answerer who = somebody().join(id, false);
    for (Said said : List.of(new Said("training", "voice", true), CAPTIONS)) {
      HttpResponse<String> answered = who.answer(who.sign(who.draft("en", said).payload()));
      assertThat(answered.statusCode()).as(answered.body()).isEqualTo(201);
    }
    Permit<Purpose.Training> training = permit(who, id, Purpose.TRAINING).orElseThrow();
    Permit<Purpose.Captions> captions = permit(who, id, Purpose.CAPTIONS).orElseThrow();
    assertThat(training.live(clock.millis())).isTrue();
    who.send(
        "PATCH",
        "/api/meetings/" + id,
        "Bearer " + opened.path("hostKey").asString(),
        Map.of("minors", true));
    assertThat(training.live(clock.millis())).isFalse();
    assertThat(permit(who, id, Purpose.TRAINING)).isEmpty();
    assertThat(captions.live(clock.millis())).isTrue();
  }

  private <P extends Purpose> Optional<Permit<P>> permit(Answerer who, String meeting, P purpose) {
    return server
        .house()
        .consents()
        .permit(
            new PersonId(who.person()),
            new MeetingId(meeting),
            purpose,
            Medium.VOICE,
            RecipientId.COMPANION);
  }

  @Test
  void aHostNarrowsAndWidensNothingThatTheOperatorDoesNotAllow() throws Exception {
    restart(Map.of("purposes", "captions,notes"));
    JsonNode opened = open(Map.of());
    String id = opened.path("id").asString();
    String host = "Bearer " + opened.path("hostKey").asString();
    Answerer who = somebody().join(id, false);
    assertThat(who.answer(who.sign(who.draft("en", NOTES).payload())).statusCode()).isEqualTo(201);

    String path = "/api/meetings/" + id;
    who.send("PATCH", path, host, Map.of("purposes", List.of("captions")));
    assertThat(mayNote(who, id)).as("narrowed").isFalse();
    who.send("PATCH", path, host, Map.of("purposes", List.of("captions", "notes")));
    assertThat(mayNote(who, id)).as("asked again as before").isTrue();
    assertThat(who.send("PATCH", path, host, Map.of("purposes", List.of("training"))).statusCode())
        .isEqualTo(400);
  }

  @Test
  void anotherTextIsANewVersionAndTheRowIsAskedAnew() throws Exception {
    String id = open();
    Answerer who = somebody().join(id, false);
    assertThat(who.answer(who.sign(who.draft("en", NOTES).payload())).statusCode()).isEqualTo(201);
    JsonNode first = json(who.send("GET", "/api/notices", "", Map.of())).path("notices");
    assertThat(first).hasSize(2);

    restart(Map.of("controller", "Another club"));
    Answerer later = somebody();
    assertThat(mayNote(who, id)).as("the row names somebody else now").isFalse();
    JsonNode notices = json(later.send("GET", "/api/notices", "", Map.of())).path("notices");
    assertThat(notices).hasSize(4);
    JsonNode newest = notices.path(0);
    assertThat(newest.path("version").asInt()).isEqualTo(2);
    assertThat(newest.path("changed").toString()).contains("Another club", "retention");
    assertThat(later.meeting(id).path("notice").path("version").asInt()).isEqualTo(2);
    for (JsonNode notice : notices) {
      assertThat(
              later
                  .send("GET", "/api/notices/" + notice.path("hash").asString(), "", Map.of())
                  .statusCode())
          .isEqualTo(200);
    }
    String between =
        "/api/notices/difference?from="
            + notices.path(2).path("hash").asString()
            + "&to="
            + newest.path("hash").asString();
    assertThat(notices.path(2).path("locale")).isEqualTo(newest.path("locale"));
    assertThat(json(later.send("GET", between, "", Map.of())).path("changed"))
        .isEqualTo(newest.path("changed"));
    restart(Map.of("controller", "Another club"));
    assertThat(json(somebody().send("GET", "/api/notices", "", Map.of())).path("notices"))
        .hasSize(4);
  }

  // ---- taking back

  @Test
  void aSlipWorksFromElsewhereAfterTheMeetingIsOverAndDeleted() throws Exception {
    JsonNode opened = open(Map.of());
    String id = opened.path("id").asString();
    Answerer who = somebody().join(id, false);
    Answerer.Draft draft = who.draft("en", NOTES);
    assertThat(who.answer(who.sign(draft.payload())).statusCode()).isEqualTo(201);
    who.send(
        "POST",
        "/api/meetings/" + id + "/end",
        "Bearer " + opened.path("hostKey").asString(),
        Map.of());
    for (String sql :
        List.of("DELETE FROM seats WHERE meeting = ?", "DELETE FROM meetings WHERE id = ?")) {
      server.house().database().sql().sql(sql).param(id).update();
    }
    assertThat(who.send("GET", "/api/meetings/" + id, "", Map.of()).statusCode()).isEqualTo(404);

    Answerer elsewhere = somebody();
    String slip = draft.secrets().getFirst();
    HttpResponse<String> first = elsewhere.withdraw(slip);
    assertThat(first.statusCode()).as(first.body()).isEqualTo(200);
    assertThat(json(elsewhere.withdraw(slip))).isEqualTo(json(first));

    String origin = server.house().log().origin();
    assertThat(who.account(origin).path("withdrawals").path(0).path("state").asString())
        .isEqualTo("withdrawn");
    restart(Map.of());
    assertThat(json(somebody().withdraw(slip))).isEqualTo(json(first));
  }

  @Test
  void whoLostTheSlipTakesBackByTheKeyThatSigned() throws Exception {
    String id = open();
    Answerer who = somebody().join(id, false);
    Answerer.Draft draft = who.draft("en", NOTES);
    assertThat(who.answer(who.sign(draft.payload())).statusCode()).isEqualTo(201);
    assertThat(mayNote(who, id)).isTrue();
    String origin = server.house().log().origin();

    HttpResponse<String> first = who.withdrawByKey(origin, handle(draft));
    assertThat(first.statusCode()).as(first.body()).isEqualTo(200);
    assertThat(mayNote(who, id)).isFalse();
    assertThat(json(first).path("handle").asString()).isEqualTo(handle(draft));
    assertThat(json(first).path("promise").asString()).startsWith("aye-promise/1\n" + origin);
    assertThat(json(who.withdrawByKey(origin, handle(draft)))).isEqualTo(json(first));

    JsonNode told = loggedWithdrawal(who, origin);
    assertThat(told.path("state").asString()).as("its person ended it").isEqualTo("withdrawn");
    assertThat(told.path("handle").asString()).isEqualTo(handle(draft));
    AtomicReference<Leaf> leaf = new AtomicReference<>();
    long index = told.path("index").asLong();
    server.house().log().leaves(index, index + 1, (_, found) -> leaf.set(found));
    assertThat(leaf.get())
        .as("the log shows which yes ended")
        .isEqualTo(new Leaf.Revoke(Hash.of(new Handle(handle(draft)).bytes())));
    Path promise = data.resolve("promise.txt");
    Files.writeString(promise, json(first).path("promise").asString());
    assertThat(verify(promise, server.url() + "/log")).contains("it was kept");

    restart(Map.of());
    assertThat(server.house().consents().withdrawals(new PersonId(who.person())))
        .as("and stays so")
        .extracting(Withdrawal::state)
        .containsExactly(State.WITHDRAWN);
    assertThat(somebody().withdraw(draft.secrets().getFirst()).statusCode())
        .as("a slip that turns up later still fits")
        .isEqualTo(200);
  }

  @Test
  void aKeyTakesBackOnlyWhatItSignedAndLearnsNothingOfOthers() throws Exception {
    String id = open();
    Answerer who = somebody().join(id, false);
    Answerer.Draft draft = who.draft("en", NOTES);
    assertThat(who.answer(who.sign(draft.payload())).statusCode()).isEqualTo(201);
    Answerer other = somebody().join(id, false);
    String origin = server.house().log().origin();
    long before = server.house().log().size();

    HttpResponse<String> another = other.withdrawByKey(origin, handle(draft));
    HttpResponse<String> nobodys = other.withdrawByKey(origin, "A".repeat(43));
    refused(another, 404, "unknown-yes");
    assertThat(another.body()).isEqualTo(nobodys.body());
    refused(other.withdrawByKey(origin, "A".repeat(42) + "B"), 400, "handle");
    String path = "/api/me/withdrawals";
    Map<String, String> body = Map.of("handle", handle(draft));
    refused(who.send("POST", path, "", body), 401, "unauthorized");
    refused(who.send("POST", path, "Bearer " + who.seat(), body), 401, "unauthorized");
    String proof = who.proof(origin, "POST", "/api/me");
    refused(who.send("POST", path, proof, body), 401, "unauthorized");
    String elsewhere = who.proof("another.example/log", "POST", path);
    refused(who.send("POST", path, elsewhere, body), 401, "unauthorized");

    assertThat(mayNote(who, id)).isTrue();
    assertThat(server.house().log().size()).isEqualTo(before);
    String once = who.proof(origin, "POST", path);
    assertThat(who.send("POST", path, once, body).statusCode()).isEqualTo(200);
    refused(who.send("POST", path, once, body), 401, "unauthorized");
  }

  @Test
  void takingBackByKeyHasALimitOfItsOwn() throws Exception {
    String id = open();
    Answerer who = somebody("198.51.100.7").join(id, false);
    Answerer.Draft draft = who.draft("en", NOTES);
    assertThat(who.answer(who.sign(draft.payload())).statusCode()).isEqualTo(201);
    int told = 0;
    for (int i = 0; i < 400; i++) {
      told +=
          who.send("POST", "/api/me/withdrawals", "", Map.of("handle", "x")).statusCode() == 429
              ? 1
              : 0;
    }
    assertThat(told).as("signatures cost").isPositive();
    assertThat(who.withdraw(draft.secrets().getFirst()).statusCode())
        .as("which takes nothing from who has a slip")
        .isEqualTo(200);
  }

  /** The only withdrawal of a person, once the log has it. */
  private JsonNode loggedWithdrawal(Answerer who, String origin) throws Exception {
    for (int i = 0; i < 500; i++) {
      JsonNode told = who.account(origin).path("withdrawals").path(0);
      if (told.has("index") && !told.path("index").isNull()) {
        return told;
      }
      java.util.concurrent.locks.LockSupport.parkNanos(10_000_000);
    }
    throw new AssertionError("the withdrawal did not come into the log");
  }

  @Test
  void thePromiseIsKeptAndAnybodyCanCheckIt() throws Exception {
    String id = open();
    Answerer who = somebody().join(id, false);
    Answerer.Draft draft = who.draft("en", NOTES);
    who.answer(who.sign(draft.payload()));
    JsonNode promised = json(who.withdraw(draft.secrets().getFirst()));
    Path promise = data.resolve("promise.txt");
    Files.writeString(promise, promised.path("promise").asString());
    long size = server.house().log().size();
    for (int i = 0; i < 500 && server.house().log().size() == size; i++) {
      Thread.onSpinWait();
      java.util.concurrent.locks.LockSupport.parkNanos(10_000_000);
    }

    assertThat(verify(promise, server.url() + "/log")).contains("it was kept");
    assertThat(verify(promise, data.resolve("log").toString())).contains("it was kept");
    String later = promised.path("promise").asString().replaceFirst("\\n(\\d+)\\n", "\n1$1\n");
    Files.writeString(promise, later);
    assertThat(verify(promise, server.url() + "/log")).contains("FAILS");
  }

  private String verify(Path file, String log) throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Verifying.verify(
        new Verifying.Request(
            file.toString(),
            Optional.of(server.house().log().vkey()),
            List.of(),
            Optional.of(log),
            Optional.empty(),
            List.of(),
            Optional.empty(),
            Optional.empty()),
        new PrintStream(out, true, StandardCharsets.UTF_8));
    return out.toString(StandardCharsets.UTF_8);
  }

  @Test
  void theControllerRevokesByReceiptThroughTheRunningServer() throws Exception {
    String id = open();
    Answerer who = somebody().join(id, false);
    Answerer.Draft draft = who.draft("en", NOTES, new Said("notes", "chat", true));
    String signed = who.sign(draft.payload());
    JsonNode answered = json(who.answer(signed));
    Path receipt = data.resolve("receipt.json");
    Files.writeString(
        receipt, JSON.writeValueAsString(Map.of("receipt", signed, "salt", "x", "index", 1)));
    AyeConfig config = server.house().config();

    assertThat(revoke(config, receipt.toString())).contains("state revoked", "promise");
    assertThat(mayNote(who, id)).isFalse();
    assertThat(revoke(config, handle(draft))).contains("was revoked before");
    JsonNode account = who.account(server.house().log().origin());
    assertThat(account.path("withdrawals")).hasSize(2);
    assertThat(account.path("withdrawals").path(0).path("state").asString()).isEqualTo("revoked");
    assertThat(answered.path("grants")).hasSize(2);
    assertThat(revoke(config, "A".repeat(43))).contains("unknown here");
  }

  private static String revoke(AyeConfig config, String what) throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Commands.revoke(config, what, new PrintStream(out, true, StandardCharsets.UTF_8));
    return out.toString(StandardCharsets.UTF_8);
  }

  @Test
  void nothingOfAPersonStandsInAnyFileInTheClear() throws Exception {
    restart(WIDE);
    String id = open();
    Answerer who = somebody().join(id, true);
    Answerer.Draft draft = who.draft("en", NOTES);
    String signed = who.sign(draft.payload());
    assertThat(who.answer(signed).statusCode()).isEqualTo(201);
    try (Stream<Path> files = Files.walk(data)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        assertThat(new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1))
            .as(file.toString())
            .doesNotContain(signed, handle(draft), draft.secrets().getFirst());
      }
    }
  }
}
