package dev.aye.learn;

import dev.aye.consent.Handle;
import dev.aye.consent.Withdrawal;
import dev.aye.log.Appended;
import dev.aye.log.Hash;
import dev.aye.log.Leaf;
import dev.aye.log.Log;
import dev.aye.vault.BlockId;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/**
 * What happens after somebody changed their mind: one journalled job in nine {@link Step steps}.
 *
 * <p>Each step can be repeated, and the shelf notes it when it is done; so a job that is killed
 * anywhere goes on where it was. Withdrawals that come while a job runs wait for the next one,
 * which takes all of them together. Afterwards the root of each data set and the hash of each model
 * equal those of a fresh run on the same blocks without that person's: the journal holds names and
 * counts, never what was subtracted.
 */
public final class Forgetting {

  private final Workshop workshop;

  /** How many {@code SHRED} leaves are appended before their places are noted. */
  private static final int SIGNED_AT_ONCE = 512;

  private final List<Consumer<List<Progress>>> listeners = new CopyOnWriteArrayList<>();

  Forgetting(Workshop workshop) {
    this.workshop = workshop;
  }

  /**
   * Has {@code listener} told of every step, on the thread that runs the job: how far each grant of
   * the job is.
   */
  public void onProgress(Consumer<List<Progress>> listener) {
    listeners.add(listener);
  }

  /**
   * Asks for a grant to be forgotten: durable on return, done by {@link #run}. Asking again changes
   * nothing. Withdrawals need not be asked for; this is for grants that ended in another way.
   */
  public void forget(Handle handle) {
    workshop.shelf().lock.lock();
    try {
      request(Set.of(handle));
    } finally {
      workshop.shelf().lock.unlock();
    }
  }

  /**
   * Forgets everything that was withdrawn or asked for, and finishes what was interrupted. To be
   * called at start and after each withdrawal, from a thread that may wait.
   *
   * @throws RuntimeException when vault or log fail: the job stays where it is, and goes on when
   *     they are opened anew
   */
  public void run() {
    workshop.shelf().lock.lock();
    try {
      do {
        workshop.shelf().open().forEach(this::finish);
        Set<Handle> withdrawn = new LinkedHashSet<>();
        for (Withdrawal withdrawal : workshop.consents().withdrawals()) {
          withdrawn.add(withdrawal.grant().handle());
        }
        request(withdrawn);
      } while (!workshop.shelf().open().isEmpty());
    } finally {
      workshop.shelf().lock.unlock();
    }
  }

  /** How far each grant is forgotten, oldest first. Not for display to anybody but its person. */
  public List<Progress> progress() {
    List<Progress> all = new ArrayList<>();
    workshop.shelf().done().forEach(job -> all.addAll(each(job)));
    workshop.shelf().open().forEach(job -> all.addAll(each(job)));
    return List.copyOf(all);
  }

  public Optional<Progress> progress(Handle handle) {
    return workshop.shelf().forgetting(handle.value()).map(job -> progress(job, handle.value()));
  }

  // ---- the journal ----

  private void request(Set<Handle> handles) {
    List<String> fresh = new ArrayList<>();
    for (Handle handle : handles) {
      if (workshop.shelf().forgetting(handle.value()).isEmpty()) {
        fresh.add(handle.value());
      }
    }
    if (fresh.isEmpty()) {
      return;
    }
    List<Shelf.Job> open = workshop.shelf().open();
    Optional<Shelf.Job> waiting = open.stream().filter(job -> !job.started()).findFirst();
    if (waiting.isPresent()) {
      fresh.addAll(0, waiting.get().handles());
    }
    Shelf.Job job =
        new Shelf.Job(
            waiting
                .map(Shelf.Job::id)
                .orElseGet(() -> "forget-" + (workshop.shelf().done().size() + open.size() + 1)),
            List.copyOf(fresh),
            false,
            List.of(),
            Map.of(),
            Map.of(),
            Map.of(),
            Map.of());
    workshop.shelf().change().put(job).save(); // durable: it will be forgotten
    fresh.forEach(handle -> workshop.vault().block(new Handle(handle)));
    tell(job);
  }

  private void finish(Shelf.Job unfinished) {
    Shelf.Job job = unfinished.started() ? unfinished : save(with(unfinished, true));
    while (!job.finished()) {
      Outcome outcome = step(job, job.next());
      Shelf.Job now = job(job.id());
      List<Shelf.Done> done = new ArrayList<>(now.done());
      done.add(
          new Shelf.Done(
              now.next().id(), workshop.clock().millis(), outcome.count(), outcome.failed()));
      job =
          save(
              new Shelf.Job(
                  now.id(),
                  now.handles(),
                  true,
                  List.copyOf(done),
                  now.subtracted(),
                  now.keys(),
                  now.shreds(),
                  now.accounts()));
      tell(job);
    }
  }

  private static Shelf.Job with(Shelf.Job job, boolean started) {
    return new Shelf.Job(
        job.id(),
        job.handles(),
        started,
        job.done(),
        job.subtracted(),
        job.keys(),
        job.shreds(),
        job.accounts());
  }

  private Shelf.Job save(Shelf.Job job) {
    workshop.shelf().change().put(job).save();
    return job;
  }

  private Shelf.Job job(String id) {
    return workshop.shelf().open().stream()
        .filter(job -> job.id().equals(id))
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("a forgetting job is not on the shelf"));
  }

  // ---- the steps ----

  /** What a step came to. */
  private record Outcome(long count, List<String> failed) {
    static Outcome of(long count) {
      return new Outcome(count, List.of());
    }
  }

  private Outcome step(Shelf.Job job, Step step) {
    return switch (step) {
      case STOP -> stop(job);
      case BLOCK -> block(job);
      case SUBTRACT -> subtract(job);
      case SHRED -> shred(job);
      case RECUT -> recut(job);
      case REBUILD -> rebuild(job);
      case SIGN -> sign(job);
      case UNBLOCK -> unblock();
      case ACCOUNT -> account(job);
    };
  }

  /**
   * The permit is dead already, and with it what was in flight; from here on the vault takes
   * nothing more under the grant either, whoever asked the permit a moment before its end.
   */
  private Outcome stop(Shelf.Job job) {
    handles(job).forEach(workshop.vault()::block);
    return Outcome.of(job.handles().size());
  }

  private Outcome block(Shelf.Job job) {
    long[] count = {0};
    workshop
        .shelf()
        .change()
        .datasets(dataset -> {
          if (dataset.standing() == Standing.CURRENT && touches(dataset.handles(), job)) {
            count[0]++;
            return dataset.as(Standing.BLOCKED);
          }
          return dataset;
        })
        .models(model -> {
          if (model.standing() == Standing.CURRENT && touches(model.handles(), job)) {
            count[0]++;
            return model.as(Standing.BLOCKED);
          }
          return model;
        })
        .save();
    return Outcome.of(count[0]);
  }

  private Outcome subtract(Shelf.Job job) {
    long segments = 0;
    List<String> failed = new ArrayList<>();
    for (Shelf.Model model : blockedModels(job)) {
      try {
        Shelf.Dataset dataset =
            workshop
                .shelf()
                .dataset(model.dataset())
                .orElseThrow(() -> new IllegalStateException("a model's data set is not there"));
        List<String> texts =
            Models.lastTexts(workshop, dataset, new LinkedHashSet<>(job.handles()));
        CountModel without = decoded(model.parameters()).subtract(texts);
        BlockId block = workshop.vault().keepArtefact(Workshop.PARAMETERS, without.encode());
        Map<String, String> subtracted = new HashMap<>(job(job.id()).subtracted());
        subtracted.put(model.id(), block.hex());
        Shelf.Job now = job(job.id());
        save(
            new Shelf.Job(
                now.id(),
                now.handles(),
                true,
                now.done(),
                Map.copyOf(subtracted),
                now.keys(),
                now.shreds(),
                now.accounts()));
        segments += texts.size();
      } catch (IllegalStateException e) {
        if (e instanceof dev.aye.vault.Corrupt) {
          throw e;
        }
        failed.add(
            "model " + model.id() + " could not be subtracted from, and is destroyed instead");
      }
    }
    return new Outcome(segments, failed);
  }

  private Outcome shred(Shelf.Job job) {
    Shelf.Job counted = job;
    if (job.keys().isEmpty()) {
      Map<String, Long> keys = new HashMap<>();
      for (Handle handle : handles(job)) {
        keys.put(handle.value(), (long) workshop.vault().blocks(handle).size());
      }
      counted =
          save(
              new Shelf.Job(
                  job.id(),
                  job.handles(),
                  true,
                  job.done(),
                  job.subtracted(),
                  Map.copyOf(keys),
                  job.shreds(),
                  job.accounts())); // durable: what will have been destroyed
    }
    Set<BlockId> parameters = new HashSet<>();
    blockedModels(job).forEach(model -> parameters.add(new BlockId(model.parameters())));
    workshop.vault().shred(handles(job), parameters);
    return Outcome.of(counted.keys().values().stream().mapToLong(Long::longValue).sum());
  }

  private Outcome recut(Shelf.Job job) {
    long count = 0;
    for (Shelf.Dataset old : blockedDatasets(job)) {
      count++;
      if (replacement(old).isEmpty()) {
        Manifest manifest = workshop.manifest(old);
        Set<String> gone = new HashSet<>(job.handles());
        List<Manifest.Row> rows =
            manifest.rows().stream()
                .filter(row -> row.handles().stream().noneMatch(gone::contains))
                .toList();
        Datasets.prepare(
            workshop,
            workshop.log().checkpoint(),
            manifest.query(),
            manifest.queryHash(),
            rows,
            Optional.of(old.id()));
      }
    }
    return Outcome.of(count);
  }

  private Outcome rebuild(Shelf.Job job) {
    long count = 0;
    for (Shelf.Model old : blockedModels(job)) {
      String parameters = job.subtracted().get(old.id());
      if (parameters != null) {
        count++;
        if (workshop.shelf().models().stream()
            .noneMatch(model -> model.replaces().equals(Optional.of(old.id())))) {
          Shelf.Dataset dataset =
              replacement(workshop.shelf().dataset(old.dataset()).orElseThrow()).orElseThrow();
          Models.prepare(
              workshop,
              dataset,
              decoded(parameters),
              new BlockId(parameters),
              Optional.of(old.id()));
        }
      }
    }
    Set<BlockId> superseded = new HashSet<>();
    Shelf.Change change = workshop.shelf().change();
    for (Shelf.Dataset old : blockedDatasets(job)) {
      superseded.add(new BlockId(old.manifest()));
      superseded.add(new BlockId(old.members()));
      change.put(old.shredded());
    }
    for (Shelf.Model old : blockedModels(job)) {
      superseded.add(new BlockId(old.lineage()));
      change.put(old.shredded());
    }
    change.save(); // durable: nobody asks for the old ones any more
    if (!superseded.isEmpty()) {
      workshop.vault().shred(Set.of(), superseded);
    }
    workshop.sweep(); // those of them that an earlier run of this step left over
    return Outcome.of(count);
  }

  private Outcome sign(Shelf.Job job) {
    List<String> unsigned =
        job.handles().stream().filter(handle -> !job.shreds().containsKey(handle)).toList();
    for (int from = 0; from < unsigned.size(); from += SIGNED_AT_ONCE) {
      appendShreds(
          job(job.id()), unsigned.subList(from, Math.min(unsigned.size(), from + SIGNED_AT_ONCE)));
    }
    for (Shelf.Dataset dataset : workshop.shelf().datasets()) {
      if (signable(dataset.standing(), dataset.index(), dataset.handles())) {
        var _ = Datasets.sign(workshop, dataset); // who loses to a withdrawal stays without a leaf
      }
    }
    for (Shelf.Model model : workshop.shelf().models()) {
      if (signable(model.standing(), model.index(), model.handles())) {
        var _ = Models.sign(workshop, model);
      }
    }
    return Outcome.of(job(job.id()).shreds().size());
  }

  /** All of them wait for one batch of the log, not each for its own. */
  private void appendShreds(Shelf.Job job, List<String> handles) {
    Map<String, CompletableFuture<Appended>> answers = new LinkedHashMap<>();
    for (String handle : handles) {
      answers.put(handle, workshop.log().submit(new Leaf.Shred(shredHash(job, handle))));
    }
    Map<String, Long> shreds = new HashMap<>(job.shreds());
    answers.forEach((handle, answer) -> shreds.put(handle, Log.placed(answer).index()));
    save(
        new Shelf.Job(
            job.id(),
            job.handles(),
            true,
            job.done(),
            job.subtracted(),
            job.keys(),
            Map.copyOf(shreds),
            job.accounts()));
  }

  /**
   * Whether it waits for its leaf and may have one: not when somebody else in it withdrew by now.
   */
  private boolean signable(Standing standing, Optional<Long> index, List<String> handles) {
    return standing == Standing.PREPARED && index.isEmpty() && workshop.stand(handles);
  }

  /** The hash in a {@code SHRED} leaf, salted by what only the person and the log's keeper know. */
  private Hash shredHash(Shelf.Job job, String handle) {
    return Hash.sha256(shredText(job, handle).getBytes(StandardCharsets.UTF_8));
  }

  private String shredText(Shelf.Job job, String handle) {
    byte[] salt =
        workshop.vault().pseudonym("aye/shred/1", handle.getBytes(StandardCharsets.US_ASCII));
    return "aye-shred/1 "
        + Hash.of(salt).b64u()
        + " "
        + handle
        + " "
        + job.keys().getOrDefault(handle, 0L);
  }

  private Outcome unblock() {
    long[] count = {0};
    workshop
        .shelf()
        .change()
        .datasets(dataset -> {
          if (dataset.standing() != Standing.PREPARED) {
            return dataset;
          }
          count[0]++;
          return dataset.as(standing(dataset.index(), dataset.handles()));
        })
        .models(model -> {
          if (model.standing() != Standing.PREPARED) {
            return model;
          }
          count[0]++;
          return model.as(standing(model.index(), model.handles()));
        })
        .save();
    return Outcome.of(count[0]);
  }

  private Standing standing(Optional<Long> index, List<String> handles) {
    return index.isPresent() && workshop.stand(handles) ? Standing.CURRENT : Standing.BLOCKED;
  }

  private Outcome account(Shelf.Job job) {
    Map<String, String> accounts = new HashMap<>();
    for (String handle : job.handles()) {
      accounts.put(handle, workshop.log().sign(text(job, handle)));
    }
    save(
        new Shelf.Job(
            job.id(),
            job.handles(),
            true,
            job.done(),
            job.subtracted(),
            job.keys(),
            job.shreds(),
            Map.copyOf(accounts)));
    return Outcome.of(accounts.size());
  }

  private String text(Shelf.Job job, String handle) {
    StringBuilder text = new StringBuilder("aye-account/1\n");
    text.append(workshop.log().origin()).append('\n');
    text.append("handle ").append(handle).append('\n');
    long exports = 0;
    for (Shelf.Done done : job.done()) {
      text.append(done.step()).append(" done ").append(Instant.ofEpochMilli(done.at()));
      if (done.step().equals(Step.SHRED.id())) {
        text.append(", blocks destroyed: ").append(job.keys().getOrDefault(handle, 0L));
      } else if (done.step().equals(Step.SIGN.id())) {
        text.append(", SHRED leaf ").append(job.shreds().getOrDefault(handle, -1L));
      }
      text.append('\n');
    }
    text.append("preimage of the SHRED leaf: ").append(shredText(job, handle)).append('\n');
    for (Shelf.Dataset dataset : workshop.shelf().datasets()) {
      if (dataset.standing() == Standing.SHREDDED && dataset.handles().contains(handle)) {
        exports += dataset.exports();
        text.append("data set ").append(dataset.id()).append(" destroyed");
        replacement(dataset)
            .ifPresent(next -> text.append(", cut again without it as ").append(next.id()));
        text.append('\n');
      }
    }
    for (Shelf.Model model : workshop.shelf().models()) {
      if (model.standing() == Standing.SHREDDED && model.handles().contains(handle)) {
        text.append("model ").append(model.id()).append(" destroyed");
        workshop.shelf().models().stream()
            .filter(next -> next.replaces().equals(Optional.of(model.id())))
            .findFirst()
            .ifPresent(next -> text.append(", its counts without yours are in ").append(next.id()));
        text.append('\n');
      }
    }
    job.done()
        .forEach(done ->
            done.failed().forEach(what -> text.append("not done: ").append(what).append('\n')));
    if (exports > 0) {
      text.append("not done: ")
          .append(exports)
          .append(" exported copies left this system before and can only be recalled\n");
    }
    return text.append(
            "not covered: snapshots of the machine that holds the keys, if its keeper made any\n")
        .toString();
  }

  // ---- what a job touches ----

  private static Set<Handle> handles(Shelf.Job job) {
    Set<Handle> handles = new LinkedHashSet<>();
    job.handles().forEach(handle -> handles.add(new Handle(handle)));
    return handles;
  }

  private static boolean touches(List<String> handles, Shelf.Job job) {
    return handles.stream().anyMatch(Set.copyOf(job.handles())::contains);
  }

  private List<Shelf.Dataset> blockedDatasets(Shelf.Job job) {
    return workshop.shelf().datasets().stream()
        .filter(d -> d.standing() == Standing.BLOCKED && touches(d.handles(), job))
        .toList();
  }

  private List<Shelf.Model> blockedModels(Shelf.Job job) {
    return workshop.shelf().models().stream()
        .filter(m -> m.standing() == Standing.BLOCKED && touches(m.handles(), job))
        .toList();
  }

  private Optional<Shelf.Dataset> replacement(Shelf.Dataset old) {
    return workshop.shelf().datasets().stream()
        .filter(dataset -> dataset.replaces().equals(Optional.of(old.id())))
        .findFirst();
  }

  private CountModel decoded(String parameters) {
    return CountModel.decode(
        workshop
            .vault()
            .artefact(new BlockId(parameters))
            .orElseThrow(
                () -> new IllegalStateException("the parameters of a model are not there")));
  }

  // ---- telling ----

  private void tell(Shelf.Job job) {
    List<Progress> all = each(job);
    listeners.forEach(listener -> listener.accept(all));
  }

  private static List<Progress> each(Shelf.Job job) {
    return job.handles().stream().map(handle -> progress(job, handle)).toList();
  }

  private static Progress progress(Shelf.Job job, String handle) {
    List<Progress.StepState> steps = new ArrayList<>();
    for (int at = 0; at < Step.ORDER.size(); at++) {
      Step step = Step.ORDER.get(at);
      if (at < job.done().size()) {
        Shelf.Done done = job.done().get(at);
        steps.add(
            new Progress.StepState.Done(
                step, Instant.ofEpochMilli(done.at()), done.count(), done.failed()));
      } else if (at == job.done().size() && job.started()) {
        steps.add(new Progress.StepState.Doing(step));
      } else {
        steps.add(new Progress.StepState.Waiting(step));
      }
    }
    String account = job.accounts().get(handle);
    return new Progress(
        new Handle(handle),
        List.copyOf(steps),
        account == null ? new Progress.Outcome.Pending() : new Progress.Outcome.Account(account));
  }
}
