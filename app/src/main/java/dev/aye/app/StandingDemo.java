package dev.aye.app;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;

/**
 * The standing demo meeting: three simulated people in a process of their own who talk and show
 * moving pictures, over and over. They make the meeting and draw its link secret; the server only
 * passes the link on to the terminal.
 */
final class StandingDemo implements AutoCloseable {
  private static final Logger logger = LoggerFactory.getLogger(StandingDemo.class);
  private static final List<String> PURPOSES = List.of("captions", "notes", "training");

  private final Crowd crowd;
  private final Path home;

  private StandingDemo(Crowd crowd, Path home) {
    this.crowd = crowd;
    this.home = home;
  }

  /**
   * Starts the demo.
   *
   * @param meeting told the id of the meeting, so that its pages can say what it is
   * @param link told the link for the person at the terminal
   */
  static StandingDemo start(
      String server, Path errors, Consumer<String> meeting, Consumer<String> link)
      throws IOException {
    Path home = Path.of(System.getProperty("aye.home", ".")).toAbsolutePath();
    StandingDemo demo = new StandingDemo(Crowd.start(server, errors), home);
    Thread.ofVirtual().name("aye-demo").start(() -> demo.hold(meeting, link));
    return demo;
  }

  private void hold(Consumer<String> meeting, Consumer<String> link) {
    try {
      JsonNode made = crowd.ask("create", "", Map.of("title", "Demo"));
      meeting.accept(made.path("meeting").asString(""));
      link.accept(made.path("link").asString(""));
      join("Anna", "one");
      join("Bram", "two");
      join("Chris", "three");
      crowd.ask("answer", "Anna", Map.of("yes", PURPOSES));
      crowd.ask("answer", "Bram", Map.of("no", PURPOSES));
      crowd.ask("answer", "Chris", Map.of("yes", PURPOSES));
      while (true) {
        say("Anna", "yes");
        say("Bram", "no");
        say("Chris", "withdrawn");
        Thread.sleep(3_000);
      }
    } catch (IOException e) {
      logger.error("The demo meeting cannot go on: {}", e.getClass().getName());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Each is a host: by that the server knows whose words every visitor may read. */
  private void join(String who, String film) throws IOException, InterruptedException {
    crowd.ask("join", who, Map.of("host", true));
    crowd.ask("show", who, Map.of("film", home.resolve("demo-media").resolve(film).toString()));
  }

  private void say(String who, String voice) throws IOException, InterruptedException {
    crowd.ask(
        "say", who, Map.of("voice", home.resolve("speech").resolve(voice + ".wav").toString()));
  }

  @Override
  public void close() {
    crowd.close();
  }
}
