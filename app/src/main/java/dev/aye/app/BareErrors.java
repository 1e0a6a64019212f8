package dev.aye.app;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ErrorReportValve;
import org.springframework.http.HttpStatus;

/** Problem details for what Tomcat refuses before the application sees it, such as a bad URL. */
public final class BareErrors extends ErrorReportValve {
  @Override
  protected void report(Request request, Response response, Throwable thrown) {
    int code = response.getStatus();
    if (code < 400 || response.getContentWritten() > 0 || !response.setErrorReported()) {
      return;
    }
    HttpStatus status = HttpStatus.resolve(code);
    String title = status == null ? "Error" : status.getReasonPhrase();
    String slug = title.toLowerCase(Locale.ROOT).replaceAll("[^a-z]+", "-");
    String body =
        """
        {"type":"urn:aye:problem:%s","title":"%s","status":%d,"detail":"%s"}\
        """
            .formatted(slug, title, code, status == null ? title : Problems.sentence(status));
    try {
      response.setContentType("application/problem+json");
      response.getOutputStream().write(body.getBytes(StandardCharsets.UTF_8));
      response.finishResponse();
    } catch (IOException e) {
      container.getLogger().debug("An error could not be reported", e);
    }
  }
}
