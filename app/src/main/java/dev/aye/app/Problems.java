package dev.aye.app;

import dev.aye.log.LogException;
import java.net.URI;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.http.ProblemDetail;
import org.springframework.http.ResponseEntity;
import org.springframework.transaction.TransactionException;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import org.springframework.web.context.request.WebRequest;
import org.springframework.web.servlet.mvc.method.annotation.ResponseEntityExceptionHandler;

/**
 * Turns every failure of a request into problem details. What went wrong inside is logged by its
 * class alone: messages may quote what people sent.
 */
@RestControllerAdvice
final class Problems extends ResponseEntityExceptionHandler {
  private static final Logger log = LoggerFactory.getLogger(Problems.class);

  private final Soundness soundness;

  Problems(Soundness soundness) {
    this.soundness = soundness;
  }

  @ExceptionHandler
  ResponseEntity<ProblemDetail> problem(Problem problem) {
    return answer(problem);
  }

  /** Log or database did not take something: a full disk, most likely. */
  @ExceptionHandler({LogException.class, DataAccessException.class, TransactionException.class})
  ResponseEntity<ProblemDetail> notStored(RuntimeException e) {
    log.error("Something could not be stored: {}", e.getClass().getName());
    return answer(
        Problem.unavailable(
            "not-stored",
            "The server could not write this down, so it does not count. Try again later."));
  }

  @ExceptionHandler
  ResponseEntity<ProblemDetail> unexpected(RuntimeException e) {
    for (Throwable cause = e.getCause(); cause != null; cause = cause.getCause()) {
      if (cause instanceof Problem problem) {
        return answer(problem);
      }
    }
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof LogException.NotWitnessed) {
        return answer(
            Problem.unavailable(
                    "not-witnessed-yet",
                    "Your answer is in the log, but the witnesses that watch the log have not"
                        + " confirmed it yet, so no yes in it counts yet; what you said no to has"
                        + " ended. Send it again in a moment.")
                .body());
      }
    }
    if (Soundness.sentence(e).isPresent()) {
      soundness.note(e); // and this answer still goes out
      return answer(
          Problem.unavailable(
                  "unsound",
                  "This could not be written down, so nothing was granted. The server stops now;"
                      + " who runs it is told why.")
              .body());
    }
    StackTraceElement[] trace = e.getStackTrace();
    log.error(
        "A request failed inside: {} at {}",
        e.getClass().getName(),
        trace.length == 0 ? "unknown" : trace[0]);
    return answer(
        plain(
            HttpStatus.INTERNAL_SERVER_ERROR,
            "Something went wrong in the server; it is in its log."));
  }

  @Override
  protected @Nullable ResponseEntity<Object> handleExceptionInternal(
      Exception e,
      @Nullable Object body,
      HttpHeaders headers,
      HttpStatusCode code,
      WebRequest request) {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof Problem problem) {
        ResponseEntity<ProblemDetail> answer = answer(problem);
        return ResponseEntity.status(answer.getStatusCode())
            .headers(answer.getHeaders())
            .body(answer.getBody());
      }
    }
    HttpStatus status = HttpStatus.valueOf(code.value());
    return ResponseEntity.status(status)
        .headers(headers)
        .contentType(MediaType.APPLICATION_PROBLEM_JSON)
        .body(plain(status, sentence(status)));
  }

  private static ResponseEntity<ProblemDetail> answer(Problem problem) {
    ProblemDetail detail = problem.body();
    ResponseEntity.BodyBuilder answer =
        ResponseEntity.status(detail.getStatus()).contentType(MediaType.APPLICATION_PROBLEM_JSON);
    if (problem.retrySeconds() > 0) {
      answer.header("Retry-After", Long.toString(problem.retrySeconds()));
    }
    return answer.body(detail);
  }

  private static ResponseEntity<ProblemDetail> answer(ProblemDetail detail) {
    return ResponseEntity.status(detail.getStatus())
        .contentType(MediaType.APPLICATION_PROBLEM_JSON)
        .body(detail);
  }

  static ProblemDetail plain(HttpStatus status, String detail) {
    ProblemDetail body = ProblemDetail.forStatusAndDetail(status, detail);
    String slug = status.getReasonPhrase().toLowerCase(Locale.ROOT).replaceAll("[^a-z]+", "-");
    body.setType(URI.create("urn:aye:problem:" + slug));
    body.setTitle(status.getReasonPhrase());
    return body;
  }

  static String sentence(HttpStatus status) {
    return switch (status) {
      case BAD_REQUEST -> "The request is not of the form that is written down for it.";
      case NOT_FOUND -> "There is nothing at this address.";
      case METHOD_NOT_ALLOWED -> "This address does not take this method.";
      case UNSUPPORTED_MEDIA_TYPE -> "Requests are JSON: application/json.";
      case NOT_ACCEPTABLE -> "This cannot be given in the form that was asked for.";
      default -> "The server cannot do this.";
    };
  }
}
