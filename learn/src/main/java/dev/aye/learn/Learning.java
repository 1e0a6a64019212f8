package dev.aye.learn;

import dev.aye.consent.Consents;
import dev.aye.log.Log;
import dev.aye.vault.Disk;
import dev.aye.vault.Vault;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;

/** The house of learning: its data sets, its models, and the job that makes them forget. */
public final class Learning {
  private final Datasets datasets;
  private final Models models;
  private final Forgetting forgetting;

  private Learning(Workshop workshop) {
    this.datasets = new Datasets(workshop);
    this.models = new Models(workshop);
    this.forgetting = new Forgetting(workshop);
  }

  /**
   * Opens the folder, or makes one, and removes what a crash left unfinished. Forgetting that was
   * interrupted goes on when {@link Forgetting#run} is called, which the caller does next.
   */
  public static Learning open(
      Path folder,
      Vault vault,
      Log log,
      Consents consents,
      SecureRandom random,
      InstantSource clock) {
    return open(Disk.real(), folder, vault, log, consents, random, clock);
  }

  static Learning open(
      Disk disk,
      Path folder,
      Vault vault,
      Log log,
      Consents consents,
      SecureRandom random,
      InstantSource clock) {
    Shelf shelf = new Shelf(disk, folder);
    Workshop workshop = new Workshop(shelf, vault, log, consents, random, clock);
    shelf.change().dropUnfinished().save();
    shelf.exporting().sweep();
    workshop.sweep();
    return new Learning(workshop);
  }

  public Datasets datasets() {
    return datasets;
  }

  public Models models() {
    return models;
  }

  public Forgetting forgetting() {
    return forgetting;
  }
}
