package dev.aye.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aye.app.people.Visitor;
import java.io.BufferedReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Who is in the room, who was, and who was put out: over HTTP, as the pages do it. */
@Timeout(60)
class RoomRulesTest {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  @TempDir static Path data;
  private static Server server;

  private String id;
  private String hostKey;
  private Visitor guest;
  private Visitor other;

  @BeforeAll
  static void start() {
    server =
        Server.start(
            AyeConfig.read(
                Map.of(
                    "port", "0",
                    "data", data.toString(),
                    "address", "127.0.0.1",
                    "trusted-proxies", "127.0.0.1"),
                Map.of()));
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @BeforeEach
  void meet() throws Exception {
    Visitor nobody = new Visitor(server.url());
    JsonNode meeting = JSON.readTree(nobody.call("POST", "/api/meetings", "", "{}").body());
    id = meeting.path("id").asString();
    hostKey = meeting.path("hostKey").asString();
    guest = new Visitor(server.url()).join(id, "Guest", Map.of());
    other = new Visitor(server.url()).join(id, "Other", Map.of());
  }

  /** Comes into the media room; done when the server has closed the connection again. */
  private CompletableFuture<Void> enter(Visitor visitor) throws Exception {
    CompletableFuture<Void> over = new CompletableFuture<>();
    CompletableFuture<Void> joined = new CompletableFuture<>();
    HttpClient.newHttpClient()
        .newWebSocketBuilder()
        .buildAsync(
            URI.create(
                server.url().replace("http:", "ws:") + "/rtc/v1?access_token=" + visitor.token()),
            new WebSocket.Listener() {
              @Override
              public CompletionStage<?> onBinary(
                  WebSocket from, java.nio.ByteBuffer frame, boolean last) {
                joined.complete(null);
                from.request(1);
                return CompletableFuture.completedFuture(null);
              }

              @Override
              public CompletionStage<?> onClose(WebSocket from, int code, String reason) {
                over.complete(null);
                return CompletableFuture.completedFuture(null);
              }
            })
        .get(20, TimeUnit.SECONDS);
    joined.get(20, TimeUnit.SECONDS);
    return over;
  }

  /** The events of a seat, after its greeting. */
  private BufferedReader events(Visitor visitor) throws Exception {
    HttpResponse<InputStream> response =
        HttpClient.newHttpClient()
            .send(
                HttpRequest.newBuilder(URI.create(server.url() + "/api/meetings/" + id + "/events"))
                    .header("Authorization", visitor.bearer())
                    .build(),
                HttpResponse.BodyHandlers.ofInputStream());
    assertThat(response.statusCode()).isEqualTo(200);
    BufferedReader in =
        new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8));
    until(in, "event: mine");
    in.readLine();
    return in;
  }

  /** The lines up to this one; all there are when it never comes. */
  private static List<String> until(BufferedReader in, String line) throws Exception {
    List<String> read = new ArrayList<>();
    for (String next = in.readLine(); next != null; next = in.readLine()) {
      read.add(next);
      if (next.equals(line)) {
        return read;
      }
    }
    return read;
  }

  @Test
  void notesAreNotForSomebodyWhoNeverCameIn() throws Exception {
    HttpResponse<String> outside =
        guest.call("GET", "/api/meetings/" + id + "/notes", guest.bearer(), "");
    assertThat(outside.statusCode()).isEqualTo(403);
    assertThat(JSON.readTree(outside.body()).path("type").asString())
        .isEqualTo("urn:aye:problem:not-there");

    var _ = enter(guest);
    assertThat(guest.call("GET", "/api/meetings/" + id + "/notes", guest.bearer(), "").statusCode())
        .isEqualTo(200);
    assertThat(guest.call("GET", "/api/meetings/" + id + "/notes", other.bearer(), "").statusCode())
        .isEqualTo(403);
    assertThat(hostsNotes()).as("the host was not there either").isEqualTo(403);
    var _ = enter(new Visitor(server.url()).join(id, "Host", Map.of("hostKey", hostKey)));
    assertThat(hostsNotes()).isEqualTo(200);
  }

  private int hostsNotes() throws Exception {
    return guest
        .call("GET", "/api/meetings/" + id + "/notes", "Bearer " + hostKey, "")
        .statusCode();
  }

  @Test
  void whoIsPutOutHearsTheEndAndNothingAfterIt() throws Exception {
    CompletableFuture<Void> media = enter(guest);
    var _ = enter(other);
    BufferedReader theirs = events(guest);
    BufferedReader others = events(other);
    HttpResponse<String> removed =
        guest.call(
            "POST",
            "/api/meetings/" + id + "/remove",
            "Bearer " + hostKey,
            "{\"participantId\":\"" + guest.participant() + "\"}");
    assertThat(removed.statusCode()).isEqualTo(204);

    List<String> told = until(theirs, "nothing like this comes");
    assertThat(told).contains("event: ended", "data: {}");
    assertThat(told.lastIndexOf("event: ended")).isEqualTo(told.size() - 3); // data, empty line
    media.get(20, TimeUnit.SECONDS);
    for (String path : List.of("/events", "/notes")) {
      assertThat(guest.call("GET", "/api/meetings/" + id + path, guest.bearer(), "").statusCode())
          .isEqualTo(401);
    }

    server.house().events().all(id, "marker", Map.of());
    assertThat(until(others, "event: marker"))
        .contains("event: marker")
        .doesNotContain("event: ended");
  }

  /** What every page is told, as it stands now. */
  private Says.AiState sign() {
    House house = server.house();
    Meetings.Seat seat = house.meetings().participant(guest.participant()).orElseThrow();
    return house.gatherings().greet(seat).stream()
        .filter(event -> event.name().equals("ai"))
        .map(event -> (Says.AiState) event.data())
        .findFirst()
        .orElseThrow();
  }

  /** Says yes to captions and opens the stream of it. */
  private void isHeard(Visitor visitor) throws Exception {
    visitor.answers(Map.of("captions", true));
    JsonNode meeting = JSON.readTree(visitor.call("GET", "/api/meetings/" + id, "", "").body());
    byte[] point =
        Base64.getUrlDecoder()
            .decode(meeting.path("ai").path("recipients").path(0).path("key").asString());
    String wrapped =
        Base64.getUrlEncoder()
            .withoutPadding()
            .encodeToString(Visitor.wrapped(new byte[32], point, id, visitor.participant()));
    HttpResponse<String> opened =
        visitor.call(
            "POST",
            "/api/meetings/" + id + "/streams",
            visitor.bearer(),
            "{\"recipient\":\"companion\",\"wrappedKey\":\"" + wrapped + "\"}");
    assertThat(opened.statusCode()).as(opened.body()).isEqualTo(201);
  }

  @Test
  void thatPartIsNotCapturedDoesNotTellWhatSomebodyWhoComesOrChangesTheirMindChose()
      throws Exception {
    assertThat(sign().partial()).as("nobody was there").isFalse();
    BufferedReader told = events(guest);
    var _ = enter(guest);
    until(told, "data: {\"listening\":false,\"partial\":true,\"recipients\":[]}");
    isHeard(guest);
    assertThat(sign().listening()).isTrue();
    assertThat(sign().partial()).as("all who are there agreed").isTrue();

    var _ = enter(other);
    assertThat(sign().partial()).as("somebody came").isTrue();
    isHeard(other);
    assertThat(sign().partial()).as("and agreed").isTrue();
    assertThat(
            other
                .call("DELETE", "/api/meetings/" + id + "/streams", other.bearer(), "")
                .statusCode())
        .isEqualTo(204);
    assertThat(sign().partial()).as("and no longer").isTrue();
  }

  @Test
  void whatMayNotBeShownAnyMoreIsNotWrittenToThePage() throws Exception {
    BufferedReader in = events(guest);
    Events events = server.house().events();
    events.gated(id, reader -> Optional.of(new Events.Event("caption", "withdrawn", () -> false)));
    events.gated(id, reader -> Optional.of(new Events.Event("caption", "granted", () -> true)));
    events.all(id, "marker", Map.of());
    assertThat(until(in, "event: marker"))
        .contains("data: \"granted\"")
        .doesNotContain("data: \"withdrawn\"");
  }
}
