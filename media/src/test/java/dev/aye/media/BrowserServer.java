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

/**
 * The server of the browser tests: an {@link Sfu}, its signalling, tokens for the asking, and the
 * files of a folder. Arguments: port, folder, then what stands for {@code /lib/}.
 */
final class BrowserServer {
  private BrowserServer() {}

  public static void main(String[] args) throws IOException, InterruptedException {
    Path folder = Path.of(args[1]);
    Path lib = Path.of(args[2]);
    TokenKey key = new TokenKey("aye", new byte[32]);
    Clock clock = Clock.systemUTC();
    RoomListener listener =
        new RoomListener() {
          @Override
          public void speaking(String room, String identity, boolean active, double level) {
            System.out.println("speaking " + identity + " " + active + " " + level);
          }
        };
    Sfu sfu =
        Sfu.start(
            new Sfu.Settings(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), List.of(), 16, 2),
            key,
            new SecureRandom(),
            clock,
            listener);
    new SignalServer(
        sfu,
        Integer.parseInt(args[0]),
        (path, query) -> {
          try {
            return answer(sfu, key, clock, folder, lib, path, query);
          } catch (IOException e) {
            return SignalServer.Answer.text(404, "not found");
          }
        });
    System.out.println("ready " + sfu.address());
    Thread.sleep(Long.MAX_VALUE);
  }

  private static SignalServer.Answer answer(
      Sfu sfu, TokenKey key, Clock clock, Path folder, Path lib, String path, Map<String, String> q)
      throws IOException {
    if (path.equals("/token")) {
      sfu.openRoom(q.get("room"));
      AccessToken.Grants grants = AccessToken.Grants.meeting(q.get("room"));
      AccessToken token = new AccessToken(q.get("identity"), q.get("identity"), grants);
      return SignalServer.Answer.text(
          200, token.mint(key, clock.instant(), Duration.ofMinutes(10)));
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
