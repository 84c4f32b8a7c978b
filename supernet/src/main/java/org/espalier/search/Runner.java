package org.espalier.search;

import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.temporal.ChronoUnit;
import java.util.function.BooleanSupplier;
import org.espalier.backend.Backend;
import org.jspecify.annotations.Nullable;

/**
 * Takes phases through their steps: shows progress, checkpoints every epoch and when asked to stop,
 * continues.
 */
final class Runner {
  private final Configuration configuration;
  private final RunFolder folder;
  private final Backend backend;
  private final Progress progress;
  private final BooleanSupplier stop;
  private final RunFolder.@Nullable Saved saved;
  private final Ledger ledger;
  private final String started;
  private final long start = System.nanoTime();
  private final double before;

  Runner(
      Configuration configuration,
      RunFolder folder,
      RunFolder.@Nullable Saved saved,
      Backend backend,
      Progress progress,
      BooleanSupplier stop) {
    this.configuration = configuration;
    this.folder = folder;
    this.saved = saved;
    this.backend = backend;
    this.progress = progress;
    this.stop = stop;
    ledger = saved == null ? Ledger.empty() : saved.ledger();
    started =
        saved == null
            ? LocalDateTime.now().truncatedTo(ChronoUnit.SECONDS).toString()
            : saved.position().started();
    before = saved == null ? 0 : saved.position().seconds();
  }

  Ledger ledger() {
    return ledger;
  }

  String started() {
    return started;
  }

  /** Wall clock of the run, earlier sessions included. */
  double seconds() {
    return before + (System.nanoTime() - start) / 1e9;
  }

  Path path() {
    return folder.path();
  }

  /**
   * Takes a phase to its end.
   *
   * @throws StoppedException if asked to stop; the checkpoint has been written
   */
  void run(Phase phase) {
    long step = 0;
    if (saved != null && saved.position().phase().equals(phase.name())) {
      saved.restore(phase, backend);
      step = saved.position().step();
    }
    Progress.Phase shown = new Progress.Phase(phase.name(), phase.epochs(), phase.steps(), step);
    progress.begin(shown);
    long steps = phase.steps();
    long total = phase.epochs() * steps;
    long epochStart = System.nanoTime();
    if (step < total) {
      save(phase, step);
    }
    while (step < total) {
      if (stop.getAsBoolean()) {
        save(phase, step);
        throw stopped();
      }
      long stepStart = System.nanoTime();
      phase.step(step++);
      Score score = phase.scores().getFirst();
      int within = (int) ((step - 1) % steps) + 1;
      progress.step(
          new Progress.Step(
              (int) ((step - 1) / steps) + 1,
              within,
              score.loss(),
              score.accuracy(),
              phase.images() * 1e9 / (System.nanoTime() - stepStart)));
      if (within == steps) {
        phase.endEpoch(
            (int) (step / steps), (System.nanoTime() - epochStart) / 1e9, ledger, progress);
        save(phase, step);
        epochStart = System.nanoTime();
      }
    }
    progress.end(shown);
  }

  /**
   * Between two parts of what follows a phase that is at its end.
   *
   * @throws StoppedException if asked to stop; the checkpoint has been written
   */
  void pause(Phase phase) {
    if (stop.getAsBoolean()) {
      save(phase, (long) phase.epochs() * phase.steps());
      throw stopped();
    }
  }

  private StoppedException stopped() {
    return new StoppedException("stopped; continue with --resume " + folder.path());
  }

  private void save(Phase phase, long step) {
    folder.save(
        configuration,
        phase,
        backend,
        new RunFolder.Position(phase.name(), step, phase.scores(), seconds(), started),
        ledger);
  }
}
