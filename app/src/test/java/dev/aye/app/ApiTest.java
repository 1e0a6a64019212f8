package dev.aye.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.aye.log.Hash;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import livekit.LivekitModels;
import livekit.LivekitRtc;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The REST interface of a real server on a free port and a folder of its own. */
class ApiTest {
  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final HttpClient HTTP =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  private static final String WITNESS =
      "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2";

  @TempDir static Path data;
  private static Server server;

  @BeforeAll
  static void start() {
    server = Server.start(AyeConfig.read(flags(), Map.of()));
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static Map<String, String> flags() {
    return Map.of(
        "port",
        "0",
        "data",
        data.toString(),
        "address",
        "127.0.0.1",
        "witnesses",
        WITNESS + " http://127.0.0.1:9/nobody");
  }

  @Test
  void itIsReadyWhenAMeetingCanBeHeld() throws Exception {
    HttpResponse<String> health = get("/healthz", "");
    assertThat(health.statusCode()).isEqualTo(200);
    assertThat(json(health).path("status").asString()).isEqualTo("ready");
  }

  @Test
  void aMeetingIsMadeJoinedAndEnded() throws Exception {
    JsonNode meeting = json(post("/api/meetings", "", "{\"title\":\"Talk\"}"));
    String id = meeting.path("id").asString();
    assertThat(meeting.path("link").asString()).endsWith("/m/" + id).doesNotContain("#");
    JsonNode joined = json(post("/api/meetings/" + id + "/participants", "", "{\"name\":\"A\"}"));
    assertThat(joined.path("serverUrl").asString()).startsWith("ws://");
    assertThat(joined.path("host").asBoolean()).isFalse();
    String host = "Bearer " + meeting.path("hostKey").asString();
    assertThat(json(get("/api/meetings/" + id, "")).path("ended").asBoolean()).isFalse();
    assertThat(post("/api/meetings/" + id + "/end", host, "").statusCode()).isEqualTo(204);
    assertThat(json(get("/api/meetings/" + id, "")).path("ended").asBoolean()).isTrue();
    HttpResponse<String> late =
        post("/api/meetings/" + id + "/participants", "", "{\"name\":\"B\"}");
    assertThat(late.statusCode()).isEqualTo(409);
    assertThat(json(late).path("type").asString()).isEqualTo("urn:aye:problem:ended");
  }

  @Test
  void theKeyOfTheCompanionIsProvedToBeInTheLog() throws Exception {
    JsonNode meeting = json(get("/api/meetings/" + open(), ""));
    JsonNode recipient = meeting.path("ai").path("recipients").path(0);
    var verifier =
        ((dev.aye.log.Verdict.Holds<dev.aye.log.LogVerifier>)
                dev.aye.log.LogVerifier.of(meeting.path("log").path("vkey").asString()))
            .value();
    byte[] point = java.util.Base64.getUrlDecoder().decode(recipient.path("key").asString());
    assertThat(
            verifier.proof(
                recipient.path("keyProof").asString(),
                new dev.aye.log.Leaf.Key(dev.aye.log.Point.of(point))))
        .isInstanceOf(dev.aye.log.Verdict.Holds.class);
  }

  @Test
  void theLogIsServedWithItsTypesAndMayBeCachedWhereItNeverChanges() throws Exception {
    HttpResponse<String> checkpoint = get("/log/checkpoint", "");
    assertThat(checkpoint.headers().firstValue("Content-Type").orElseThrow().replace(" ", ""))
        .isEqualToIgnoringCase("text/plain;charset=utf-8");
    assertThat(checkpoint.headers().firstValue("Cache-Control")).contains("no-cache");
    assertThat(checkpoint.headers().firstValue("Access-Control-Allow-Origin")).contains("*");
    long size = Long.parseLong(checkpoint.body().lines().skip(1).findFirst().orElseThrow());
    for (String path : java.util.List.of("tile/0/000.p/", "tile/entries/000.p/")) {
      HttpResponse<String> tile = get("/log/" + path + size, "");
      assertThat(tile.statusCode()).isEqualTo(200);
      assertThat(tile.headers().firstValue("Content-Type")).contains("application/octet-stream");
      assertThat(tile.headers().firstValue("Cache-Control").orElseThrow())
          .contains("max-age=31536000", "public", "immutable");
      HttpResponse<String> later = get("/log/" + path + 255, "");
      assertThat(later.statusCode()).isEqualTo(404);
      assertThat(later.headers().firstValue("Cache-Control")).contains("no-store");
    }
    assertThat(get("/log/witnessed", "").statusCode()).isEqualTo(404);
    for (String path :
        java.util.List.of("private/key", "..%2fkeys", "tile/0/%2e%2e/%2e%2e/private/key")) {
      assertThat(get("/log/" + path, "").statusCode()).isBetween(400, 404);
    }
  }

  @Test
  void anybodyMayReadWhoIsAskedToWatchTheLog() throws Exception {
    HttpResponse<String> answer = get("/log/witnesses", "");
    assertThat(answer.headers().firstValue("Access-Control-Allow-Origin")).contains("*");
    JsonNode told = json(answer);
    assertThat(told.path("quorum").asInt(-1)).isZero();
    JsonNode witness = told.path("witnesses").path(0);
    assertThat(witness.path("name").asString()).isEqualTo("remora.n621.de");
    assertThat(witness.path("vkey").asString()).isEqualTo(WITNESS);
    assertThat(witness.path("size").asLong(-1)).as("it has never answered").isZero();
    assertThat(answer.body()).as("where it is asked is the operator's").doesNotContain("127.0.0.1");
  }

  @Test
  void aServerWithoutPagesHasNoBuildToCompare() throws Exception {
    HttpResponse<String> answer = get("/api/build", "");
    assertThat(answer.statusCode()).isEqualTo(404);
    assertThat(json(answer).path("type").asString()).isEqualTo("urn:aye:problem:no-pages");
  }

  @Test
  void theHostNarrowsWhatIsAsked() throws Exception {
    JsonNode meeting = json(post("/api/meetings", "", "{}"));
    String path = "/api/meetings/" + meeting.path("id").asString();
    String host = "Bearer " + meeting.path("hostKey").asString();
    JsonNode narrowed = json(send("PATCH", path, host, "{\"purposes\":[\"notes\"]}"));
    assertThat(narrowed.path("ai").path("purposes").toString()).isEqualTo("[\"notes\"]");
    assertThat(send("PATCH", path, host, "{\"purposes\":[\"sharing\"]}").statusCode())
        .isEqualTo(400);
    assertThat(send("PATCH", path, "Bearer x", "{\"purposes\":[]}").statusCode()).isEqualTo(401);
  }

  @Test
  void withoutAYesThereIsNoListeningRoom() throws Exception {
    String id = open();
    JsonNode joined = json(post("/api/meetings/" + id + "/participants", "", "{\"name\":\"A\"}"));
    HttpResponse<String> refused =
        post(
            "/api/meetings/" + id + "/streams",
            "Bearer " + joined.path("seat").asString(),
            "{\"recipient\":\"companion\",\"wrappedKey\":\"AAAA\"}");
    assertThat(refused.statusCode()).isEqualTo(403);
  }

  @Test
  void onlyTheWholeLinkLetsIn() throws Exception {
    Hash knock = Hash.sha256(new byte[] {1});
    String door = Hash.sha256(knock.bytes()).b64u();
    JsonNode meeting = json(post("/api/meetings", "", "{\"door\":\"" + door + "\"}"));
    String path = "/api/meetings/" + meeting.path("id").asString() + "/participants";
    String host = ",\"hostKey\":\"" + meeting.path("hostKey").asString() + "\"";
    for (String wrong : List.of("", host, ",\"knock\":\"" + door + "\"")) {
      HttpResponse<String> refused = post(path, "", "{\"name\":\"A\"" + wrong + "}");
      assertThat(refused.statusCode()).isEqualTo(403);
      assertThat(json(refused).path("type").asString())
          .isEqualTo("urn:aye:problem:link-incomplete");
    }
    assertThat(post(path, "", "{\"name\":\"A\",\"knock\":\"AAAA\"}").statusCode()).isEqualTo(400);
    String whole = ",\"knock\":\"" + knock.b64u() + "\"";
    assertThat(post(path, "", "{\"name\":\"A\"" + whole + "}").statusCode()).isEqualTo(201);
  }

  @Test
  void aHostWhoWasNeverThereReadsNoNotes() throws Exception {
    JsonNode meeting = json(post("/api/meetings", "", "{}"));
    String notes = "/api/meetings/" + meeting.path("id").asString() + "/notes";
    HttpResponse<String> refused = get(notes, "Bearer " + meeting.path("hostKey").asString());
    assertThat(refused.statusCode()).isEqualTo(403);
    assertThat(json(refused).path("type").asString()).isEqualTo("urn:aye:problem:not-there");
  }

  /** Without a device key there is nobody in whose name a yes could stand. */
  @Test
  void aSeatWithoutADeviceAnswersNothing() throws Exception {
    String id = open();
    JsonNode joined = json(post("/api/meetings/" + id + "/participants", "", "{\"name\":\"A\"}"));
    HttpResponse<String> refused =
        post(
            "/api/meetings/" + id + "/answers",
            "Bearer " + joined.path("seat").asString(),
            "{\"receipt\":\"\",\"salt\":\"\"}");
    assertThat(refused.statusCode()).isEqualTo(403);
    assertThat(json(refused).path("type").asString()).isEqualTo("urn:aye:problem:no-device");
  }

  /** A token is enough: clients that are no browser come from nowhere, pages from anywhere. */
  @ParameterizedTest
  @CsvSource({"https://elsewhere.example", "null", "''"})
  void aTokenOpensTheSignallingFromAnyOrigin(String origin) throws Exception {
    String token =
        json(post("/api/meetings/" + open() + "/participants", "", "{\"name\":\"A\"}"))
            .path("token")
            .asString();
    WebSocket.Builder builder = HTTP.newWebSocketBuilder();
    if (!origin.isEmpty()) {
      builder.header("Origin", origin);
    }
    String address = server.url().replace("http:", "ws:") + "/rtc/v1?access_token=";
    WebSocket socket =
        builder
            .buildAsync(
                URI.create(address + token + "&join_request=" + padded().replace("=", "%3D")),
                new WebSocket.Listener() {})
            .get(20, TimeUnit.SECONDS);
    assertThat(socket.isOutputClosed()).isFalse();
    socket.abort();
    assertThatThrownBy(() ->
            builder
                .buildAsync(URI.create(address + "x"), new WebSocket.Listener() {})
                .get(20, TimeUnit.SECONDS))
        .hasMessageContaining("WebSocketHandshakeException");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "GET    | /api/nothing                    |                                | 404",
        "GET    | /nothing                        |                                | 404",
        "GET    | /api/meetings/unknown           |                                | 404",
        "DELETE | /api/meetings                   |                                | 405",
        "POST   | /api/nope                       | {}                             | 404",
        "PUT    | /api/nope                       |                                | 404",
        "DELETE | /nothing                        |                                | 404",
        "ODD    | /api/nope                       |                                | 404",
        "OPTIONS | /api/nope                      |                                | 404",
        "GET    | /api/me                         |                                | 405",
        "PATCH  | /api/me                         | {}                             | 405",
        "ODD    | /api/me                         |                                | 405",
        "POST   | /log/checkpoint                 |                                | 405",
        "DELETE | /m/x                            |                                | 405",
        "POST   | /                               |                                | 405",
        "TRACE  | /api/me                         |                                | 405",
        "TRACE  | /nothing                        |                                | 405",
        "GET    | /rtc/v1                         |                                | 401",
        "GET    | /rtc/v1?access_token=x          |                                | 401",
        "POST   | /rtc/v1                         |                                | 405",
        "POST   | /api/meetings                   | {\"title\":1}                  | 400",
        "POST   | /api/meetings                   | {                              | 400",
        "POST   | /api/meetings                   | {\"title\":1,\"title\":2}      | 400",
        "POST   | /api/meetings                   | {\"title\":\"a\",\"x\":1}      | 400",
        "POST   | /api/meetings                   | {\"purposes\":[\"recording\"]} | 400",
        "POST   | /api/meetings/unknown/answers   | {\"receipt\":\"\",\"salt\":\"\"} | 404",
        "POST   | /api/withdrawals                | {\"secret\":\"short\"}         | 400",
        "POST   | /api/withdrawals  | {\"secret\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}"
            + " | 404",
        "POST   | /api/me                         | {}                             | 401",
        "POST   | /api/me/withdrawals             | {\"handle\":\"short\"}         | 401",
        "GET    | /api/notices/none               |                                | 400",
        "GET    | /log/tile/none                  |                                | 404",
        "GET    | /log/proof?index=99999          |                                | 404",
        "GET    | /log/proof?index=x              |                                | 400",
        "GET    | /rtc/v1/validate?access_token=x |                                | 401",
        "GET    | /a%00b                          |                                | 400"
      })
  void everyErrorIsAProblem(String method, String path, String body, int status) throws Exception {
    HttpResponse<String> answer = send(method, path, "", body == null ? "" : body);
    assertThat(answer.statusCode()).isEqualTo(status);
    assertThat(answer.headers().firstValue("Content-Type").orElse(""))
        .startsWith("application/problem+json");
    JsonNode problem = json(answer);
    assertThat(problem.path("type").asString()).startsWith("urn:aye:problem:");
    assertThat(problem.path("detail").asString()).isNotBlank();
  }

  @Test
  void whatOptionsAreThereIsTold() throws Exception {
    HttpResponse<String> answer = send("OPTIONS", "/api/me", "", "");
    assertThat(answer.statusCode()).isEqualTo(204);
    assertThat(answer.headers().firstValue("Allow")).hasValue("POST");
  }

  /** Clients pad their base64url, and escape the padding as a form does. */
  @Test
  void aJoinRequestWithEscapedPaddingIsUnderstood() throws Exception {
    String token =
        json(post("/api/meetings/" + open() + "/participants", "", "{\"name\":\"A\"}"))
            .path("token")
            .asString();
    String padded = padded();
    assertThat(padded).endsWith("=");
    BlockingQueue<byte[]> received = new LinkedBlockingQueue<>();
    WebSocket socket =
        HTTP.newWebSocketBuilder()
            .buildAsync(
                URI.create(
                    server.url().replace("http:", "ws:")
                        + "/rtc/v1?access_token="
                        + token
                        + "&join_request="
                        + padded.replace("=", "%3D")),
                new WebSocket.Listener() {
                  @Override
                  public CompletionStage<?> onBinary(
                      WebSocket from, ByteBuffer data, boolean last) {
                    byte[] frame = new byte[data.remaining()];
                    data.get(frame);
                    received.add(frame);
                    from.request(1);
                    return CompletableFuture.completedFuture(null);
                  }
                })
            .get(20, TimeUnit.SECONDS);
    byte[] first = received.poll(20, TimeUnit.SECONDS);
    socket.abort();
    assertThat(LivekitRtc.SignalResponse.parseFrom(first).hasJoin()).isTrue();
  }

  /** A join request whose length needs padding. */
  private static String padded() {
    for (String version = "2"; ; version += "0") {
      byte[] wrapped =
          LivekitRtc.WrappedJoinRequest.newBuilder()
              .setJoinRequest(
                  LivekitRtc.JoinRequest.newBuilder()
                      .setClientInfo(LivekitModels.ClientInfo.newBuilder().setVersion(version))
                      .build()
                      .toByteString())
              .build()
              .toByteArray();
      if (wrapped.length % 3 != 0) {
        return Base64.getUrlEncoder().encodeToString(wrapped);
      }
    }
  }

  @Test
  void aBodyThatIsTooLargeIsRefused() throws Exception {
    HttpResponse<String> answer =
        post("/api/meetings", "", "{\"title\":\"" + "a".repeat(70_000) + "\"}");
    assertThat(answer.statusCode()).isEqualTo(413);
    assertThat(json(answer).path("type").asString()).isEqualTo("urn:aye:problem:too-large");
  }

  @Test
  void everyAnswerTellsTheBrowserWhatToKeepTo() throws Exception {
    HttpResponse<String> answer = get("/api/meetings/" + open(), "");
    assertThat(answer.headers().map())
        .containsEntry("x-content-type-options", List.of("nosniff"))
        .containsEntry("referrer-policy", List.of("no-referrer"))
        .containsEntry("content-usage", List.of("train-ai=n"))
        .containsKeys("content-security-policy", "permissions-policy");
  }

  @Test
  void plainHttpFromElsewhereSaysWhyAndHow() throws Exception {
    String page;
    try (Socket socket =
        new Socket(InetAddress.getLoopbackAddress(), URI.create(server.url()).getPort())) {
      socket
          .getOutputStream()
          .write(
              "GET / HTTP/1.1\r\nHost: meet.example.org\r\nConnection: close\r\n\r\n"
                  .getBytes(StandardCharsets.US_ASCII));
      page = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
    assertThat(page).contains("Aye needs HTTPS here", "--tls-cert");
  }

  @Test
  void aSecondServerOnTheFolderIsRefused() {
    assertThatThrownBy(() -> Server.start(AyeConfig.read(flags(), Map.of())))
        .isInstanceOf(Refusal.class)
        .hasMessageContaining("already");
  }

  @Test
  void nobodyElseOnTheMachineCanReadWhatIsKept() throws Exception {
    for (String file : List.of("aye.db", "aye.db-wal", "logs/aye.log", "origin", "aye.sock")) {
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(data.resolve(file))))
          .as(file)
          .isEqualTo("rw-------");
    }
  }

  @Test
  void noFileHoldsANameOrATitle() throws Exception {
    String id =
        json(post("/api/meetings", "", "{\"title\":\"Quixotic title\"}")).path("id").asString();
    post("/api/meetings/" + id + "/participants", "", "{\"name\":\"Zebedee Quark\"}");
    try (Stream<Path> files = Files.walk(data)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String bytes = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
        assertThat(bytes).as(file.toString()).doesNotContain("Quixotic", "Zebedee");
      }
    }
  }

  private static String open() throws Exception {
    return json(post("/api/meetings", "", "{}")).path("id").asString();
  }

  private static HttpResponse<String> get(String path, String authorization) throws Exception {
    return send("GET", path, authorization, "");
  }

  private static HttpResponse<String> post(String path, String authorization, String body)
      throws Exception {
    return send("POST", path, authorization, body);
  }

  private static HttpResponse<String> send(
      String method, String path, String authorization, String body)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(server.url() + path))
            .header("Content-Type", "application/json")
            .method(
                method,
                body.isEmpty()
                    ? HttpRequest.BodyPublishers.noBody()
                    : HttpRequest.BodyPublishers.ofString(body));
    if (!authorization.isEmpty()) {
      request.header("Authorization", authorization);
    }
    return HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  private static JsonNode json(HttpResponse<String> answer) {
    return JSON.readTree(answer.body());
  }
}
