package dev.aye.app;

import dev.aye.app.people.People;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The one who directs a process of simulated people ({@link People}). The process ends with this
 * one: it reads until its input closes.
 */
final class Crowd implements AutoCloseable {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  /** Somebody in the crowd could not do what was asked. */
  static final class Failed extends IOException {
    private static final long serialVersionUID = 1;

    Failed(String what) {
      super(what);
    }
  }

  private final Process process;
  private final BufferedWriter in;
  private final AtomicInteger numbers = new AtomicInteger();
  private final Map<Integer, CompletableFuture<JsonNode>> asked = new ConcurrentHashMap<>();

  private Crowd(Process process) {
    this.process = process;
    this.in =
        new BufferedWriter(
            new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8));
  }

  /** Starts a process of people who meet at this server. */
  static Crowd start(String server, Path errors) throws IOException {
    Process process =
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "--enable-native-access=ALL-UNNAMED",
                    "--sun-misc-unsafe-memory-access=allow",
                    "-XX:+UseSerialGC",
                    "-Xmx384m",
                    "-cp",
                    System.getProperty("java.class.path"),
                    People.class.getName(),
                    server))
            .redirectError(ProcessBuilder.Redirect.appendTo(errors.toFile()))
            .start();
    Crowd crowd = new Crowd(process);
    Thread.ofVirtual().name("aye-crowd").start(crowd::listen);
    return crowd;
  }

  private void listen() {
    try (BufferedReader out =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = out.readLine(); line != null; line = out.readLine()) {
        JsonNode answer = JSON.readTree(line);
        CompletableFuture<JsonNode> waiting = asked.remove(answer.path("n").asInt());
        if (waiting != null) {
          waiting.complete(answer);
        }
      }
    } catch (IOException | JacksonException e) {
      asked.values().forEach(waiting -> waiting.completeExceptionally(e));
      return;
    }
    asked
        .values()
        .forEach(waiting -> waiting.completeExceptionally(new Failed("the people have gone away")));
  }

  /** Begins to have somebody do something. */
  CompletableFuture<JsonNode> begin(String what, String who, Map<String, ?> more) {
    int number = numbers.incrementAndGet();
    Map<String, Object> command = new LinkedHashMap<>(more);
    command.put("n", number);
    command.put("do", what);
    command.put("who", who);
    CompletableFuture<JsonNode> answer = new CompletableFuture<>();
    asked.put(number, answer);
    try {
      synchronized (in) {
        in.write(JSON.writeValueAsString(command));
        in.newLine();
        in.flush();
      }
    } catch (IOException e) {
      answer.completeExceptionally(e);
    }
    return answer.thenApply(node -> {
      if (node.has("failed")) {
        throw new UncheckedIOException(new Failed(node.path("failed").asString("")));
      }
      return node.path("ok");
    });
  }

  /** Has somebody do something and waits until it is done, a minute or two at most. */
  JsonNode ask(String what, String who, Map<String, ?> more)
      throws IOException, InterruptedException {
    return await(begin(what, who, more), what);
  }

  static JsonNode await(CompletableFuture<JsonNode> begun, String what)
      throws IOException, InterruptedException {
    try {
      return begun.get(120, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      throw new Failed(
          what + ": " + (cause == null ? "unknown" : String.valueOf(cause.getMessage())));
    } catch (TimeoutException e) {
      throw new Failed(what + ": not done within two minutes");
    }
  }

  @Override
  public void close() {
    try {
      in.close();
    } catch (IOException gone) {
      process.destroy();
    }
    try {
      if (!process.waitFor(5, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
