package dev.aye.consent;

import java.util.List;
import java.util.Optional;

/**
 * What something of a person is used for. Each is its own choice; none implies another.
 *
 * <p>A class per purpose, so that a {@link Permit} carries its purpose in its type and a method
 * that takes {@code Permit<Training>} cannot be called with a permit for captions. Each class has
 * one instance.
 */
public sealed interface Purpose {
  Captions CAPTIONS = new Captions();
  Notes NOTES = new Notes();
  Recording RECORDING = new Recording();
  Training TRAINING = new Training();
  Sharing SHARING = new Sharing();

  /** Its name on the wire. */
  String id();

  /** Its identifier in a receipt (W3C DPV has none for these, so they are the project's own). */
  String iri();

  /**
   * Whether something is kept after the meeting, so that the grant goes on until it is withdrawn.
   */
  boolean keeps();

  static List<Purpose> all() {
    return List.of(CAPTIONS, NOTES, RECORDING, TRAINING, SHARING);
  }

  static Optional<Purpose> named(String id) {
    return all().stream().filter(purpose -> purpose.id().equals(id)).findFirst();
  }

  /** Live captions: shown, then forgotten. */
  final class Captions implements Purpose {
    private Captions() {}

    @Override
    public String id() {
      return "captions";
    }

    @Override
    public String iri() {
      return "urn:aye:purpose:live-captions";
    }

    @Override
    public boolean keeps() {
      return false;
    }

    @Override
    public String toString() {
      return id();
    }
  }

  /** Meeting notes: the transcript and its summary. */
  final class Notes implements Purpose {
    private Notes() {}

    @Override
    public String id() {
      return "notes";
    }

    @Override
    public String iri() {
      return "urn:aye:purpose:meeting-notes";
    }

    @Override
    public boolean keeps() {
      return true;
    }

    @Override
    public String toString() {
      return id();
    }
  }

  /** A recording of the meeting. */
  final class Recording implements Purpose {
    private Recording() {}

    @Override
    public String id() {
      return "recording";
    }

    @Override
    public String iri() {
      return "urn:aye:purpose:recording";
    }

    @Override
    public boolean keeps() {
      return true;
    }

    @Override
    public String toString() {
      return id();
    }
  }

  /** Training the organisation's own models. */
  final class Training implements Purpose {
    private Training() {}

    @Override
    public String id() {
      return "training";
    }

    @Override
    public String iri() {
      return "urn:aye:purpose:train-own-models";
    }

    @Override
    public boolean keeps() {
      return true;
    }

    @Override
    public String toString() {
      return id();
    }
  }

  /** Sharing with a named third party. */
  final class Sharing implements Purpose {
    private Sharing() {}

    @Override
    public String id() {
      return "sharing";
    }

    @Override
    public String iri() {
      return "urn:aye:purpose:share";
    }

    @Override
    public boolean keeps() {
      return true;
    }

    @Override
    public String toString() {
      return id();
    }
  }
}
