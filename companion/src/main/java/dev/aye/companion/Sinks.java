package dev.aye.companion;

import dev.aye.consent.MeetingId;
import dev.aye.consent.ParticipantId;
import dev.aye.consent.Permit;
import dev.aye.consent.Purpose;

/**
 * Where words go, each way behind the permit of its purpose.
 *
 * <p>Every permit handed in was live for the whole of what was said and is live at the call. Called
 * on the decoder's thread, for chat on the caller's; a sink that keeps something asks the permit
 * again before it does.
 */
public interface Sinks {
  /** Words to show now. */
  void caption(Permit<Purpose.Captions> permit, Caption caption);

  /** Words to keep for the notes of the meeting. */
  void note(Permit<Purpose.Notes> permit, Utterance utterance);

  /** Words to keep for learning. */
  void train(Permit<Purpose.Training> permit, Utterance utterance);

  /**
   * The caption with this id has no more words: what was shown of it is to go. Holds no content.
   */
  void gone(MeetingId meeting, ParticipantId participant, long caption);
}
