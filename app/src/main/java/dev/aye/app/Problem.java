package dev.aye.app;

import java.net.URI;
import org.springframework.http.HttpStatus;
import org.springframework.http.ProblemDetail;

/** An HTTP error as RFC 9457 says it: a slug for programs and a sentence for people. */
final class Problem extends RuntimeException {
  private final HttpStatus status;
  private final String slug;
  private final String title;
  private final long retrySeconds;

  private Problem(HttpStatus status, String slug, String title, String detail) {
    this(status, slug, title, detail, 0);
  }

  private Problem(HttpStatus status, String slug, String title, String detail, long retrySeconds) {
    super(detail, null, false, false);
    this.retrySeconds = retrySeconds;
    this.status = status;
    this.slug = slug;
    this.title = title;
  }

  static Problem badRequest(String slug, String detail) {
    return new Problem(HttpStatus.BAD_REQUEST, slug, "This request makes no sense", detail);
  }

  static Problem unauthorized(String detail) {
    return new Problem(HttpStatus.UNAUTHORIZED, "unauthorized", "This needs a valid key", detail);
  }

  static Problem forbidden(String slug, String detail) {
    return new Problem(HttpStatus.FORBIDDEN, slug, "This is not allowed", detail);
  }

  static Problem notFound(String slug, String detail) {
    return new Problem(HttpStatus.NOT_FOUND, slug, "There is nothing here", detail);
  }

  static Problem conflict(String slug, String detail) {
    return new Problem(HttpStatus.CONFLICT, slug, "This cannot be done now", detail);
  }

  static Problem tooLarge(String detail) {
    return new Problem(HttpStatus.CONTENT_TOO_LARGE, "too-large", "This is too large", detail);
  }

  static Problem tooMany(String detail) {
    return tooMany(detail, 10);
  }

  /** The same, with when to come back. */
  static Problem tooMany(String detail, long retrySeconds) {
    return new Problem(
        HttpStatus.TOO_MANY_REQUESTS,
        "too-many-requests",
        "This is too often",
        detail,
        retrySeconds);
  }

  static Problem unavailable(String slug, String detail) {
    return new Problem(HttpStatus.SERVICE_UNAVAILABLE, slug, "This is not ready", detail);
  }

  static Problem diskFull() {
    return new Problem(
        HttpStatus.INSUFFICIENT_STORAGE,
        "disk-full",
        "There is no room",
        "The disk of this server is full, so nothing new can be granted or kept. Taking back a yes"
            + " still works. Tell whoever runs it.");
  }

  /** A problem whose status somebody else decided on. */
  static Problem of(int status, String slug, String detail) {
    HttpStatus known = HttpStatus.valueOf(status);
    return new Problem(known, slug, known.getReasonPhrase(), detail);
  }

  /** After how many seconds it makes sense to try again; 0 when that is not known. */
  long retrySeconds() {
    return retrySeconds;
  }

  ProblemDetail body() {
    ProblemDetail body = ProblemDetail.forStatusAndDetail(status, String.valueOf(getMessage()));
    body.setType(URI.create("urn:aye:problem:" + slug));
    body.setTitle(title);
    return body;
  }
}
