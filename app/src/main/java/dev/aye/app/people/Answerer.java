package dev.aye.app.people;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Somebody who sits in a meeting and answers the card, without ever opening a microphone: what it
 * takes to ask a server for consent over HTTP, each step by itself.
 */
public final class Answerer {
  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS'Z'", Locale.ROOT)
          .withZone(ZoneOffset.UTC);

  /** What somebody says to one row: yes or no. */
  public record Said(String purpose, String medium, boolean yes) {}

  /** A receipt that may still be changed, with the secrets of each yes in it, in order. */
  public record Draft(Map<String, Object> payload, List<String> secrets) {}

  private final HttpClient http;
  private final String server;
  private final String address;
  private final Device device;
  private final InstantSource clock;

  private String meeting = "";
  private String participant = "";
  private String seat = "";

  /**
   * Somebody with a new key.
   *
   * @param address whom a proxy would say that the requests come from
   */
  public Answerer(
      HttpClient http, String server, String address, SecureRandom random, InstantSource clock) {
    this.http = http;
    this.server = server;
    this.address = address;
    this.device = new Device(random, clock);
    this.clock = clock;
  }

  /** Takes a seat in a meeting. */
  public Answerer join(String id, boolean lasting) throws IOException, InterruptedException {
    JsonNode described = meeting(id);
    HttpResponse<String> joined =
        send(
            "POST",
            "/api/meetings/" + id + "/participants",
            "",
            Map.of(
                "name",
                "Somebody",
                "device",
                device.joinProof(described.path("log").path("origin").asString(""), id, lasting)));
    if (joined.statusCode() != 201) {
      throw new IOException("not let in: " + joined.body());
    }
    JsonNode answer = JSON.readTree(joined.body());
    this.meeting = id;
    this.participant = answer.path("participantId").asString("");
    this.seat = answer.path("seat").asString("");
    return this;
  }

  public String person() {
    return device.person();
  }

  public String participant() {
    return participant;
  }

  public String seat() {
    return seat;
  }

  /** The meeting as the server describes it. */
  public JsonNode meeting(String id) throws IOException, InterruptedException {
    return JSON.readTree(send("GET", "/api/meetings/" + id, "", Map.of()).body());
  }

  /** The account that this person sees of themself. */
  public JsonNode account(String origin) throws IOException, InterruptedException {
    String proof = proof(origin, "POST", "/api/me");
    return JSON.readTree(send("POST", "/api/me", proof, Map.of()).body());
  }

  /** A receipt that is right in every field, for this meeting alone, in the words of a language. */
  public Draft draft(String locale, Said... said) throws IOException, InterruptedException {
    JsonNode described = meeting(meeting);
    String notice = described.path("notice").path(locale).asString("");
    JsonNode shown = JSON.readTree(notice);
    JsonNode recipient = described.path("ai").path("recipients").path(0);
    List<String> secrets = new ArrayList<>();
    List<Map<String, Object>> choices = new ArrayList<>();
    for (Said row : said) {
      Map<String, Object> choice = new LinkedHashMap<>();
      choice.put("purpose", row.purpose());
      choice.put("purposeIri", Person.IRIS.getOrDefault(row.purpose(), ""));
      choice.put("medium", row.medium());
      choice.put("state", row.yes() ? "given" : "refused");
      if (row.yes()) {
        byte[] secret = device.draw(32);
        secrets.add(Device.b64u(secret));
        choice.put("handle", Device.b64u(Device.sha256(secret)));
      }
      choices.add(choice);
    }
    Map<String, Object> receipt = new LinkedHashMap<>();
    receipt.put("schema", "urn:aye:receipt:1");
    receipt.put("id", Device.b64u(device.draw(16)));
    receipt.put("origin", described.path("log").path("origin").asString(""));
    receipt.put("meeting", meeting);
    receipt.put("participant", participant);
    receipt.put("issued", time(clock.instant()));
    receipt.put(
        "notice",
        new LinkedHashMap<>(
            Map.of(
                "version", shown.path("version").asInt(),
                "locale", shown.path("locale").asString(""),
                "hash", Device.b64u(Device.sha256(notice.getBytes(StandardCharsets.UTF_8))))));
    receipt.put("controller", shown.path("controller").path("name").asString(""));
    receipt.put(
        "recipient",
        new LinkedHashMap<>(
            Map.of(
                "id", recipient.path("id").asString(""),
                "key", recipient.path("key").asString(""),
                "processor",
                    Map.of(
                        "host", recipient.path("processor").path("host").asString(""),
                        "model", recipient.path("processor").path("model").asString("")))));
    receipt.put("scope", Map.of("kind", "meeting"));
    receipt.put("choices", choices);
    return new Draft(receipt, secrets);
  }

  /** A time as receipts have it. */
  public static String time(Instant time) {
    return TIME.format(time);
  }

  /** A time from now, for a wider scope. */
  public String in(Duration length) {
    return time(clock.instant().plus(length));
  }

  public String sign(Map<String, ?> payload) {
    return device.sign("aye-receipt+jws", payload);
  }

  /** The same as {@link #sign}, of exact bytes. */
  public String sign(byte[] payload) {
    return device.sign("aye-receipt+jws", payload);
  }

  /** The body of an answer, ready to be sent. */
  public byte[] body(String receipt) {
    return JSON.writeValueAsBytes(Map.of("receipt", receipt, "salt", Device.b64u(device.draw(32))));
  }

  /** Sends a signed receipt from this seat. */
  public HttpResponse<String> answer(String receipt) throws IOException, InterruptedException {
    return answer(body(receipt));
  }

  public HttpResponse<String> answer(byte[] body) throws IOException, InterruptedException {
    return http.send(
        request("POST", "/api/meetings/" + meeting + "/answers", "Bearer " + seat, body),
        HttpResponse.BodyHandlers.ofString());
  }

  public HttpResponse<String> withdraw(String secret) throws IOException, InterruptedException {
    return send("POST", "/api/withdrawals", "", Map.of("secret", secret));
  }

  /** Takes back without the slip, by the key of this device. */
  public HttpResponse<String> withdrawByKey(String origin, String handle)
      throws IOException, InterruptedException {
    String path = "/api/me/withdrawals";
    return send("POST", path, proof(origin, "POST", path), Map.of("handle", handle));
  }

  /** What authorises one request of this device. */
  public String proof(String origin, String method, String path) {
    return "Device " + device.requestProof(origin, method, path);
  }

  /** Any request in JSON; one that is read has no body. */
  public HttpResponse<String> send(
      String method, String path, String authorization, Map<String, ?> body)
      throws IOException, InterruptedException {
    byte[] bytes = method.equals("GET") ? new byte[0] : JSON.writeValueAsBytes(body);
    return http.send(
        request(method, path, authorization, bytes), HttpResponse.BodyHandlers.ofString());
  }

  private HttpRequest request(String method, String path, String authorization, byte[] body) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(server + path))
            .header("Content-Type", "application/json")
            .header("X-Forwarded-For", address)
            .method(method, HttpRequest.BodyPublishers.ofByteArray(body));
    if (!authorization.isEmpty()) {
      request.header("Authorization", authorization);
    }
    return request.build();
  }
}
