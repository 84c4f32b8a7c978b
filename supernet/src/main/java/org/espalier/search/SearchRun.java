package org.espalier.search;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.espalier.InputException;
import org.espalier.backend.Backend;
import org.espalier.data.Dataset;
import org.espalier.data.Datasets;
import org.espalier.report.HtmlReport;
import org.espalier.report.RunRecord;
import org.espalier.space.Genotype;
import org.espalier.space.SearchSpace;
import org.espalier.space.Spaces;
import org.espalier.tensor.Rng;
import org.jspecify.annotations.Nullable;

/**
 * A whole run: search, then train what was found and some random architectures from scratch, then
 * report. Its folder holds {@code config.yaml}, {@code metrics.jsonl}, {@code genotype.json},
 * {@code checkpoint}, {@code report.html}, and {@code supernet.safetensors} for {@link
 * TrainedSupernet}.
 */
public final class SearchRun {
  private final Configuration configuration;
  private final Dataset data;
  private final RunFolder folder;
  private final RunFolder.@Nullable Saved saved;
  private final MemoryPlan plan;
  private final MemoryLimit available;

  private SearchRun(
      Configuration configuration,
      Dataset data,
      RunFolder folder,
      RunFolder.@Nullable Saved saved,
      MemoryPlan plan,
      MemoryLimit available) {
    this.configuration = configuration;
    this.data = data;
    this.folder = folder;
    this.saved = saved;
    this.plan = plan;
    this.available = available;
  }

  /** A new run on the configuration's data, with as much memory as the heap can be. */
  public static SearchRun start(Configuration configuration, Path folder) {
    return start(configuration, folder, MemoryLimit.ofHeap());
  }

  /**
   * A new run on the configuration's data.
   *
   * @param limit of what it may need of memory
   * @throws InputException if the data cannot be read, do not fit the space, the run does not fit
   *     the limit, or the folder is not free
   */
  public static SearchRun start(Configuration configuration, Path folder, MemoryLimit limit) {
    return start(configuration, Datasets.open(configuration.data()), folder, limit);
  }

  /** A new run on data of one's own; the configuration's {@code data} is their name only. */
  public static SearchRun start(Configuration configuration, Dataset data, Path folder) {
    return start(configuration, data, folder, MemoryLimit.ofHeap());
  }

  private static SearchRun start(
      Configuration configuration, Dataset data, Path folder, MemoryLimit limit) {
    DataCheck.search(configuration, data);
    MemoryPlan plan = MemoryPlan.ofSearch(configuration, data);
    MemoryLimit available = limit.on(configuration.device());
    plan.require(available);
    Devices.open(configuration.device(), configuration.threads()).close();
    return new SearchRun(
        configuration, data, RunFolder.create(folder, configuration), null, plan, available);
  }

  /**
   * Continues a run where its checkpoint is.
   *
   * @throws InputException if there is no usable checkpoint in the folder
   */
  public static SearchRun resume(Path folder, MemoryLimit limit) {
    RunFolder existing = RunFolder.existing(folder);
    Configuration configuration = existing.configuration();
    return resume(existing, configuration, Datasets.open(configuration.data()), limit);
  }

  /** Continues a run on data of one's own. */
  public static SearchRun resume(Path folder, Dataset data) {
    RunFolder existing = RunFolder.existing(folder);
    return resume(existing, existing.configuration(), data, MemoryLimit.ofHeap());
  }

  private static SearchRun resume(
      RunFolder existing, Configuration configuration, Dataset data, MemoryLimit limit) {
    DataCheck.search(configuration, data);
    RunFolder.Saved saved = existing.load(configuration);
    if (saved.position().phase().equals(TrainRun.PHASE)) {
      throw new InputException(
          existing.path() + " holds a training; continue it with espalier train --resume");
    }
    MemoryPlan plan = MemoryPlan.ofSearch(configuration, data);
    MemoryLimit available = limit.on(configuration.device());
    plan.require(available);
    return new SearchRun(configuration, data, existing, saved, plan, available);
  }

  /** Where its files are. */
  public Path folder() {
    return folder.path();
  }

  /** What it was started with. */
  public Configuration configuration() {
    return configuration;
  }

  /**
   * Runs to the end.
   *
   * @param stop asked before every step
   * @throws StoppedException when {@code stop} has said so and the checkpoint is written
   */
  public RunRecord execute(Progress progress, BooleanSupplier stop) {
    try (Backend backend = Devices.open(configuration.device(), configuration.threads())) {
      plan.lines(available).forEach(progress::note);
      backend.reserve(plan.most());
      Runner runner = new Runner(configuration, folder, saved, backend, progress, stop);
      Ledger ledger = runner.ledger();
      SearchSpace space = Spaces.of(configuration.space());
      if (ledger.found().isEmpty()) {
        try (SearchPhase search = new SearchPhase(configuration, data, backend)) {
          runner.run(search);
          Genotype best = search.derive(ledger, progress, () -> runner.pause(search));
          TrainedSupernet.keep(search.supernet(), configuration, folder.path());
          ledger.found().add(space.format(best));
        }
        backend.memory().trim();
      }
      Genotype found = space.parse(ledger.found().getFirst());
      folder.write("genotype.json", Genotypes.json(space, found));
      train(runner, backend, contenders(space, found));
      RunRecord record = record(runner, backend, space, found);
      HtmlReport.write(record, folder.path().resolve("report.html"));
      return record;
    }
  }

  /** The found architecture and random ones, all different, by name. */
  private Map<String, Genotype> contenders(SearchSpace space, Genotype found) {
    Rng rng = Rng.of(configuration.seed()).split("contenders");
    Map<String, Genotype> contenders = new LinkedHashMap<>();
    contenders.put("found", found);
    for (long draw = 0; contenders.size() <= configuration.contenders(); draw++) {
      Genotype random = space.random(rng.split(draw));
      if (!contenders.containsValue(random)) {
        contenders.put("random " + contenders.size(), random);
      }
    }
    return contenders;
  }

  private void train(Runner runner, Backend backend, Map<String, Genotype> contenders) {
    contenders.forEach(
        (name, genotype) -> {
          if (runner.ledger().contenders().stream().noneMatch(done -> done.name().equals(name))) {
            try (TrainingPhase training =
                new TrainingPhase(configuration, genotype, name, data, backend)) {
              runner.run(training);
              runner.ledger().contenders().add(training.contender(runner.ledger()));
            }
            backend.memory().trim();
          }
        });
  }

  private RunRecord record(Runner runner, Backend backend, SearchSpace space, Genotype found) {
    Ledger ledger = runner.ledger();
    Map<String, List<String>> edges = new LinkedHashMap<>();
    for (SearchSpace.CellKind kind : space.cells()) {
      edges.put(
          kind.name(),
          kind.edges().stream().map(edge -> edge.from() + " \u2192 " + edge.to()).toList());
    }
    return new RunRecord(
        configuration.strategy() + " on " + space.name() + ", " + data.name(),
        runner.started(),
        runner.seconds(),
        Configurations.format(configuration),
        Environment.describe(configuration, data, backend),
        space.candidates().stream().map(candidate -> candidate.name()).toList(),
        edges,
        new ArrayList<>(ledger.search()),
        new ArrayList<>(ledger.training()),
        new ArrayList<>(ledger.contenders()),
        new ArrayList<>(ledger.scored()),
        space.draw(found),
        new ArrayList<>(ledger.warnings()));
  }
}
