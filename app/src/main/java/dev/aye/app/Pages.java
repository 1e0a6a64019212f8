package dev.aye.app;

import jakarta.servlet.http.HttpServletRequest;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.springframework.http.CacheControl;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.stereotype.Controller;
import org.springframework.web.bind.annotation.GetMapping;

/** The web client, and the one page for those whose browser could not hold a meeting from here. */
@Controller
final class Pages {
  /** Where only programs ask, who get problem details whatever they accept. */
  private static final List<String> NOT_PAGES = List.of("/api/", "/log/", "/rtc/", "/assets/");

  private final AyeConfig config;
  private final WebFiles files;

  Pages(AyeConfig config, WebFiles files) {
    this.config = config;
    this.files = files;
  }

  @GetMapping({"/", "/m/{id}", "/m/{id}/after", "/me", "/withdraw", "/transparency"})
  ResponseEntity<byte[]> page(HttpServletRequest request) {
    Origin origin = Origin.of(config, request);
    if (!origin.trustworthy()) {
      return ResponseEntity.ok()
          .contentType(new MediaType("text", "html", StandardCharsets.UTF_8))
          .cacheControl(CacheControl.noStore())
          .body(plainHttp(origin).getBytes(StandardCharsets.UTF_8));
    }
    WebFiles.WebFile index =
        files
            .index()
            .orElseThrow(() ->
                Problem.notFound(
                    "no-pages", "This server was started without its pages; build web/."));
    return answer(index);
  }

  /**
   * A file of the web client; who asks for a page that is not there is told so by the web client.
   */
  @GetMapping("/{*path}")
  ResponseEntity<byte[]> file(
      @org.springframework.web.bind.annotation.PathVariable("path") String path,
      @org.springframework.web.bind.annotation.RequestHeader(
              name = "Accept",
              defaultValue = MediaType.ALL_VALUE)
          String accept) {
    Optional<WebFiles.WebFile> file = files.file(path.substring(1));
    Optional<WebFiles.WebFile> index = files.index();
    boolean asksForPage =
        accept.contains(MediaType.TEXT_HTML_VALUE)
            && NOT_PAGES.stream().noneMatch(path::startsWith);
    if (file.isEmpty() && index.isPresent() && asksForPage) {
      return ResponseEntity.status(HttpStatus.NOT_FOUND)
          .header("Content-Type", index.get().contentType())
          .cacheControl(CacheControl.noStore())
          .body(index.get().bytes());
    }
    return answer(
        file.orElseThrow(() -> Problem.notFound("not-found", "There is nothing at this address.")));
  }

  private static ResponseEntity<byte[]> answer(WebFiles.WebFile file) {
    CacheControl cache =
        file.immutable()
            ? CacheControl.maxAge(java.time.Duration.ofDays(365)).cachePublic().immutable()
            : CacheControl.noCache();
    return ResponseEntity.ok()
        .header("Content-Type", file.contentType())
        .cacheControl(cache)
        .body(file.bytes());
  }

  private static String plainHttp(Origin origin) {
    return """
    <!doctype html>
    <html lang="en">
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Aye needs HTTPS</title>
    <h1>Aye needs HTTPS here</h1>
    <p>This page came over plain HTTP from <code>%s</code>. Browsers give camera, microphone and encryption
    only to pages from HTTPS or from this very machine, so a meeting cannot be held this way.</p>
    <p>Who runs this server can start it with a certificate:</p>
    <pre>./aye --tls-cert chain.pem --tls-key key.pem --public-url https://your.name</pre>
    <p>or put a proxy that speaks HTTPS before it and pass only <code>--public-url</code>.
    On the machine itself, open <code>http://localhost</code> with the port of this address.</p>
    <h2 lang="nl">Aye heeft hier HTTPS nodig</h2>
    <p lang="nl">Deze pagina kwam over gewoon HTTP. Browsers geven camera, microfoon en versleuteling alleen aan
    pagina’s over HTTPS of van deze computer zelf. Wie deze server beheert kan hem met een certificaat
    starten, zoals hierboven.</p>
    </html>
    """
        .formatted(origin.authority());
  }
}
