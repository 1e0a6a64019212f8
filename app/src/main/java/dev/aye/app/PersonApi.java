package dev.aye.app;

import dev.aye.consent.Card;
import dev.aye.consent.Choice;
import dev.aye.consent.Consents;
import dev.aye.consent.DeviceProof;
import dev.aye.consent.Handle;
import dev.aye.consent.PersonId;
import dev.aye.consent.WithdrawalSecret;
import dev.aye.learn.DatasetVersion;
import dev.aye.learn.Learning;
import dev.aye.learn.ModelVersion;
import dev.aye.log.Log;
import dev.aye.log.LogException;
import dev.aye.vault.Vault;
import jakarta.servlet.http.HttpServletRequest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.springframework.dao.DataAccessException;
import org.springframework.transaction.TransactionException;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;

/** What a person can see and undo of themself: nobody else's choices are reachable from here. */
@RestController
final class PersonApi {
  private final Consents consents;
  private final Meetings meetings;
  private final Vault vault;
  private final Learning learning;
  private final Withdrawals withdrawals;
  private final Log log;
  private final Caller caller;

  PersonApi(House house) {
    this.consents = house.consents();
    this.meetings = house.meetings();
    this.vault = house.vault();
    this.learning = house.learning();
    this.withdrawals = house.withdrawals();
    this.log = house.log();
    this.caller = house.caller();
  }

  @PostMapping("/api/withdrawals")
  Says.Promise withdraw(@RequestBody Says.Secret slip) {
    WithdrawalSecret secret;
    try {
      secret = new WithdrawalSecret(slip.secret());
    } catch (IllegalArgumentException e) {
      throw Problem.badRequest("secret", "This is no withdrawal slip: it has 43 characters.");
    }
    return promised(
        () -> consents.withdraw(secret),
        Problem.notFound("unknown-slip", "Nobody granted anything under this slip here."));
  }

  /** Takes back without a slip, by the key that signed the yes. */
  @PostMapping("/api/me/withdrawals")
  Says.Promise withdraw(HttpServletRequest request, @RequestBody Says.Taken taken) {
    DeviceProof.Checked.Proven person = caller.person(request);
    Handle handle;
    try {
      handle = new Handle(taken.handle());
    } catch (IllegalArgumentException e) {
      throw Problem.badRequest("handle", "This is no handle of a yes: it has 43 characters.");
    }
    return promised(
        () -> consents.withdraw(person, handle),
        Problem.notFound("unknown-yes", "Your key signed no yes with this handle here."));
  }

  private static Says.Promise promised(Supplier<Consents.Withdrawing> withdrawing, Problem none) {
    return switch (withdrawn(withdrawing)) {
      case Consents.Withdrawing.Promised(Handle handle, String promise) ->
          new Says.Promise(handle.value(), promise);
      case Consents.Withdrawing.AlreadyWithdrawn(Handle handle, String promise) ->
          new Says.Promise(handle.value(), promise);
      case Consents.Withdrawing.Unknown() -> throw none;
    };
  }

  private static Consents.Withdrawing withdrawn(Supplier<Consents.Withdrawing> withdrawing) {
    try {
      return withdrawing.get();
    } catch (LogException | DataAccessException | TransactionException e) {
      throw Problem.unavailable(
          "withdrawal-not-stored",
          "Nothing of you is used any more, but the server could not write your withdrawal down."
              + " Send it again until it is promised.");
    }
  }

  @PostMapping("/api/me")
  Says.PersonAccount account(HttpServletRequest request) {
    DeviceProof.Checked.Proven proven = caller.person(request);
    PersonId person = proven.person();
    return new Says.PersonAccount(
        person.value(),
        consents.cards(person).stream().map(this::said).toList(),
        held(proven),
        used(person),
        withdrawals.of(person));
  }

  private Says.Card said(Card card) {
    return new Says.Card(
        card.meeting().value(),
        meetings.meeting(card.meeting().value()).map(Meetings.Meeting::title).orElse(""),
        card.receipt(),
        card.salt().value(),
        card.index(),
        log.proof(card.index()),
        card.noticeText(),
        card.choices().stream().map(Asking::said).toList());
  }

  private List<Says.Held> held(DeviceProof.Checked.Proven proven) {
    return vault.own(proven).stream()
        .map(content ->
            new Says.Held(
                content.block().purpose(),
                content.meeting().value(),
                Times.text(Instant.ofEpochMilli(content.block().slice().startMillis())),
                Notebook.words(content),
                content.block().id().hex()))
        .toList();
  }

  private List<Says.Used> used(PersonId person) {
    Set<Handle> own = new HashSet<>();
    for (Choice choice : consents.choices(person)) {
      choice.handle().ifPresent(own::add);
    }
    consents.cards(person).stream()
        .flatMap(card -> card.choices().stream())
        .forEach(choice -> choice.handle().ifPresent(own::add));
    List<Says.Used> used = new ArrayList<>();
    for (DatasetVersion dataset : learning.datasets().list()) {
      if (!Collections.disjoint(dataset.handles(), own)) {
        used(used, "dataset", dataset.id(), dataset.index(), dataset.standing().name());
      }
    }
    for (ModelVersion model : learning.models().list()) {
      if (!Collections.disjoint(model.handles(), own)) {
        used(used, "model", model.id(), model.index(), model.standing().name());
      }
    }
    return used;
  }

  private static void used(
      List<Says.Used> used, String kind, String id, Optional<Long> index, String standing) {
    index.ifPresent(at -> used.add(new Says.Used(kind, id, at, standing.toLowerCase(Locale.ROOT))));
  }
}
