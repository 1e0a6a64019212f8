package dev.aye.log;

import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** A log that somebody serves under a URL prefix, as C2SP tlog-tiles says. */
final class Site implements Source {
  private static final Duration TIMEOUT = Duration.ofSeconds(30);

  private final Http http = new Http();
  private final String prefix;

  /**
   * @throws IllegalArgumentException unless this is an HTTP URL without query and fragment
   */
  Site(URI url) {
    boolean web = "https".equals(url.getScheme()) || "http".equals(url.getScheme());
    if (!web
        || url.getHost() == null
        || url.getRawQuery() != null
        || url.getRawFragment() != null) {
      throw new IllegalArgumentException("a log is at a URL like https://log.example/prefix");
    }
    this.prefix = url.toString().replaceFirst("/+$", "") + "/";
  }

  @Override
  public Optional<byte[]> read(String path, int limit) throws IOException {
    Http.Response response = http.get(URI.create(prefix + path), limit, TIMEOUT);
    return switch (response.status()) {
      case 200 -> Optional.of(response.body());
      case 404, 410 -> Optional.empty();
      default -> throw new IOException(path + " was answered with status " + response.status());
    };
  }

  @Override
  public List<TilePath> wider(TilePath path) {
    return path.width() == TilePath.WIDTH
        ? List.of()
        : List.of(new TilePath(path.level(), path.index(), TilePath.WIDTH));
  }
}
