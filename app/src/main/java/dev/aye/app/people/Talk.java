package dev.aye.app.people;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.function.BiConsumer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The REST side of a simulated person: the same calls as the page makes. */
final class Talk {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  /** The server refused: what it said. */
  static final class Refused extends IOException {
    private static final long serialVersionUID = 1;
    private final int status;

    Refused(int status, String detail) {
      super(status + " " + detail);
      this.status = status;
    }

    int status() {
      return status;
    }
  }

  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(5))
          .build();
  private final String base;

  Talk(String base) {
    this.base = base;
  }

  JsonNode get(String path, String authorization) throws IOException, InterruptedException {
    return json(send(request(path, authorization).GET().build()));
  }

  String text(String path) throws IOException, InterruptedException {
    return send(request(path, "").GET().build());
  }

  JsonNode post(String path, String authorization, Map<String, ?> body)
      throws IOException, InterruptedException {
    return json(send(request(path, authorization).POST(json(body)).build()));
  }

  JsonNode delete(String path, String authorization) throws IOException, InterruptedException {
    return json(send(request(path, authorization).DELETE().build()));
  }

  /** Reads server-sent events until the connection ends. */
  void events(String path, String authorization, BiConsumer<String, JsonNode> event)
      throws IOException, InterruptedException {
    HttpResponse<java.io.InputStream> response =
        http.send(
            HttpRequest.newBuilder(URI.create(base + path))
                .header("Authorization", authorization)
                .header("Accept", "text/event-stream")
                .GET()
                .build(),
            HttpResponse.BodyHandlers.ofInputStream());
    if (response.statusCode() != 200) {
      throw new Refused(response.statusCode(), "no events");
    }
    try (BufferedReader in =
        new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8))) {
      String name = "";
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        if (line.startsWith("event:")) {
          name = line.substring(6).strip();
        } else if (line.startsWith("data:")) {
          event.accept(name, JSON.readTree(line.substring(5).strip()));
        }
      }
    }
  }

  private HttpRequest.Builder request(String path, String authorization) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(base + path)).timeout(Duration.ofSeconds(30));
    if (!authorization.isEmpty()) {
      request.header("Authorization", authorization);
    }
    return request;
  }

  private static HttpRequest.BodyPublisher json(Map<String, ?> body) {
    return HttpRequest.BodyPublishers.ofByteArray(JSON.writeValueAsBytes(body));
  }

  private String send(HttpRequest request) throws IOException, InterruptedException {
    HttpRequest typed =
        HttpRequest.newBuilder(request, (name, value) -> true)
            .setHeader("Content-Type", "application/json")
            .build();
    HttpResponse<String> response =
        http.send(typed, HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8));
    if (response.statusCode() >= 300) {
      throw new Refused(response.statusCode(), response.body());
    }
    return response.body();
  }

  private static JsonNode json(String text) {
    return text.isEmpty() ? JSON.createObjectNode() : JSON.readTree(text);
  }
}
