package dev.aye.app;

import dev.aye.consent.Consents;
import dev.aye.consent.Notice;
import dev.aye.log.Hash;
import dev.aye.log.Log;
import dev.aye.log.Resource;
import jakarta.servlet.http.HttpServletResponse;
import java.time.Duration;
import org.springframework.http.CacheControl;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** What anybody may read: the log, the texts of notices, and whether a meeting can be held. */
@RestController
final class PublicApi {
  private final Log log;
  private final Consents consents;
  private final House house;

  PublicApi(House house) {
    this.log = house.log();
    this.consents = house.consents();
    this.house = house;
  }

  @GetMapping("/log/{*path}")
  ResponseEntity<byte[]> log(@PathVariable("path") String path, HttpServletResponse response) {
    Resource resource =
        log.resource(path.substring(1))
            .orElseThrow(() -> {
              response.setHeader("Cache-Control", "no-store"); // it may be there in a moment
              return Problem.notFound("not-found", "The log has nothing at this path.");
            });
    return ResponseEntity.ok()
        .header("Content-Type", resource.contentType())
        .header("Access-Control-Allow-Origin", "*")
        .cacheControl(
            resource.immutable()
                ? CacheControl.maxAge(Duration.ofDays(365)).cachePublic().immutable()
                : CacheControl.noCache())
        .body(resource.bytes());
  }

  @GetMapping("/log/proof")
  ResponseEntity<String> proof(@RequestParam("index") long index) {
    if (index < 0 || index >= log.size()) {
      throw Problem.notFound("no-leaf", "The log has no leaf with this index.");
    }
    return ResponseEntity.ok()
        .header("Content-Type", "text/plain; charset=utf-8")
        .header("Access-Control-Allow-Origin", "*")
        .cacheControl(CacheControl.noCache())
        .body(log.proof(index));
  }

  @GetMapping("/log/vkey")
  ResponseEntity<String> vkey() {
    return ResponseEntity.ok()
        .header("Content-Type", "text/plain; charset=utf-8")
        .header("Access-Control-Allow-Origin", "*")
        .cacheControl(CacheControl.noCache())
        .body(log.vkey() + "\n");
  }

  /** Who is asked to cosign the log, so that a reader can check the cosignatures by their keys. */
  @GetMapping("/log/witnesses")
  ResponseEntity<Says.Witnesses> witnesses() {
    return ResponseEntity.ok()
        .header("Access-Control-Allow-Origin", "*")
        .cacheControl(CacheControl.noCache())
        .body(
            new Says.Witnesses(
                log.witnessing().quorum(),
                log.witnesses().stream()
                    .map(w ->
                        new Says.Witness(w.name(), w.vkey(), w.size(), w.at().map(Times::text)))
                    .toList()));
  }

  /** The pages that this server serves, so that a reader can compute their hash and compare it. */
  @GetMapping("/api/build")
  Says.Build build() {
    return house
        .build()
        .orElseThrow(
            () -> Problem.notFound("no-pages", "This server was started without its pages."));
  }

  @GetMapping("/api/notices")
  Says.Notices notices() {
    return house.asking().notices();
  }

  /** What the text {@code to} says differently from the text {@code from}. */
  @GetMapping("/api/notices/difference")
  Says.Differences difference(@RequestParam("from") String from, @RequestParam("to") String to) {
    Notice older = published(from);
    Notice newer = published(to);
    if (!older.locale().equals(newer.locale())) {
      throw Problem.badRequest("locale", "These texts are in different languages.");
    }
    return new Says.Differences(Asking.difference(older, newer));
  }

  @GetMapping("/api/notices/{hash}")
  ResponseEntity<byte[]> notice(@PathVariable("hash") String hash) {
    return ResponseEntity.ok()
        .header("Content-Type", "application/json")
        .body(published(hash).bytes());
  }

  private Notice published(String hash) {
    Hash wanted;
    try {
      wanted = Hash.fromB64u(hash);
    } catch (IllegalArgumentException e) {
      throw Problem.badRequest("hash", "A hash is 32 bytes in base64url.");
    }
    return consents
        .notice(wanted)
        .orElseThrow(() -> Problem.notFound("notice", "No notice has this hash."));
  }

  @GetMapping("/healthz")
  ResponseEntity<Says.Health> health() {
    Says.Health health = house.health();
    return ResponseEntity.status(health.status().equals("ready") ? 200 : 503).body(health);
  }
}
