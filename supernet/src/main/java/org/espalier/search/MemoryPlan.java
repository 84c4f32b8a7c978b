package org.espalier.search;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import org.espalier.InputException;
import org.espalier.data.Dataset;
import org.espalier.space.Genotype;
import org.jspecify.annotations.Nullable;

/**
 * What a run will need of memory, found by a dry run of its passes before anything of it is
 * allocated. Phases follow one another and give back what they had; the images stay.
 */
public final class MemoryPlan {
  private static final int SMALLEST_BATCH = 2;

  /** -Xmx over what a run needs: {@link MemoryLimit#ofHeap} is less by the collector's part. */
  private static final double HEADROOM = 1.25;

  private final long images;
  private final List<Planned> phases;

  /** A phase as configured, and as it would be with other batches; null: there can be none. */
  private record Planned(PhaseMemory memory, @Nullable IntFunction<PhaseMemory> withBatch) {
    static Planned of(int batch, IntFunction<PhaseMemory> withBatch) {
      return new Planned(withBatch.apply(batch), withBatch);
    }
  }

  private MemoryPlan(long images, Planned... phases) {
    this.images = images;
    this.phases = List.of(phases);
  }

  /**
   * Of a search, and of training what it finds: the most that an architecture may need.
   *
   * @throws InputException if data and configuration do not go together
   */
  public static MemoryPlan ofSearch(Configuration configuration, Dataset data) {
    DataCheck.search(configuration, data);
    DryRun dry = new DryRun(configuration, data);
    return new MemoryPlan(
        dry.images(),
        Planned.of(configuration.search().batch(), dry.search()),
        Planned.of(configuration.training().batch(), dry.training(dry.heaviest())));
  }

  /** Of training one architecture. */
  public static MemoryPlan ofTraining(
      Configuration configuration, Genotype genotype, Dataset data) {
    DataCheck.training(configuration, data);
    DryRun dry = new DryRun(configuration, data);
    return new MemoryPlan(
        dry.images(), Planned.of(configuration.training().batch(), dry.training(genotype)));
  }

  /**
   * Of scoring any architectures with the supernet of that search.
   *
   * @throws InputException if data and configuration do not go together
   */
  public static MemoryPlan ofScoring(Configuration configuration, Dataset data) {
    DataCheck.search(configuration, data);
    DryRun dry = new DryRun(configuration, data);
    return new MemoryPlan(dry.images(), new Planned(dry.scoring(), null));
  }

  /** The phases, one after the other. */
  public List<PhaseMemory> phases() {
    return phases.stream().map(Planned::memory).toList();
  }

  /** Bytes of the images, which all phases need. */
  public long images() {
    return images;
  }

  /** Bytes that a phase needs with the images. */
  public long bytes(PhaseMemory phase) {
    return images + phase.bytes();
  }

  /** Bytes that the phases want at most, the images with them. */
  long most() {
    return phases().stream().mapToLong(this::bytes).max().orElse(0);
  }

  /** What the run will take of a device, in a line for each phase; none of the heap. */
  List<String> lines(MemoryLimit limit) {
    if (limit.device() == null) {
      return List.of();
    }
    return phases().stream()
        .map(
            phase ->
                "%s: %s (activations %s, parameters %s, workspace %s, batches %s, images %s) of the %s"
                    .formatted(
                        phase.phase(),
                        MemoryLimit.format(bytes(phase)),
                        MemoryLimit.format(phase.activations()),
                        MemoryLimit.format(phase.parameters()),
                        MemoryLimit.format(phase.workspace()),
                        MemoryLimit.format(phase.batches()),
                        MemoryLimit.format(images),
                        limit))
        .toList();
  }

  /** Why the run cannot be, and what would help, in one line; empty if it can. */
  public Optional<String> objection(MemoryLimit limit) {
    List<Planned> tooLarge =
        phases.stream().filter(phase -> bytes(phase.memory) > limit.bytes()).toList();
    if (tooLarge.isEmpty()) {
      return Optional.empty();
    }
    String needs =
        tooLarge.stream()
            .map(
                phase ->
                    phase.memory.phase()
                        + " needs "
                        + MemoryLimit.format(bytes(phase.memory))
                        + " at "
                        + (phase.withBatch == null ? "the search's batch" : phase.memory.batchKey())
                        + " "
                        + phase.memory.batch())
            .collect(Collectors.joining(", "));
    List<String> remedies = new ArrayList<>();
    smaller(tooLarge, limit).ifPresent(remedies::add);
    if (limit.device() == null) {
      remedies.add(limit.isHeap() ? larger(tooLarge) : "allow more");
    } else if (remedies.isEmpty()) {
      remedies.add("take another --device");
    }
    return Optional.of(needs + ", more than the " + limit + ": " + String.join(", or ", remedies));
  }

  /**
   * Returns if the run can be.
   *
   * @throws InputException with {@link #objection} if not
   */
  void require(MemoryLimit limit) {
    objection(limit)
        .ifPresent(
            objection -> {
              throw new InputException(objection);
            });
  }

  private Optional<String> smaller(List<Planned> phases, MemoryLimit limit) {
    List<String> settings = new ArrayList<>();
    for (Planned phase : phases) {
      if (phase.withBatch == null) {
        return Optional.empty();
      }
      int batch = largestBatch(phase.withBatch, phase.memory.batch(), limit);
      if (batch < SMALLEST_BATCH) {
        return Optional.of("take fewer --channels or --cells (no batch is small enough)");
      }
      settings.add("--set " + phase.memory.batchKey() + "=" + batch);
    }
    return Optional.of("take at most " + String.join(" ", settings));
  }

  /**
   * The largest batch that fits, by halving what is between one that does and one that does not.
   */
  private int largestBatch(IntFunction<PhaseMemory> withBatch, int tooLarge, MemoryLimit limit) {
    int fits = SMALLEST_BATCH - 1;
    int doesNot = tooLarge;
    while (doesNot - fits > 1) {
      int between = (fits + doesNot) >>> 1;
      if (bytes(withBatch.apply(between)) <= limit.bytes()) {
        fits = between;
      } else {
        doesNot = between;
      }
    }
    return fits;
  }

  private String larger(List<Planned> phases) {
    long most = phases.stream().mapToLong(phase -> bytes(phase.memory)).max().orElse(0);
    long heap = (long) Math.ceil(HEADROOM * most / 0x1p30);
    return Environment.memory().stream()
        .filter(all -> all < heap << 30)
        .mapToObj(all -> "a heap of %d GiB, which is more than this machine has".formatted(heap))
        .findFirst()
        .orElse("a larger heap: ESPALIER_JAVA_OPTS=-Xmx" + heap + "g");
  }
}
