package dev.aye.app;

import dev.aye.app.people.Answerer;
import dev.aye.consent.Consents;
import dev.aye.consent.Medium;
import dev.aye.consent.MeetingId;
import dev.aye.consent.Permit;
import dev.aye.consent.PersonId;
import dev.aye.consent.Purpose;
import dev.aye.consent.RecipientId;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/**
 * How long a yes takes to count and a withdrawal to be in effect: a real server on a folder of its
 * own, asked over HTTP by one person after another, without witnesses.
 */
final class ConsentBench {
  private static final int WARM_UP = 100;
  private static final int SEATS = 25;

  private ConsentBench() {}

  /**
   * What was measured, in milliseconds.
   *
   * @param grant from sending a signed receipt until its permit is live
   * @param dead from sending a slip until the permit is dead and its holders are told
   * @param promised from sending a slip until the signed promise is read
   */
  record Figures(int answers, Times grant, Times dead, Times promised) {
    @Override
    public String toString() {
      return String.format(
          Locale.ROOT,
          "%,d answers, one after the other, over HTTP and into the log%n"
              + "signed receipt to live permit: %s%n"
              + "slip to dead permit: %s%n"
              + "slip to signed promise: %s",
          answers,
          grant,
          dead,
          promised);
    }
  }

  record Times(double p50, double p99, double most) {
    static Times of(List<Long> nanos) {
      long[] sorted = nanos.stream().mapToLong(Long::longValue).sorted().toArray();
      return new Times(
          at(sorted, 0.5), at(sorted, 0.99), Arrays.stream(sorted).max().orElse(0) / 1e6);
    }

    private static double at(long[] sorted, double share) {
      return sorted[(int) Math.min(sorted.length - 1L, Math.round(share * sorted.length))] / 1e6;
    }

    @Override
    public String toString() {
      return String.format(Locale.ROOT, "p50 %.1f ms, p99 %.1f ms, most %.1f ms", p50, p99, most);
    }
  }

  static Figures run(int answers) throws IOException, InterruptedException {
    Path folder = Files.createTempDirectory("aye-consent-bench-");
    AyeConfig config =
        AyeConfig.read(
            Map.of(
                "port", "0",
                "address", "127.0.0.1",
                "trusted-proxies", "127.0.0.1",
                "data", folder.toString()),
            Map.of());
    try (Server server = Server.start(config);
        HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
      return measure(server, http, answers);
    } finally {
      try (Stream<Path> files = Files.walk(folder)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  private static Figures measure(Server server, HttpClient http, int answers)
      throws IOException, InterruptedException {
    Consents consents = server.house().consents();
    List<Long> grant = new ArrayList<>();
    List<Long> dead = new ArrayList<>();
    List<Long> promised = new ArrayList<>();
    SecureRandom random = new SecureRandom();
    String meeting = "";
    int warmUp = Math.min(WARM_UP, answers);
    for (int i = 0; i < warmUp + answers; i++) {
      if (i % SEATS == 0) {
        meeting =
            server
                .house()
                .gatherings()
                .open("", List.of("notes"), false, Optional.empty())
                .meeting()
                .id();
      }
      String address = "192.0.2." + i % 200;
      Answerer somebody =
          new Answerer(http, server.url(), address, random, Clock.systemUTC()).join(meeting, false);
      Answerer.Draft draft = somebody.draft("en", new Answerer.Said("notes", "voice", true));
      byte[] body = somebody.body(somebody.sign(draft.payload()));

      long clicked = System.nanoTime();
      HttpResponse<String> answered = somebody.answer(body);
      Permit<Purpose.Notes> permit =
          consents
              .permit(
                  new PersonId(somebody.person()),
                  new MeetingId(meeting),
                  Purpose.NOTES,
                  Medium.VOICE,
                  RecipientId.COMPANION)
              .orElseThrow(() -> new IOException("nothing was granted: " + answered.body()));
      long live = System.nanoTime();

      CompletableFuture<Long> ended = new CompletableFuture<>();
      permit.onEnd(() -> ended.complete(System.nanoTime()));
      long slip = System.nanoTime();
      HttpResponse<String> withdrawn = somebody.withdraw(draft.secrets().getFirst());
      long promise = System.nanoTime();
      if (withdrawn.statusCode() != 200 || permit.live(System.currentTimeMillis())) {
        throw new IOException("the withdrawal did not end the permit: " + withdrawn.body());
      }
      if (i >= warmUp) {
        grant.add(live - clicked);
        dead.add(told(ended) - slip);
        promised.add(promise - slip);
      }
    }
    return new Figures(answers, Times.of(grant), Times.of(dead), Times.of(promised));
  }

  private static long told(CompletableFuture<Long> ended) throws IOException, InterruptedException {
    try {
      return ended.get(10, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new IOException("nobody was told that the permit ended", e);
    }
  }
}
