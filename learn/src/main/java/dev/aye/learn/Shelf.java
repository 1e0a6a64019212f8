package dev.aye.learn;

import dev.aye.vault.BlockId;
import dev.aye.vault.Disk;
import java.io.ByteArrayOutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.UnaryOperator;

/**
 * Which data sets, models and forgetting jobs there are; names and counts, never content. What is
 * there and what is under way is one small file, replaced in one step, so that a job and what it
 * changes can never disagree. Jobs that are done are lines of a second one that only grows, so that
 * changing one's mind costs the same however many did before.
 *
 * <p>{@link #lock} is held by whoever builds, trains or forgets: one at a time.
 */
final class Shelf {
  /** A data set as the shelf knows it. */
  record Dataset(
      String id,
      String manifest,
      String members,
      Standing standing,
      long built,
      long rows,
      String root,
      List<String> handles,
      Optional<Long> index,
      Optional<String> replaces,
      int exports) {
    Dataset as(Standing now) {
      return new Dataset(
          id, manifest, members, now, built, rows, root, handles, index, replaces, exports);
    }

    Dataset at(long logIndex) {
      return new Dataset(
          id,
          manifest,
          members,
          standing,
          built,
          rows,
          root,
          handles,
          Optional.of(logIndex),
          replaces,
          exports);
    }

    Dataset exportedAgain() {
      return new Dataset(
          id,
          manifest,
          members,
          standing,
          built,
          rows,
          root,
          handles,
          index,
          replaces,
          exports + 1);
    }

    /** What stays of it: that it was there. */
    Dataset shredded() {
      return new Dataset(
          id, "", "", Standing.SHREDDED, built, rows, "", handles, index, replaces, exports);
    }
  }

  /** A model as the shelf knows it. */
  record Model(
      String id,
      String dataset,
      String parameters,
      String lineage,
      Standing standing,
      long built,
      String hash,
      List<String> handles,
      Optional<Long> index,
      Optional<String> replaces) {
    Model as(Standing now) {
      return new Model(
          id, dataset, parameters, lineage, now, built, hash, handles, index, replaces);
    }

    Model at(long logIndex) {
      return new Model(
          id,
          dataset,
          parameters,
          lineage,
          standing,
          built,
          hash,
          handles,
          Optional.of(logIndex),
          replaces);
    }

    Model shredded() {
      return new Model(id, dataset, "", "", Standing.SHREDDED, built, "", handles, index, replaces);
    }
  }

  /** A step of a job that is done: when, how many things it touched, and what it could not do. */
  record Done(String step, long at, long count, List<String> failed) {}

  /**
   * A forgetting job.
   *
   * @param started whether it began: until then withdrawals that come are added to it
   * @param subtracted the block of the parameters that take the place of each model's
   * @param keys what shredding is to destroy, counted before it does, so that a repetition after a
   *     crash reports the same
   * @param shreds the index of each handle's {@code SHRED} leaf
   * @param accounts the signed account for each handle
   */
  record Job(
      String id,
      List<String> handles,
      boolean started,
      List<Done> done,
      Map<String, String> subtracted,
      Map<String, Long> keys,
      Map<String, Long> shreds,
      Map<String, String> accounts) {
    boolean finished() {
      return done.size() == Step.ORDER.size();
    }

    Step next() {
      return Step.ORDER.get(done.size());
    }
  }

  private record State(List<Dataset> datasets, List<Model> models, List<Job> jobs) {}

  final ReentrantLock lock = new ReentrantLock();
  private final Disk disk;
  private final Path file;
  private final Path finished;
  private final Exporting exporting;

  /** Up to where {@link #finished} was written whole. */
  private long end;

  /** The job of each handle, also of those that are done. */
  private final Map<String, Job> byHandle = new ConcurrentHashMap<>();

  private final List<Job> done = new CopyOnWriteArrayList<>();
  private volatile State state;

  Shelf(Disk disk, Path folder) {
    this.disk = disk;
    this.file = folder.resolve("shelf.json");
    this.finished = folder.resolve("forgotten.jsonl");
    this.exporting = new Exporting(disk, folder);
    disk.folder(folder);
    Set<String> ids = new HashSet<>();
    for (Job job : finished()) {
      done(job);
      ids.add(job.id());
    }
    State found =
        disk.exists(file)
            ? Json.read(disk.read(file), State.class)
            : new State(List.of(), List.of(), List.of());
    List<Job> open = found.jobs().stream().filter(job -> !ids.contains(job.id())).toList();
    open.forEach(this::know);
    this.state = new State(found.datasets(), found.models(), open);
  }

  /** The exports that are being written. */
  Exporting exporting() {
    return exporting;
  }

  /** The whole lines; what a crash left of one is written over by the next. */
  private List<Job> finished() {
    List<Job> jobs = new ArrayList<>();
    if (!disk.exists(finished)) {
      return jobs;
    }
    byte[] bytes = disk.read(finished);
    for (int at = 0; at < bytes.length; at++) {
      if (bytes[at] == '\n') {
        jobs.add(Json.read(Arrays.copyOfRange(bytes, (int) end, at), Job.class));
        end = at + 1L;
      }
    }
    return jobs;
  }

  private void done(Job job) {
    done.add(job);
    know(job);
  }

  private void know(Job job) {
    job.handles().forEach(handle -> byHandle.put(handle, job));
  }

  List<Dataset> datasets() {
    return state.datasets();
  }

  List<Model> models() {
    return state.models();
  }

  /** The jobs that are waiting or under way, oldest first. */
  List<Job> open() {
    return state.jobs();
  }

  /** The jobs that are done, oldest first. */
  List<Job> done() {
    return done;
  }

  /** The job that forgets, or forgot, what was kept under a grant. */
  Optional<Job> forgetting(String handle) {
    return Optional.ofNullable(byHandle.get(handle));
  }

  Optional<Dataset> dataset(String id) {
    return state.datasets().stream().filter(dataset -> dataset.id().equals(id)).findFirst();
  }

  Optional<Model> model(String id) {
    return state.models().stream().filter(model -> model.id().equals(id)).findFirst();
  }

  /** A change of everything at once; durable on return. */
  final class Change {
    private final List<Dataset> datasets = new ArrayList<>(state.datasets());
    private final List<Model> models = new ArrayList<>(state.models());
    private final List<Job> jobs = new ArrayList<>(state.jobs());

    Change put(Dataset dataset) {
      datasets.removeIf(old -> old.id().equals(dataset.id()));
      datasets.add(dataset);
      return this;
    }

    Change put(Model model) {
      models.removeIf(old -> old.id().equals(model.id()));
      models.add(model);
      return this;
    }

    Change put(Job job) {
      int at = -1;
      for (int i = 0; i < jobs.size(); i++) {
        if (jobs.get(i).id().equals(job.id())) {
          at = i;
        }
      }
      if (at < 0) {
        jobs.add(job);
      } else {
        jobs.set(at, job);
      }
      return this;
    }

    Change datasets(UnaryOperator<Dataset> each) {
      datasets.replaceAll(each);
      return this;
    }

    Change models(UnaryOperator<Model> each) {
      models.replaceAll(each);
      return this;
    }

    Change drop(Dataset dataset) {
      datasets.removeIf(old -> old.id().equals(dataset.id()));
      return this;
    }

    Change drop(Model model) {
      models.removeIf(old -> old.id().equals(model.id()));
      return this;
    }

    /**
     * Drops what a crash left between its writing and its leaf, but for what a job goes on with.
     */
    Change dropUnfinished() {
      datasets.removeIf(d -> d.standing() == Standing.PREPARED && d.replaces().isEmpty());
      models.removeIf(m -> m.standing() == Standing.PREPARED && m.replaces().isEmpty());
      return this;
    }

    void save() {
      List<Job> over = jobs.stream().filter(Job::finished).toList();
      if (!over.isEmpty()) {
        ByteArrayOutputStream lines = new ByteArrayOutputStream();
        for (Job job : over) {
          lines.writeBytes(Json.write(job));
          lines.write('\n');
        }
        disk.append(finished, end, lines.toByteArray()); // durable: done, whatever else is written
        end += lines.size();
      }
      List<Job> open = jobs.stream().filter(job -> !job.finished()).toList();
      State next = new State(List.copyOf(datasets), List.copyOf(models), open);
      disk.replace(file, Json.write(next)); // durable: the new state, or still the old one
      over.forEach(Shelf.this::done);
      open.forEach(Shelf.this::know);
      state = next;
    }
  }

  Change change() {
    return new Change();
  }

  /** Every artefact that something here still needs. */
  List<BlockId> artefacts() {
    List<BlockId> found = new ArrayList<>();
    for (Dataset dataset : state.datasets()) {
      add(dataset.manifest(), found);
      add(dataset.members(), found);
    }
    for (Model model : state.models()) {
      add(model.parameters(), found);
      add(model.lineage(), found);
    }
    for (Job job : state.jobs()) {
      job.subtracted().values().forEach(block -> add(block, found));
    }
    return found;
  }

  private static void add(String block, List<BlockId> to) {
    if (!block.isEmpty()) {
      to.add(new BlockId(block));
    }
  }
}
