package dev.aye.app;

import dev.aye.companion.Transcript;
import dev.aye.consent.Consents;
import dev.aye.consent.DeviceProof;
import dev.aye.consent.Grant;
import dev.aye.consent.MeetingId;
import dev.aye.consent.ParticipantId;
import dev.aye.consent.Receipt;
import dev.aye.consent.Salt;
import dev.aye.log.Hash;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PatchMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;

/** The REST calls about meetings (docs/protocol.md). */
@RestController
final class MeetingApi {
  private static final int LONGEST_NAME = 80;
  private static final int LONGEST_TITLE = 120;

  private final AyeConfig config;
  private final Meetings meetings;
  private final Gatherings gatherings;
  private final Asking asking;
  private final Consents consents;
  private final DeviceProof proofs;
  private final Caller caller;
  private final Soundness soundness;
  private final EventStream stream;
  private final RateLimits limits;

  MeetingApi(House house) {
    this.config = house.config();
    this.meetings = house.meetings();
    this.gatherings = house.gatherings();
    this.asking = house.asking();
    this.consents = house.consents();
    this.proofs = house.proofs();
    this.caller = house.caller();
    this.soundness = house.soundness();
    this.limits = house.limits();
    this.stream = new EventStream(house.events(), house.gatherings());
  }

  @PostMapping("/api/meetings")
  ResponseEntity<Says.OpenedMeeting> open(
      @RequestBody Says.NewMeeting wanted, HttpServletRequest request) {
    room();
    String title = line(wanted.title().orElse(""), LONGEST_TITLE, "title");
    List<String> purposes = wanted.purposes().map(asking::narrowed).orElseGet(asking::allowed);
    Optional<Meetings.Meeting> after = wanted.after().map(this::known);
    after.ifPresent(before -> caller.host(request, before.id()));
    Meetings.Opened opened =
        gatherings.open(
            title,
            after,
            purposes,
            wanted.minors().orElse(false),
            wanted.door().map(door -> hash(door, "door")));
    String id = opened.meeting().id();
    return ResponseEntity.status(HttpStatus.CREATED)
        .body(
            new Says.OpenedMeeting(
                id, Origin.of(config, request).page() + "/m/" + id, opened.hostKey()));
  }

  /** Refuses to begin or grant anything while there is no room to write it down. */
  private void room() {
    if (soundness.full()) {
      throw Problem.diskFull();
    }
  }

  /** What is taken however little room there is: it grants nothing, and ends what stands. */
  static boolean onlySaysNo(String receipt) {
    return Receipt.parse(receipt) instanceof Receipt.Parsed.Good(Receipt good) && !good.grants();
  }

  @GetMapping("/api/meetings/{id}")
  Says.Meeting meeting(@PathVariable("id") String id) {
    return asking.describe(known(id), false);
  }

  @PatchMapping("/api/meetings/{id}")
  Says.Meeting offer(
      @PathVariable("id") String id,
      @RequestBody Says.Narrowing wanted,
      HttpServletRequest request) {
    Meetings.Meeting meeting = open(id);
    caller.host(request, meeting.id());
    List<String> purposes = wanted.purposes().map(asking::narrowed).orElseGet(meeting::purposes);
    boolean minors = wanted.minors().orElse(meeting.minors());
    return asking.describe(gatherings.offer(id, purposes, minors), true);
  }

  @PostMapping("/api/meetings/{id}/participants")
  ResponseEntity<Says.Joined> join(
      @PathVariable("id") String id, @RequestBody Says.Join wanted, HttpServletRequest request) {
    Meetings.Meeting meeting = open(id);
    if (!meetings.admits(id, wanted.knock().map(knock -> hash(knock, "knock")))) {
      throw Problem.forbidden(
          "link-incomplete", "This link is not whole: open all of it, with what follows the #.");
    }
    String name = line(wanted.name(), LONGEST_NAME, "name");
    if (name.isEmpty()) {
      throw Problem.badRequest("name", "Say a name by which the others know you.");
    }
    boolean host =
        wanted
            .hostKey()
            .map(key -> {
              if (!meetings.isHost(id, key)) {
                throw Problem.forbidden("host-key", "This is not the host key of the meeting.");
              }
              return true;
            })
            .orElse(false);
    Optional<DeviceProof.Checked.Proven> device =
        wanted.device().map(jws -> proven(jws, new MeetingId(id)));
    Gatherings.Joined joined =
        gatherings.join(
            meeting,
            name,
            device.map(proven -> proven.person().value()).orElse(""),
            host,
            device.map(DeviceProof.Checked.Proven::lasting).orElse(false));
    return ResponseEntity.status(HttpStatus.CREATED)
        .body(
            new Says.Joined(
                Origin.of(config, request).socket(),
                joined.token(),
                joined.seat().participant(),
                joined.key(),
                host));
  }

  private DeviceProof.Checked.Proven proven(String jws, MeetingId meeting) {
    return switch (proofs.join(jws, meeting)) {
      case DeviceProof.Checked.Proven proven -> proven;
      case DeviceProof.Checked.Refused refused ->
          throw Problem.badRequest(
              "device-" + refused.reason().slug(), refused.reason().sentence());
    };
  }

  @GetMapping("/api/meetings/{id}/events")
  void events(
      @PathVariable("id") String id, HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    known(id);
    stream.serve(caller.seat(request, id), () -> caller.seat(request, id), response);
  }

  @PostMapping("/api/meetings/{id}/answers")
  ResponseEntity<Says.Answered> answer(
      @PathVariable("id") String id, @RequestBody Says.Answer answer, HttpServletRequest request) {
    open(id);
    Meetings.Seat seat = caller.personalSeat(request, id);
    limits.demand("seat " + seat.participant(), RateLimits.Kind.SEAT_ANSWER);
    if (soundness.full() && !onlySaysNo(answer.receipt())) {
      throw Problem.diskFull();
    }
    Salt salt;
    try {
      salt = new Salt(answer.salt());
    } catch (IllegalArgumentException e) {
      throw Problem.badRequest("salt", "The salt is 32 bytes in base64url.");
    }
    return switch (consents.answer(Gatherings.seated(seat), answer.receipt(), salt)) {
      case Consents.Answering.Answered(long index, String proof, List<Grant> grants) ->
          ResponseEntity.status(HttpStatus.CREATED)
              .body(
                  new Says.Answered(
                      index,
                      proof,
                      grants.stream()
                          .map(g ->
                              new Says.Granted(
                                  g.purpose().id(), g.medium().id(), g.handle().value()))
                          .toList()));
      case Consents.Answering.Refused(var reason, String detail) ->
          throw Problem.badRequest(
              "answer-" + reason.slug(), reason.sentence() + " (" + detail + ")");
    };
  }

  @PostMapping("/api/meetings/{id}/streams")
  ResponseEntity<Says.Stream> stream(
      @PathVariable("id") String id,
      @RequestBody Says.OpenStream wanted,
      HttpServletRequest request) {
    open(id);
    Meetings.Seat seat = caller.personalSeat(request, id);
    room();
    if (!wanted.recipient().equals("companion")) {
      throw Problem.badRequest("recipient", "The only recipient here is the companion.");
    }
    byte[] wrapped;
    try {
      wrapped = Base64.getUrlDecoder().decode(wanted.wrappedKey());
    } catch (IllegalArgumentException e) {
      throw Problem.badRequest("wrapped-key", "The wrapped key is not base64url.");
    }
    String token = gatherings.listening().open(seat, wrapped);
    try {
      open(id);
      caller.seat(request, id);
    } catch (Problem over) { // ended, or put out, while the stream was being opened
      gatherings.listening().close(new ParticipantId(seat.participant()));
      throw over;
    }
    return ResponseEntity.status(HttpStatus.CREATED)
        .body(new Says.Stream(Origin.of(config, request).socket(), token));
  }

  @DeleteMapping("/api/meetings/{id}/streams")
  ResponseEntity<Void> closeStream(@PathVariable("id") String id, HttpServletRequest request) {
    Meetings.Seat seat = caller.seat(request, id);
    gatherings.listening().close(new ParticipantId(seat.participant()));
    return ResponseEntity.noContent().build();
  }

  @GetMapping("/api/meetings/{id}/notes")
  Says.Notes notes(@PathVariable("id") String id, HttpServletRequest request) {
    Meetings.Meeting meeting = known(id);
    Optional<Meetings.Seat> reader = caller.seatOrHost(request, id);
    if (!reader.map(gatherings::wasThere).orElseGet(() -> gatherings.hostWasThere(id))) {
      throw Problem.forbidden(
          "not-there", "The notes are for those who were in the meeting, seen by all.");
    }
    Transcript transcript = gatherings.transcript(meeting, reader);
    boolean ready = gatherings.settled(meeting);
    return new Says.Notes(
        ready, ready ? gatherings.summary(transcript) : List.of(), Notebook.said(transcript));
  }

  @PostMapping("/api/meetings/{id}/mute")
  ResponseEntity<Void> mute(
      @PathVariable("id") String id,
      @RequestBody Says.Participant who,
      HttpServletRequest request) {
    caller.host(request, open(id).id());
    gatherings.mute(id, present(id, who));
    return ResponseEntity.noContent().build();
  }

  @PostMapping("/api/meetings/{id}/remove")
  ResponseEntity<Void> remove(
      @PathVariable("id") String id,
      @RequestBody Says.Participant who,
      HttpServletRequest request) {
    caller.host(request, open(id).id());
    gatherings.remove(id, present(id, who));
    return ResponseEntity.noContent().build();
  }

  @PostMapping("/api/meetings/{id}/end")
  ResponseEntity<Void> end(@PathVariable("id") String id, HttpServletRequest request) {
    caller.host(request, known(id).id());
    gatherings.end(known(id));
    return ResponseEntity.noContent().build();
  }

  private String present(String meeting, Says.Participant who) {
    return meetings
        .participant(who.participantId())
        .filter(seat -> seat.meeting().equals(meeting))
        .map(Meetings.Seat::participant)
        .orElseThrow(
            () -> Problem.notFound("participant", "Nobody with this id is in this meeting."));
  }

  private Meetings.Meeting known(String id) {
    return meetings
        .meeting(id)
        .orElseThrow(() -> Problem.notFound("meeting", "There is no meeting with this id."));
  }

  private Meetings.Meeting open(String id) {
    Meetings.Meeting meeting = known(id);
    if (!gatherings.isOpen(meeting)) {
      throw Problem.conflict("ended", "This meeting is over.");
    }
    return meeting;
  }

  private static Hash hash(String b64u, String what) {
    try {
      return Hash.fromB64u(b64u);
    } catch (IllegalArgumentException e) {
      throw Problem.badRequest(what, "The " + what + " is 32 bytes in base64url.");
    }
  }

  /** One line of text without control characters, trimmed. */
  private static String line(String text, int longest, String what) {
    String line = text.strip();
    if (line.length() > longest || line.codePoints().anyMatch(Character::isISOControl)) {
      throw Problem.badRequest(
          what, "The " + what + " can be one line of " + longest + " characters.");
    }
    return line;
  }
}
