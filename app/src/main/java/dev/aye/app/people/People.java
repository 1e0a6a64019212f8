package dev.aye.app.people;

import dev.aye.log.Hash;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A process of simulated people, directed over its standard streams: one JSON object a line, each
 * answered by one with the same {@code n}. It ends with its input. What its people know, the link
 * secret above all, is in no other process.
 */
public final class People {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final Talk talk;
  private final SecureRandom random = new SecureRandom();
  private final Clock clock = Clock.systemUTC();
  private final PrintStream out;
  private final Map<String, Person> people = new ConcurrentHashMap<>();
  private Person.@Nullable Invitation invitation;
  private String hostKey = "";

  private People(String server, PrintStream out) {
    this.talk = new Talk(server);
    this.out = out;
  }

  /** Takes the URL of the server as its only argument. */
  public static void main(String[] arguments) throws IOException {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    System.setOut(System.err);
    People people = new People(arguments[0], out);
    try (BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        JsonNode command = JSON.readTree(line);
        Thread.startVirtualThread(() -> people.answer(command));
      }
    }
    people.people.values().forEach(Person::close);
    System.exit(0);
  }

  private void answer(JsonNode command) {
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("n", command.path("n").asInt());
    try {
      answer.put("ok", perform(command));
    } catch (IOException | RuntimeException e) {
      answer.put("failed", e.getClass().getSimpleName() + ": " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return;
    }
    synchronized (out) {
      out.println(JSON.writeValueAsString(answer));
    }
  }

  private Object perform(JsonNode command) throws IOException, InterruptedException {
    String who = command.path("who").asString("");
    return switch (command.path("do").asString("")) {
      case "create" -> create(command.path("title").asString(""));
      case "join" -> join(who, command.path("host").asBoolean(false));
      case "show" -> {
        String film = command.path("film").asString("");
        person(who)
            .show(
                List.of(
                    Film.of(Path.of(film + "-q.ivf")),
                    Film.of(Path.of(film + "-h.ivf")),
                    Film.of(Path.of(film + "-f.ivf"))));
        yield Map.of();
      }
      case "answer" -> {
        person(who).answer(texts(command.path("yes")), texts(command.path("no")));
        yield Map.of();
      }
      case "say" -> {
        Voice voice =
            Voice.of(Path.of(command.path("voice").asString("")))
                .first(command.path("seconds").asInt(600));
        person(who).say(voice);
        yield Map.of("seconds", voice.seconds());
      }
      case "chat" -> {
        person(who).chat(command.path("text").asString(""));
        yield Map.of();
      }
      case "mute" -> {
        person(who).mute(command.path("on").asBoolean());
        yield Map.of();
      }
      case "withdraw" -> {
        String purpose = command.path("purpose").asString("");
        yield person(who)
            .withdraw(
                purpose.isEmpty() ? Optional.empty() : Optional.of(purpose),
                command.path("defiant").asBoolean(false));
      }
      case "account" -> person(who).account();
      case "notes" -> person(who).notes();
      case "report" -> person(who).report();
      case "leave" -> {
        person(who).close();
        people.remove(who);
        yield Map.of();
      }
      case "end" -> {
        talk.post("/api/meetings/" + invited().meeting() + "/end", "Bearer " + hostKey, Map.of());
        yield Map.of();
      }
      default -> throw new IllegalArgumentException("no such thing to do");
    };
  }

  private Map<String, Object> create(String title) throws IOException, InterruptedException {
    byte[] secret = new byte[32];
    random.nextBytes(secret);
    String door = Hash.sha256(Person.Invitation.knock(secret)).b64u();
    JsonNode opened = talk.post("/api/meetings", "", Map.of("title", title, "door", door));
    invitation = new Person.Invitation(opened.path("id").asString(""), secret);
    hostKey = opened.path("hostKey").asString("");
    return Map.of(
        "meeting",
        opened.path("id").asString(""),
        "link",
        opened.path("link").asString("") + "#" + Device.b64u(secret));
  }

  private Map<String, Object> join(String who, boolean host)
      throws IOException, InterruptedException {
    Person person =
        Person.join(
            talk, invited(), who, host ? Optional.of(hostKey) : Optional.empty(), random, clock);
    people.put(who, person);
    return person.report();
  }

  private Person.Invitation invited() {
    Person.Invitation to = invitation;
    if (to == null) {
      throw new IllegalStateException("there is no meeting yet");
    }
    return to;
  }

  private Person person(String who) {
    Person person = people.get(who);
    if (person == null) {
      throw new IllegalArgumentException("nobody of this name is in the meeting");
    }
    return person;
  }

  private static List<String> texts(JsonNode list) {
    List<String> texts = new ArrayList<>();
    list.forEach(text -> texts.add(text.asString("")));
    return texts;
  }
}
