package dev.aye.consent;

import java.util.Locale;

/**
 * Why something that came from the network was not accepted. Nothing was stored and nothing
 * granted.
 */
public enum Refusal {
  OVERSIZED("It is larger than allowed."),
  NOT_A_TOKEN("It is not a compact JWS of the expected kind."),
  BAD_KEY("The key in it is not a valid P-256 public key."),
  BAD_SIGNATURE("Its signature does not match its key."),
  MALFORMED("Its content does not have the expected form."),
  STALE("It was made too long ago, or in the future. Check the clock of the device and try again."),
  REPLAYED("It was used before."),
  BUSY("Too many requests came at once. Try again in a moment."),
  WRONG_ORIGIN("It was made for another service."),
  WRONG_REQUEST("It was made for another request."),
  WRONG_MEETING("It was made for another meeting."),
  WRONG_PARTICIPANT("It was made for another participant."),
  WRONG_PERSON("It was signed by another device than the one that joined."),
  MEETING_CLOSED("The meeting is over, or asks nothing."),
  UNKNOWN_NOTICE("It answers a text that this meeting does not show."),
  WRONG_CONTROLLER("It names another organisation than the text that was shown."),
  WRONG_RECIPIENT("It names a recipient that this meeting does not have."),
  WRONG_PROCESSOR("What would process the data is no longer what it names."),
  WRONG_ROOM("It names another room than the one of this meeting."),
  SCOPE_TOO_WIDE("It reaches further than this service allows."),
  SCOPE_NEEDS_LASTING_KEY(
      "A yes beyond this meeting needs a device key that lasts, and this one is for one meeting."),
  NOT_OFFERED("It answers something that this meeting does not ask."),
  TRAINING_MIXED("It answers Learning together with other rows; Learning is answered by itself."),
  HANDLE_USED("It reuses the handle of an earlier answer."),
  ALREADY_GIVEN("That is a yes already. Withdraw it first to answer anew."),
  OVERTAKEN("A later answer from the same person came first."),
  TOO_MANY("This person has answered too often in this meeting.");

  private final String sentence;

  Refusal(String sentence) {
    this.sentence = sentence;
  }

  /** Its name on the wire, as in {@code urn:aye:problem:<slug>}. */
  public String slug() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** What happened, in plain words. */
  public String sentence() {
    return sentence;
  }
}
