package dev.aye.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aye.app.people.Visitor;
import dev.aye.consent.Choice;
import dev.aye.consent.Medium;
import dev.aye.consent.MeetingId;
import dev.aye.consent.Permit;
import dev.aye.consent.PersonId;
import dev.aye.consent.Purpose;
import dev.aye.consent.RecipientId;
import dev.aye.learn.Hypothesis;
import dev.aye.learn.Segment;
import dev.aye.vault.Slice;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.web.bind.annotation.RequestMethod;
import org.springframework.web.servlet.HandlerMapping;
import org.springframework.web.servlet.handler.AbstractUrlHandlerMapping;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerMapping;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The choice is private (mission C7): in a meeting where one person said yes and one said no, every
 * address of the server is called as the host, as somebody else, as nobody and as each of the two,
 * and the operator's commands too, and nothing that comes back tells the choice of another.
 *
 * <p>Two judges. What only its person may see (who they are by their key, handles, receipts, salts,
 * slips) is searched in every answer to somebody else. And the whole walk is done in two worlds,
 * which differ in which of the two said yes: to everybody but these two each answer must be the
 * same in both, so that no state, list or count can tell them apart. An address that this test does
 * not know fails it.
 *
 * <p>In each world the one who said yes also said a sentence that training may use, and the
 * operator makes a data set of it, trains on it and exports it. What the commands say is alike in
 * both worlds. What is exported is not, and cannot be: a data set holds the words of those who said
 * yes and the proof that they did, which whoever may open the data folder can read. Of the one who
 * said no it holds nothing.
 */
class EndpointWalkTest {
  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final List<String> PURPOSES = List.of("captions", "notes", "training");
  private static final Pattern DRAWN = Pattern.compile("[A-Za-z0-9+/_-]{12,}={0,2}|[0-9a-f]{8,}");
  private static final Pattern NUMBER = Pattern.compile("[0-9]+");

  @TempDir Path folder;

  /** One way to call an address. */
  private record Call(String path, String body) {}

  /** A server with a meeting in which {@code yes} and {@code no} have answered. */
  private final class World implements AutoCloseable {
    final Server server;
    final Path data;
    final String id;
    final String hostKey;
    final Visitor host;
    final Visitor first;
    final Visitor second;
    final Visitor other;
    final Visitor guest;
    final Map<String, StringBuilder> streams = new LinkedHashMap<>();
    private final List<Path> exports = new ArrayList<>();
    private final List<Thread> readers = new ArrayList<>();
    private final List<WebSocket> sockets = new ArrayList<>();

    World(String name, boolean firstSaysYes) throws Exception {
      data = folder.resolve(name);
      server =
          Server.start(
              AyeConfig.read(
                  Map.of(
                      "port", "0",
                      "data", data.toString(),
                      "address", "127.0.0.1",
                      "max-people", "10",
                      "trusted-proxies", "127.0.0.1"),
                  Map.of()));
      Visitor nobody = new Visitor(server.url());
      JsonNode meeting = JSON.readTree(nobody.call("POST", "/api/meetings", "", "{}").body());
      id = meeting.path("id").asString();
      hostKey = meeting.path("hostKey").asString();
      host = new Visitor(server.url()).join(id, "Host", Map.of("hostKey", hostKey));
      first = new Visitor(server.url()).join(id, "First", Map.of());
      second = new Visitor(server.url()).join(id, "Second", Map.of());
      other = new Visitor(server.url()).join(id, "Other", Map.of());
      guest = new Visitor(server.url()).join(id, "Guest", Map.of());
      for (Visitor visitor : List.of(host, first, second, other, guest)) {
        sockets.add(enter(visitor));
      }
      for (Map.Entry<String, Visitor> seat : seats().entrySet()) {
        streams.put(seat.getKey(), listen(seat.getValue()));
      }
      first.answers(all(firstSaysYes));
      second.answers(all(!firstSaysYes));
      speak(firstSaysYes ? first : second);
    }

    /** A sentence that may be used for training, as the companion hands it on. */
    private void speak(Visitor who) {
      Permit<Purpose.Training> permit =
          server
              .house()
              .consents()
              .permit(
                  new PersonId(who.person()),
                  new MeetingId(id),
                  Purpose.TRAINING,
                  Medium.VOICE,
                  RecipientId.COMPANION)
              .orElseThrow();
      String words = "The pier has a berth.";
      Segment segment =
          new Segment(
              Medium.VOICE,
              words,
              List.of(new Hypothesis(words, 0)),
              new byte[0],
              1_000,
              2_000,
              "model");
      assertThat(
              server
                  .house()
                  .vault()
                  .appendTraining(permit, new Slice(1_000, 2_000), segment.encode()))
          .isPresent();
      server.house().notebook().lookAt(new MeetingId(id));
    }

    private Map<String, Boolean> all(boolean yes) {
      Map<String, Boolean> all = new LinkedHashMap<>();
      PURPOSES.forEach(purpose -> all.put(purpose, yes));
      return all;
    }

    /** Everybody with a seat. */
    Map<String, Visitor> seats() {
      Map<String, Visitor> seats = new LinkedHashMap<>();
      seats.put("the host in the meeting", host);
      seats.put("another", other);
      seats.put("the first", first);
      seats.put("the second", second);
      return seats;
    }

    /** Whose secrets are not for this caller. */
    List<Visitor> others(String caller) {
      return switch (caller) {
        case "the first" -> List.of(second);
        case "the second" -> List.of(first);
        default -> List.of(first, second);
      };
    }

    /** Comes into the media room, and reads the first that comes back. */
    private WebSocket enter(Visitor visitor) throws Exception {
      CompletableFuture<String> joined = new CompletableFuture<>();
      WebSocket socket =
          HttpClient.newHttpClient()
              .newWebSocketBuilder()
              .buildAsync(
                  URI.create(
                      server.url().replace("http:", "ws:")
                          + "/rtc/v1?access_token="
                          + visitor.token()),
                  new WebSocket.Listener() {
                    @Override
                    public CompletionStage<?> onBinary(WebSocket from, ByteBuffer data, boolean l) {
                      byte[] frame = new byte[data.remaining()];
                      data.get(frame);
                      joined.complete(new String(frame, StandardCharsets.ISO_8859_1));
                      from.request(1);
                      return CompletableFuture.completedFuture(null);
                    }
                  })
              .get(20, TimeUnit.SECONDS);
      String told = joined.get(20, TimeUnit.SECONDS);
      for (Visitor someone : List.of(first, second)) {
        assertThat(told).doesNotContain(someone.secrets().toArray(String[]::new));
      }
      return socket;
    }

    /** Reads all events of a seat until the meeting is over. */
    private StringBuilder listen(Visitor visitor) throws Exception {
      StringBuilder told = new StringBuilder();
      CountDownLatch greeted = new CountDownLatch(1);
      HttpResponse<java.io.InputStream> response =
          HttpClient.newHttpClient()
              .send(
                  HttpRequest.newBuilder(
                          URI.create(server.url() + "/api/meetings/" + id + "/events"))
                      .header("Authorization", visitor.bearer())
                      .build(),
                  HttpResponse.BodyHandlers.ofInputStream());
      readers.add(
          Thread.startVirtualThread(() -> {
            try (BufferedReader in =
                new BufferedReader(
                    new InputStreamReader(response.body(), StandardCharsets.UTF_8))) {
              String last = "";
              for (String line = in.readLine(); line != null; line = in.readLine()) {
                told.append(line).append('\n');
                last = line.startsWith("event:") ? line : last;
                if (last.equals("event: mine")) {
                  greeted.countDown();
                }
                if (last.equals("event: ended")) {
                  return;
                }
              }
            } catch (java.io.IOException gone) {
              told.append("the stream broke off");
            }
          }));
      assertThat(greeted.await(20, TimeUnit.SECONDS)).isTrue();
      return told;
    }

    /** What each seat was told live, once the meeting has ended. */
    Map<String, String> told() throws InterruptedException {
      for (Thread reader : readers) {
        assertThat(reader.join(java.time.Duration.ofSeconds(20))).isTrue();
      }
      Map<String, String> told = new LinkedHashMap<>();
      streams.forEach((caller, text) -> told.put(caller, text.toString()));
      return told;
    }

    /** The same words in both worlds, unless they tell something: names for what is drawn. */
    String plain(String text) {
      String plain =
          text.replace(first.participant(), "<first>")
              .replace(second.participant(), "<second>")
              .replace(host.participant(), "<host>")
              .replace(other.participant(), "<other>")
              .replace(guest.participant(), "<guest>")
              .replace(id, "<meeting>")
              .replace(data.toString(), "<data>");
      return NUMBER
          .matcher(DRAWN.matcher(plain).replaceAll("*"))
          .replaceAll("#")
          .transform(World::anyProof);
    }

    /** How many hashes a proof has depends on how far the log has got, as its size does. */
    private static String anyProof(String answer) {
      return answer.contains("c#sp.*@v#\nindex #\n")
          ? answer.replaceAll("(\\*\n){2,}", "*\n")
          : answer;
    }

    @Override
    public void close() {
      sockets.forEach(WebSocket::abort);
      server.close();
    }
  }

  /** How each address is called. The end of the meeting comes last, then all that reads again. */
  private static Map<String, List<Call>> known(World world) throws Exception {
    String meeting = "/api/meetings/" + world.id;
    Map<String, List<Call>> known = new LinkedHashMap<>();
    known.put("POST /api/meetings", calls("/api/meetings", "{}"));
    known.put("GET /api/meetings/{id}", calls(meeting, ""));
    known.put(
        "PATCH /api/meetings/{id}",
        calls(meeting, "{\"purposes\":[\"captions\",\"notes\",\"training\"]}"));
    known.put(
        "POST /api/meetings/{id}/participants",
        List.of(
            new Call(meeting + "/participants", "{\"name\":\"More\"}"),
            new Call(
                meeting + "/participants",
                "{\"name\":\"More\",\"device\":\"" + world.other.joinProof() + "\"}")));
    known.put("GET /api/meetings/{id}/events", calls(meeting + "/events?none", ""));
    known.put(
        "POST /api/meetings/{id}/answers",
        calls(meeting + "/answers", world.guest.answer(Map.of("notes", false))));
    known.put(
        "POST /api/meetings/{id}/streams",
        calls(meeting + "/streams", "{\"recipient\":\"companion\",\"wrappedKey\":\"AAAA\"}"));
    known.put("DELETE /api/meetings/{id}/streams", calls(meeting + "/streams", ""));
    known.put("GET /api/meetings/{id}/notes", calls(meeting + "/notes", ""));
    known.put(
        "POST /api/meetings/{id}/mute",
        List.of(
            new Call(meeting + "/mute", who(world.first)),
            new Call(meeting + "/mute", who(world.second))));
    known.put("POST /api/meetings/{id}/remove", calls(meeting + "/remove", who(world.guest)));
    known.put(
        "POST /api/withdrawals",
        calls("/api/withdrawals", "{\"secret\":\"" + "A".repeat(43) + "\"}"));
    known.put("POST /api/me", calls("/api/me", ""));
    known.put(
        "POST /api/me/withdrawals",
        calls("/api/me/withdrawals", "{\"handle\":\"" + "A".repeat(43) + "\"}"));
    known.put(
        "GET /log/{*path}",
        List.of(
            new Call("/log/checkpoint", ""),
            new Call("/log/tile/0/000.p/" + world.server.house().log().size(), ""),
            new Call("/log/tile/entries/000.p/" + world.server.house().log().size(), "")));
    List<Call> proofs = new ArrayList<>();
    for (long index = 0; index < world.server.house().log().size(); index++) {
      proofs.add(new Call("/log/proof?index=" + index, ""));
    }
    known.put("GET /log/proof", proofs);
    known.put("GET /log/vkey", calls("/log/vkey", ""));
    known.put("GET /log/witnesses", calls("/log/witnesses", ""));
    known.put("GET /api/build", calls("/api/build", ""));
    known.put("GET /api/notices", calls("/api/notices", ""));
    known.put(
        "GET /api/notices/difference",
        calls("/api/notices/difference?from=" + "A".repeat(43) + "&to=" + "A".repeat(43), ""));
    known.put("GET /api/notices/{hash}", calls("/api/notices/" + "A".repeat(43), ""));
    known.put("GET /healthz", calls("/healthz", ""));
    known.put("ANY /rtc/v1", calls("/rtc/v1", ""));
    known.put("GET /rtc/v1/validate", calls("/rtc/v1/validate", ""));
    for (String page : List.of("/", "/me", "/me/receipt", "/withdraw", "/transparency")) {
      known.put("GET " + page, calls(page, ""));
    }
    known.put("GET /me/receipt/{id}", calls("/me/receipt/AAAAAAAAAAAAAAAAAAAAAA", ""));
    known.put("GET /m/{id}", calls("/m/" + world.id, ""));
    known.put("GET /i/{id}", calls("/i/" + world.id, ""));
    known.put("GET /m/{id}/after", calls("/m/" + world.id + "/after", ""));
    known.put("ANY /error", calls("/error", ""));
    known.put("ANY /{*path}", calls("/nothing", ""));
    known.put("OPTIONS /{*path}", calls("/api/me", ""));
    known.put("POST /api/meetings/{id}/end", calls(meeting + "/end", ""));
    return known;
  }

  private static List<Call> calls(String path, String body) {
    return List.of(new Call(path, body));
  }

  private static String who(Visitor visitor) {
    return "{\"participantId\":\"" + visitor.participant() + "\"}";
  }

  /** Every address of the running server, as {@code METHOD /path}. */
  private static Set<String> addresses(Server server) {
    Set<String> addresses = new TreeSet<>();
    server.mappings().forEach((bean, mapping) -> addresses.addAll(addresses(bean, mapping)));
    return addresses;
  }

  private static Set<String> addresses(String bean, HandlerMapping mapping) {
    Set<String> addresses = new TreeSet<>();
    switch (mapping) {
      case RequestMappingHandlerMapping methods ->
          methods
              .getHandlerMethods()
              .keySet()
              .forEach(info -> {
                Set<String> verbs = new TreeSet<>();
                for (RequestMethod method : info.getMethodsCondition().getMethods()) {
                  verbs.add(method.name());
                }
                for (String verb : verbs.isEmpty() ? Set.of("ANY") : verbs) {
                  info.getPatternValues().forEach(path -> addresses.add(verb + " " + path));
                }
              });
      case AbstractUrlHandlerMapping paths ->
          paths.getHandlerMap().keySet().forEach(path -> addresses.add("ANY " + path));
      default -> {
        if (!Set.of("routerFunctionMapping", "welcomePageHandlerMapping").contains(bean)) {
          addresses.add("whatever " + bean + " answers");
        }
      }
    }
    return addresses;
  }

  @Test
  void everyAddressIsKnownToThisTest() throws Exception {
    try (World world = new World("known", true)) {
      Set<String> there = addresses(world.server);
      Set<String> known = known(world).keySet();
      for (String address : there) {
        assertThat(known)
            .as(
                "The server answers %s, and nothing shows that it tells nobody's choice:"
                    + " say in EndpointWalkTest.known how it is called.",
                address)
            .contains(address);
      }
      assertThat(there).as("what this test knows is there").containsAll(known);
    }
  }

  @Test
  void noAnswerTellsTheChoiceOfAnother() throws Exception {
    Map<String, String> one = walk("one", true);
    Map<String, String> mirrored = walk("mirrored", false);
    assertThat(one.keySet()).isEqualTo(mirrored.keySet());
    one.forEach((call, answer) ->
        assertThat(mirrored.get(call))
            .as("%s is answered alike, whichever of the two said yes", call)
            .isEqualTo(answer));
    assertThat(one).hasSizeGreaterThan(200);
  }

  /** Neither host nor operator nor anybody else can answer for somebody (mission C1). */
  @Test
  void nobodyAnswersForSomebodyElse() throws Exception {
    try (World world = new World("answering", true)) {
      List<PersonId> both =
          List.of(new PersonId(world.first.person()), new PersonId(world.second.person()));
      Map<PersonId, List<Choice>> before = choices(world, both);
      String answers = "/api/meetings/" + world.id + "/answers";
      Map<String, Boolean> no = Map.of("notes", false);
      String own = world.first.answer(no);
      List<String> bodies = new ArrayList<>(List.of(own));
      for (Visitor signer : List.of(world.host, world.other, world.second)) {
        bodies.add(signer.answerAs(world.first.participant(), no));
        bodies.add(signer.answerAs(world.first.participant(), Map.of("captions", true)));
      }
      for (String body : bodies) {
        Map<String, String> callers = callers(world, "POST", new Call(answers, body));
        if (body.equals(own)) {
          callers.remove("the first");
        }
        for (Map.Entry<String, String> caller : callers.entrySet()) {
          HttpResponse<String> answer = world.other.call("POST", answers, caller.getValue(), body);
          assertThat(answer.statusCode())
              .as("%s brings an answer for the first", caller.getKey())
              .isBetween(400, 499)
              .isNotEqualTo(429);
        }
      }
      Map<String, List<Call>> known = known(world);
      known.remove("POST /api/meetings/{id}/end");
      for (Map.Entry<String, List<Call>> address : known.entrySet()) {
        String verb = address.getKey().split(" ", 2)[0].replace("ANY", "GET");
        for (Call call : address.getValue()) {
          Map<String, String> callers = callers(world, verb, call);
          callers.keySet().removeAll(Set.of("the first", "the second"));
          for (String authorization : callers.values()) {
            world.other.call(verb, call.path(), authorization, call.body());
          }
        }
      }
      for (String command : Workbench.COMMANDS) {
        operator(world, command);
      }
      assertThat(choices(world, both)).isEqualTo(before);
      assertThat(world.first.call("POST", answers, world.first.bearer(), own).statusCode())
          .as("the same receipt from the seat of its person")
          .isEqualTo(201);
      assertThat(choices(world, both)).isNotEqualTo(before);
    }
  }

  private static Map<PersonId, List<Choice>> choices(World world, List<PersonId> people) {
    Map<PersonId, List<Choice>> choices = new LinkedHashMap<>();
    people.forEach(p -> choices.put(p, world.server.house().consents().choices(p)));
    return choices;
  }

  /** The judge must be able to see: what is a person's own does come to themself. */
  @Test
  void whatIsSearchedForIsFoundByItsPerson() throws Exception {
    try (World world = new World("own", true)) {
      String own =
          world.first.call("POST", "/api/me", world.first.proof("POST", "/api/me"), "").body();
      assertThat(own).contains(world.first.person());
      assertThat(world.first.secrets().stream().filter(own::contains).count()).isGreaterThan(5);
      String others =
          world.second.call("POST", "/api/me", world.second.proof("POST", "/api/me"), "").body();
      assertThat(others).doesNotContain(world.first.secrets().toArray(String[]::new));
    }
  }

  /** All answers to those who are neither of the two, by who called what. */
  private Map<String, String> walk(String name, boolean firstSaysYes) throws Exception {
    Map<String, String> answers = new TreeMap<>();
    try (World world = new World(name, firstSaysYes)) {
      Map<String, List<Call>> known = known(world);
      for (String round : List.of("during", "after")) {
        for (Map.Entry<String, List<Call>> address : known.entrySet()) {
          String verb = address.getKey().split(" ", 2)[0].replace("ANY", "GET");
          int nth = 0;
          for (Call call : address.getValue()) {
            nth++;
            for (Map.Entry<String, String> caller : callers(world, verb, call).entrySet()) {
              HttpResponse<String> answer =
                  world.other.call(verb, call.path(), caller.getValue(), call.body());
              String what = caller.getKey() + ": " + address.getKey() + " " + nth + " " + round;
              assertThat(answer.statusCode()).as(what).isNotEqualTo(429);
              String seen = answer.statusCode() + " " + answer.headers().map() + answer.body();
              judge(world, caller.getKey(), what, seen);
              if (!caller.getKey().startsWith("the first")
                  && !caller.getKey().startsWith("the second")) {
                String type = answer.headers().firstValue("Content-Type").orElse("");
                String body =
                    type.contains("octet-stream")
                        ? answer.body().length() + " bytes"
                        : world.plain(answer.body());
                answers.put(what, answer.statusCode() + " " + type + " " + body);
              }
            }
          }
        }
        for (String command : Workbench.COMMANDS) {
          String told = operator(world, command);
          judge(world, "the operator", command, told);
          answers.put("the operator: " + command + " " + round, world.plain(told));
        }
      }
      assertThat(answers.get("the operator: dataset list after")).contains("\"rows\":");
      assertThat(answers.get("the operator: model list after")).contains("\"dataset\":");
      assertThat(answers.get("the operator: model replay after")).contains("\"same\":true");
      Visitor yes = firstSaysYes ? world.first : world.second;
      Visitor no = firstSaysYes ? world.second : world.first;
      assertThat(world.exports).isNotEmpty();
      for (int i = 0; i < world.exports.size(); i++) {
        Map<String, String> files = files(world.exports.get(i));
        answers.put("the operator: names of files " + i, world.plain(files.keySet().toString()));
        String all = String.join("\n", files.values());
        assertThat(yes.secrets().stream().filter(all::contains))
            .as("the proof that the data set may be used")
            .isNotEmpty();
        assertThat(all).doesNotContain(no.secrets().toArray(String[]::new));
      }
      world
          .told()
          .forEach((caller, told) -> {
            judge(world, caller, "events", told);
            if (!caller.startsWith("the first") && !caller.startsWith("the second")) {
              assertThat(told).contains("requested").doesNotContain("\"given\"", "\"refused\"");
            }
          });
    }
    return answers;
  }

  /** What is in a folder, each byte a character. */
  private static Map<String, String> files(Path folder) throws IOException {
    Map<String, String> files = new TreeMap<>();
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        files.put(
            folder.relativize(file).toString(),
            Files.readString(file, StandardCharsets.ISO_8859_1));
      }
    }
    return files;
  }

  private static void judge(World world, String caller, String what, String seen) {
    for (Visitor someone : world.others(caller)) {
      assertThat(seen).as(what).doesNotContain(someone.secrets().toArray(String[]::new));
    }
  }

  /** Everybody who calls, with what they show. */
  private static Map<String, String> callers(World world, String verb, Call call) {
    Map<String, String> callers = new LinkedHashMap<>();
    callers.put("nobody", "");
    callers.put("the host", "Bearer " + world.hostKey);
    boolean streams = call.path().contains("/events");
    world
        .seats()
        .forEach((name, visitor) -> {
          if (!streams) { // they listen all the time, see World.listen
            callers.put(name, visitor.bearer());
          }
        });
    if (call.path().startsWith("/api/me") && !call.path().startsWith("/api/meetings")) {
      callers.clear();
      callers.put("nobody", "");
      callers.put("the host", "Bearer " + world.hostKey);
      world.seats().forEach((name, visitor) -> callers.put(name, visitor.proof(verb, call.path())));
    }
    return callers;
  }

  /** What a command of the operator says; each takes what those before it made. */
  private static String operator(World world, String command) throws Exception {
    Path export = Path.of(world.data + "-export-" + world.exports.size());
    Map<String, String> asked = new LinkedHashMap<>();
    asked.put("command", command);
    switch (command) {
      case "dataset export" -> asked.put("to", export.toString());
      case "model replay" ->
          asked.put("id", world.server.house().learning().models().list().getLast().id());
      case "backup" -> asked.put("to", world.data + "-backup");
      default -> {
        // takes nothing, or the newest that there is
      }
    }
    try {
      String told = ControlSocket.ask(world.data, asked).orElseThrow().toString();
      if (command.equals("dataset export")) {
        world.exports.add(export);
      }
      return told;
    } catch (Refusal refused) {
      return "refused: " + refused.getMessage();
    }
  }
}
