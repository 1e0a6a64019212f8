package dev.aye.app;

import jakarta.servlet.http.HttpServletRequest;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.http.CacheControl;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.http.server.PathContainer;
import org.springframework.stereotype.Controller;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestMethod;
import org.springframework.web.servlet.mvc.condition.PathPatternsRequestCondition;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerMapping;
import org.springframework.web.util.ServletRequestPathUtils;

/** The web client, and the one page for those whose browser could not hold a meeting from here. */
@Controller
final class Pages {
  private static final Set<String> READING = Set.of("GET", "HEAD");

  /** Where only programs ask, who get problem details whatever they accept. */
  private static final List<String> NOT_PAGES =
      List.of("/api/", "/log/", "/rtc/", "/assets/", "/healthz");

  private final AyeConfig config;
  private final WebFiles files;
  private final ObjectProvider<RequestMappingHandlerMapping> mappings;

  Pages(AyeConfig config, WebFiles files, ObjectProvider<RequestMappingHandlerMapping> mappings) {
    this.mappings = mappings;
    this.config = config;
    this.files = files;
  }

  @GetMapping({
    "/",
    "/m/{id}",
    "/m/{id}/after",
    "/i/{id}",
    "/me",
    "/me/receipt",
    "/me/receipt/{id}",
    "/withdraw",
    "/transparency"
  })
  ResponseEntity<byte[]> page(HttpServletRequest request) {
    Origin origin = Origin.actual(config, request);
    if (!origin.trustworthy()) {
      return ResponseEntity.ok()
          .contentType(new MediaType("text", "html", StandardCharsets.UTF_8))
          .cacheControl(CacheControl.noStore())
          .body(plainHttp(origin, config.publicUrl()).getBytes(StandardCharsets.UTF_8));
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
   * Whatever no other mapping takes, by any method: a file of the client, an address that takes
   * another method, or nothing. Who asks for a page that is not there is told so by the client.
   */
  @RequestMapping("/{*path}")
  ResponseEntity<byte[]> rest(@PathVariable("path") String path, HttpServletRequest request) {
    Set<String> taken = methods(request);
    Optional<WebFiles.WebFile> file =
        taken.isEmpty() ? files.file(path.substring(1)) : Optional.empty();
    if (file.isPresent()) {
      taken.addAll(READING);
    }
    if (taken.isEmpty()) {
      Optional<WebFiles.WebFile> index = files.index();
      if (index.isPresent() && asksForPage(path, request)) {
        return ResponseEntity.status(HttpStatus.NOT_FOUND)
            .header("Content-Type", index.get().contentType())
            .cacheControl(CacheControl.noStore())
            .body(index.get().bytes());
      }
      throw Problem.notFound("not-found", "There is nothing at this address.");
    }
    if (file.isPresent() && READING.contains(request.getMethod())) {
      return answer(file.get());
    }
    if (request.getMethod().equals("OPTIONS")) {
      return ResponseEntity.noContent().header("Allow", String.join(", ", taken)).build();
    }
    throw Problem.of(405, "method-not-allowed", "This address does not take this method.");
  }

  private static boolean asksForPage(String path, HttpServletRequest request) {
    String accept = Optional.ofNullable(request.getHeader("Accept")).orElse("");
    return READING.contains(request.getMethod())
        && accept.contains(MediaType.TEXT_HTML_VALUE)
        && NOT_PAGES.stream().noneMatch(path::startsWith);
  }

  /** Spring answers OPTIONS itself unless it is asked for by name. */
  @RequestMapping(path = "/{*path}", method = RequestMethod.OPTIONS)
  ResponseEntity<byte[]> options(@PathVariable("path") String path, HttpServletRequest request) {
    return rest(path, request);
  }

  /** The methods that the other mappings take at the address of this request. */
  private Set<String> methods(HttpServletRequest request) {
    PathContainer path =
        ServletRequestPathUtils.getParsedRequestPath(request).pathWithinApplication();
    Set<String> methods = new TreeSet<>();
    mappings
        .getObject()
        .getHandlerMethods()
        .forEach((mapping, handler) -> {
          PathPatternsRequestCondition patterns = mapping.getPathPatternsCondition();
          if (patterns != null
              && patterns.getPatterns().stream()
                  .anyMatch(p -> !p.getPatternString().equals("/{*path}") && p.matches(path))) {
            mapping.getMethodsCondition().getMethods().forEach(m -> methods.add(m.name()));
          }
        });
    if (methods.contains("GET")) {
      methods.add("HEAD");
    }
    return methods;
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

  private static String plainHttp(Origin origin, String publicUrl) {
    String where =
        publicUrl.startsWith("https:")
            ? "<p>This server is at <a href=\"%s\">%s</a>.</p>".formatted(publicUrl, publicUrl)
            : "";
    return """
    <!doctype html>
    <html lang="en">
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Aye needs HTTPS</title>
    <h1>Aye needs HTTPS here</h1>
    <p>This page came over plain HTTP from <code>%s</code>. Browsers give camera, microphone and encryption
    only to pages from HTTPS or from this very machine, so a meeting cannot be held this way.</p>
    %s
    <p>Who runs this server can start it with a certificate:</p>
    <pre>./aye --tls-cert chain.pem --tls-key key.pem --public-url https://your.name</pre>
    <p>or put a proxy that speaks HTTPS before it and pass only <code>--public-url</code>;
    the proxy must pass on the name that was asked for (<code>Host</code>).
    On the machine itself, open <code>http://localhost</code> with the port of this address.</p>
    <h2 lang="nl">Aye heeft hier HTTPS nodig</h2>
    <p lang="nl">Deze pagina kwam over gewoon HTTP. Browsers geven camera, microfoon en versleuteling alleen aan
    pagina’s over HTTPS of van deze computer zelf. Wie deze server beheert kan hem met een certificaat
    starten, zoals hierboven.</p>
    </html>
    """
        .formatted(origin.authority(), where);
  }
}
