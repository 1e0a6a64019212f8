package dev.aye.app;

import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import tools.jackson.databind.json.JsonMapper;

/**
 * One page's server-sent events, written by the (virtual) thread of its request for as long as the
 * page reads.
 */
final class EventStream {
  private static final long KEEP_ALIVE_MILLIS = 15_000;
  private static final int MOST_PAGES = 4;

  private final JsonMapper json = Wiring.strictJson();
  private final Events events;
  private final Gatherings gatherings;

  EventStream(Events events, Gatherings gatherings) {
    this.events = events;
    this.gatherings = gatherings;
  }

  /**
   * @param seated throws when the seat is worth nothing any more; asked after it listens, so that
   *     nobody who is put out at that moment is overlooked
   */
  void serve(Meetings.Seat seat, Runnable seated, HttpServletResponse response) throws IOException {
    if (events.pages(seat.meeting(), seat.participant()) >= MOST_PAGES) {
      throw Problem.tooMany("This seat listens on too many pages already.");
    }
    Events.Listener listener = events.listen(seat.meeting(), seat.participant());
    try {
      seated.run();
      response.setContentType("text/event-stream");
      response.setCharacterEncoding("UTF-8");
      ServletOutputStream out = response.getOutputStream();
      gatherings.greet(seat).forEach(listener::give);
      while (listener.open()) {
        Optional<Events.Event> next = listener.next(KEEP_ALIVE_MILLIS);
        if (next.isEmpty()) {
          out.write(bytes(": still here\n\n"));
        } else if (next.get().still().getAsBoolean()) {
          out.write(encoded(next.get()));
        }
        response.flushBuffer();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      events.close(listener);
    }
  }

  private byte[] encoded(Events.Event event) {
    return bytes(
        "event: " + event.name() + "\ndata: " + json.writeValueAsString(event.data()) + "\n\n");
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
