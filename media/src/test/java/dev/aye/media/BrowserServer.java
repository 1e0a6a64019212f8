package dev.aye.media;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The server of the browser tests: an {@link Sfu}, its signalling, tokens for the asking, and
 * files; on request behind a network that loses and delays.
 */
final class BrowserServer implements AutoCloseable {
  /** So short that who comes back in the story comes with a token that was renewed. */
  private static final Duration TOKEN_LIFE = Duration.ofSeconds(4);

  private final Sfu sfu;
  private final SignalServer signal;
  private final Optional<LossyRelay> relay;

  /**
   * Starts.
   *
   * @param folder the page and its script
   * @param lib what stands for {@code /lib/}: the distribution folder of livekit-client
   * @param loss how much of what is sent each way is lost, 0…1
   */
  BrowserServer(int port, Path folder, Path lib, double loss, int jitterMillis) throws IOException {
    TokenKey key = new TokenKey("aye", new byte[32], TOKEN_LIFE);
    Clock clock = Clock.systemUTC();
    InetAddress loopback = InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
    InetAddress relayed = InetAddress.getByAddress(new byte[] {127, 0, 0, 2});
    boolean bad = loss > 0 || jitterMillis > 0;
    sfu =
        Sfu.start(
            new Sfu.Settings(
                new InetSocketAddress(loopback, 0), bad ? List.of(relayed) : List.of(), 16, 2),
            key,
            new SecureRandom(),
            clock,
            new RoomListener() {});
    relay =
        bad
            ? Optional.of(
                new LossyRelay(
                    new InetSocketAddress(relayed, sfu.address().getPort()),
                    sfu.address(),
                    loss,
                    jitterMillis))
            : Optional.empty();
    signal =
        new SignalServer(
            sfu,
            port,
            (path, query) -> {
              try {
                return answer(sfu, key, clock, folder, lib, path, query);
              } catch (IOException e) {
                return SignalServer.Answer.text(404, "not found");
              }
            });
  }

  String url() {
    return "http://localhost:" + signal.port();
  }

  @Override
  public void close() throws IOException {
    signal.close();
    sfu.close();
    if (relay.isPresent()) {
      relay.get().close();
    }
  }

  /** Arguments: port, folder, library folder, loss (0…1), jitter in milliseconds. */
  public static void main(String[] args) throws IOException, InterruptedException {
    double loss = args.length > 3 ? Double.parseDouble(args[3]) : 0;
    int jitter = args.length > 4 ? Integer.parseInt(args[4]) : 0;
    try (BrowserServer server =
        new BrowserServer(
            Integer.parseInt(args[0]), Path.of(args[1]), Path.of(args[2]), loss, jitter)) {
      System.out.println("ready " + server.url());
      Thread.sleep(Long.MAX_VALUE);
    }
  }

  private static SignalServer.Answer answer(
      Sfu sfu, TokenKey key, Clock clock, Path folder, Path lib, String path, Map<String, String> q)
      throws IOException {
    if (path.equals("/token")) {
      sfu.openRoom(q.get("room"));
      AccessToken.Grants grants = AccessToken.Grants.meeting(q.get("room"));
      AccessToken token = new AccessToken(q.get("identity"), q.get("identity"), grants);
      return SignalServer.Answer.text(200, token.mint(key, clock.instant()));
    }
    if (path.equals("/mute")) {
      sfu.mute(q.get("room"), q.get("identity"));
      return SignalServer.Answer.text(200, "ok");
    }
    if (path.equals("/remove")) {
      sfu.remove(q.get("room"), q.get("identity"));
      return SignalServer.Answer.text(200, "ok");
    }
    if (path.equals("/participants")) {
      return SignalServer.Answer.text(200, sfu.participants(q.get("room")).toString());
    }
    Path file =
        path.startsWith("/lib/")
            ? lib.resolve(path.substring(5)).normalize()
            : folder.resolve(path.substring(1)).normalize();
    if (!file.startsWith(folder) && !file.startsWith(lib)) {
      return SignalServer.Answer.text(404, "not found");
    }
    String name = file.toString();
    String script = name.endsWith("js") ? "text/javascript" : "application/octet-stream";
    String type = name.endsWith(".html") ? "text/html" : script;
    return new SignalServer.Answer(200, type, Files.readAllBytes(file));
  }
}
