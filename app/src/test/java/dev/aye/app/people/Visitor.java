package dev.aye.app.people;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Somebody with a device key who uses the REST calls alone, without media: for tests of what the
 * calls give to whom. What a call answers is given back as it came.
 */
public final class Visitor {
  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final HttpClient HTTP =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);

  /** Each call comes from an address of its own, where a server believes this one as a proxy. */
  private static final AtomicInteger calls = new AtomicInteger();

  private final Device device = new Device(new SecureRandom(), Instant::now);
  private final String base;
  private final List<String> secrets = new ArrayList<>();
  private final List<String> slips = new ArrayList<>();
  private String origin = "";
  private String meeting = "";
  private String participant = "";
  private String seat = "";
  private String token = "";

  public Visitor(String base) {
    this.base = base;
  }

  /** Takes a seat. */
  public Visitor join(String id, String name, Map<String, String> more) throws Exception {
    meeting = id;
    origin =
        JSON.readTree(call("GET", "/api/meetings/" + id, "", "").body())
            .path("log")
            .path("origin")
            .asString("");
    Map<String, String> wanted = new LinkedHashMap<>(more);
    wanted.put("name", name);
    wanted.put("device", joinProof());
    HttpResponse<String> answer =
        call("POST", "/api/meetings/" + id + "/participants", "", JSON.writeValueAsString(wanted));
    if (answer.statusCode() != 201) {
      throw new AssertionError(answer.body());
    }
    JsonNode joined = JSON.readTree(answer.body());
    participant = joined.path("participantId").asString("");
    seat = joined.path("seat").asString("");
    token = joined.path("token").asString("");
    return this;
  }

  /**
   * Answers the rows of these purposes, all media of each alike: training in a receipt of its own.
   */
  public void answers(Map<String, Boolean> choices) throws Exception {
    Map<String, Boolean> others = new LinkedHashMap<>(choices);
    Map<String, Boolean> training = new LinkedHashMap<>(choices);
    others.remove("training");
    training.keySet().retainAll(List.of("training"));
    for (Map<String, Boolean> some : List.of(others, training)) {
      if (!some.isEmpty()) {
        HttpResponse<String> answered =
            call("POST", "/api/meetings/" + meeting + "/answers", bearer(), answer(some));
        if (answered.statusCode() != 201) {
          throw new AssertionError(answered.body());
        }
      }
    }
  }

  /** The body of an answer: a signed receipt and its salt. */
  public String answer(Map<String, Boolean> purposes) throws Exception {
    return answerAs(participant, purposes);
  }

  /** The body of an answer that this device signs for the seat of somebody, who may be another. */
  public String answerAs(String participant, Map<String, Boolean> purposes) throws Exception {
    JsonNode asked = JSON.readTree(call("GET", "/api/meetings/" + meeting, "", "").body());
    String notice = asked.path("notice").path("en").asString("");
    JsonNode shown = JSON.readTree(notice);
    JsonNode recipient = asked.path("ai").path("recipients").path(0);
    List<Map<String, Object>> choices = new ArrayList<>();
    for (JsonNode row : shown.path("rows")) {
      Boolean given = purposes.get(row.path("purpose").asString(""));
      if (given != null) {
        row.path("media")
            .forEach(m ->
                choices.add(
                    choice(
                        row.path("purpose").asString(""), m.path("medium").asString(""), given)));
      }
    }
    Map<String, Object> receipt = new LinkedHashMap<>();
    receipt.put("schema", "urn:aye:receipt:1");
    receipt.put("id", secret(16));
    receipt.put("origin", origin);
    receipt.put("meeting", meeting);
    receipt.put("participant", participant);
    receipt.put("issued", TIME.format(Instant.now()));
    receipt.put(
        "notice",
        Map.of(
            "version", shown.path("version").asInt(),
            "locale", shown.path("locale").asString(""),
            "hash", Device.b64u(Device.sha256(notice.getBytes(StandardCharsets.UTF_8)))));
    receipt.put("controller", shown.path("controller").path("name").asString(""));
    receipt.put(
        "recipient",
        Map.of(
            "id", recipient.path("id").asString(""),
            "key", recipient.path("key").asString(""),
            "processor", recipient.path("processor")));
    receipt.put("scope", Map.of("kind", "meeting"));
    receipt.put("choices", choices);
    String jws = device.sign("aye-receipt+jws", receipt);
    secrets.add(jws.substring(jws.lastIndexOf('.') + 1));
    return JSON.writeValueAsString(Map.of("receipt", jws, "salt", secret(32)));
  }

  private Map<String, Object> choice(String purpose, String medium, boolean given) {
    Map<String, Object> choice = new LinkedHashMap<>();
    choice.put("purpose", purpose);
    choice.put(
        "purposeIri",
        switch (purpose) {
          case "captions" -> "urn:aye:purpose:live-captions";
          case "notes" -> "urn:aye:purpose:meeting-notes";
          default -> "urn:aye:purpose:train-own-models";
        });
    choice.put("medium", medium);
    choice.put("state", given ? "given" : "refused");
    if (given) {
      byte[] drawn = device.draw(32);
      slips.add(Device.b64u(drawn));
      String handle = Device.b64u(Device.sha256(drawn));
      secrets.add(handle);
      choice.put("handle", handle);
    }
    return choice;
  }

  private String secret(int bytes) {
    String drawn = Device.b64u(device.draw(bytes));
    secrets.add(drawn);
    return drawn;
  }

  /** One call, whatever comes of it; of a binary answer each byte is a character. */
  public HttpResponse<String> call(String method, String path, String authorization, String body)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(base + path))
            .header("Content-Type", "application/json")
            .header(
                "X-Forwarded-For",
                "198.18." + calls.get() / 250 + "." + calls.getAndIncrement() % 250)
            .method(
                method,
                body.isEmpty()
                    ? HttpRequest.BodyPublishers.noBody()
                    : HttpRequest.BodyPublishers.ofString(body));
    if (!authorization.isEmpty()) {
      request.header("Authorization", authorization);
    }
    return HTTP.send(
        request.build(),
        info -> {
          boolean text =
              !info.headers().firstValue("Content-Type").orElse("").contains("octet-stream");
          return HttpResponse.BodySubscribers.ofString(
              text ? StandardCharsets.UTF_8 : StandardCharsets.ISO_8859_1);
        });
  }

  /** The authorization of this seat. */
  public String bearer() {
    return "Bearer " + seat;
  }

  /** The authorization of this device for one request. */
  public String proof(String method, String path) {
    return "Device " + device.requestProof(origin, method, path);
  }

  /** A proof of the device for joining. */
  public String joinProof() {
    return device.joinProof(origin, meeting);
  }

  public String participant() {
    return participant;
  }

  public String person() {
    return device.person();
  }

  public String token() {
    return token;
  }

  /** The secrets with which this person can withdraw. */
  public List<String> slips() {
    return List.copyOf(slips);
  }

  /** What only this person may be shown: person, handles, ids and signatures of receipts, salts. */
  public List<String> secrets() {
    List<String> all = new ArrayList<>(secrets);
    all.add(person());
    all.addAll(slips);
    return all;
  }

  /** A stream key wrapped to a recipient for one seat. */
  public static byte[] wrapped(
      byte[] streamKey, byte[] recipientPoint, String meeting, String participant)
      throws IOException {
    try {
      return Envelope.wrapStreamKey(
          streamKey, recipientPoint, meeting, participant, "companion", new SecureRandom());
    } catch (Envelope.Unreadable e) {
      throw new IOException(e);
    }
  }
}
