package dev.aye.app;

import dev.aye.consent.DeviceProof;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Optional;

/** Who a request comes from, by its {@code Authorization} header (docs/protocol.md, REST). */
final class Caller {
  private static final int LONGEST = 4096;

  private final Meetings meetings;
  private final DeviceProof proofs;

  Caller(Meetings meetings, DeviceProof proofs) {
    this.meetings = meetings;
    this.proofs = proofs;
  }

  private static Optional<String> credential(HttpServletRequest request, String scheme) {
    String header = request.getHeader("Authorization");
    if (header == null || header.length() > LONGEST || !header.startsWith(scheme + " ")) {
      return Optional.empty();
    }
    return Optional.of(header.substring(scheme.length() + 1));
  }

  /** The seat in this meeting that the request comes from. */
  Meetings.Seat seat(HttpServletRequest request, String meeting) {
    return credential(request, "Bearer")
        .flatMap(meetings::seat)
        .filter(seat -> seat.meeting().equals(meeting))
        .orElseThrow(
            () -> Problem.unauthorized("This needs a seat in the meeting; join it first."));
  }

  /** As {@link #seat}, of somebody who proved to have a device key when joining. */
  Meetings.Seat personalSeat(HttpServletRequest request, String meeting) {
    Meetings.Seat seat = seat(request, meeting);
    if (seat.person().isEmpty()) {
      throw Problem.forbidden(
          "no-device", "You joined without a device key, so nothing can be granted in your name.");
    }
    return seat;
  }

  void host(HttpServletRequest request, String meeting) {
    if (credential(request, "Bearer").filter(key -> meetings.isHost(meeting, key)).isEmpty()) {
      throw Problem.unauthorized("Only the host of this meeting can do this.");
    }
  }

  /** The seat that the request comes from; none when it comes with the host key. */
  Optional<Meetings.Seat> seatOrHost(HttpServletRequest request, String meeting) {
    return credential(request, "Bearer").filter(key -> meetings.isHost(meeting, key)).isPresent()
        ? Optional.empty()
        : Optional.of(seat(request, meeting));
  }

  /** The person whose device signed this very request. */
  DeviceProof.Checked.Proven person(HttpServletRequest request) {
    String jws =
        credential(request, "Device")
            .orElseThrow(() -> Problem.unauthorized("This needs a proof by your device key."));
    return switch (proofs.request(jws, request.getMethod(), request.getRequestURI())) {
      case DeviceProof.Checked.Proven proven -> proven;
      case DeviceProof.Checked.Refused refused ->
          throw Problem.unauthorized(refused.reason().sentence());
    };
  }
}
