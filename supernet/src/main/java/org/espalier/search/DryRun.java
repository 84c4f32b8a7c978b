package org.espalier.search;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.espalier.InputException;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.data.Batch;
import org.espalier.data.Dataset;
import org.espalier.nn.ParameterArena;
import org.espalier.space.Gene;
import org.espalier.space.Genotype;
import org.espalier.space.SearchSpace;
import org.espalier.space.Spaces;
import org.espalier.strategy.Architecture;
import org.espalier.strategy.Policy;
import org.espalier.strategy.Strategies;
import org.espalier.supernet.Supernet;
import org.espalier.tensor.Rng;

/**
 * The passes of a run's phases on a {@link DryBackend}: what they need of memory, to the byte where
 * the configuration settles it, with nothing of it allocated. Paths and architectures that are yet
 * to be drawn or found are not settled: there every candidate has its turn on all edges at once.
 */
final class DryRun {
  /** Ways to lay a path, or to wire an architecture, that are tried. */
  private static final int WIRINGS = 8;

  /** Paths that are tried with all kinds of candidates in them. */
  private static final int DRAWS = 32;

  /** A loader prepares one batch while the one before is used. */
  private static final int BATCHES_OF_A_LOADER = 2;

  /** A checkpoint is read from the device, then laid out as a file. */
  private static final int COPIES_OF_A_CHECKPOINT = 2;

  /** Its value, gradient and momentum, and the copies of a checkpoint. */
  private static final int BYTES_OF_A_PARAMETER = Float.BYTES * (3 + 2 * COPIES_OF_A_CHECKPOINT);

  private static final long LARGEST_ARRAY = Integer.MAX_VALUE - 64;

  private static final Rng RNG = Rng.of(0);

  private final Configuration configuration;
  private final Dataset data;
  private final SearchSpace space;
  private final long spare;

  /**
   * Whether it is a device's memory that counts: loaders and checkpoints then want nothing of it.
   */
  private final boolean onDevice;

  DryRun(Configuration configuration, Dataset data) {
    this.configuration = configuration;
    this.data = data;
    space = Spaces.of(configuration.space());
    onDevice = Devices.hasMemory(configuration.device());
    spare = Devices.spare(configuration.device());
  }

  /** The search, by the number of images in its batches. */
  IntFunction<PhaseMemory> search() {
    Configuration.Search settings = configuration.search();
    SearchSpace.Size size = size(settings.channels(), settings.cells());
    requireCountable("search", root -> space.supernet(root, size));
    DryBackend dry = new DryBackend(spare);
    Supernet supernet = Supernet.of(root -> space.supernet(root, size), dry.backend(), RNG);
    OnePath strategy = new OnePath(Strategies.of(configuration.strategy()), space);
    Architecture architecture =
        Architecture.of(space, strategy, settings.oneShot(), dry.backend(), RNG);
    Bilevel bilevel = new Bilevel(space, strategy, supernet, architecture, settings);
    search(bilevel, strategy, dry, 1); // then all is there that the batch has no part in
    long parameters = dry.ownBytes() - imageBytes(2);
    long saved =
        floats(supernet.weights().values(), bilevel.sgd().slots().values())
            + floats(architecture.arena().values(), bilevel.adam().slots().values())
            + policy(architecture).mapToLong(Buffer::size).sum();
    return batch ->
        possible(
            "search",
            batch,
            () -> {
              dry.restart();
              search(bilevel, strategy, dry, batch);
              return new PhaseMemory(
                  "search",
                  batch,
                  parameters,
                  dry.pooledBytes(),
                  workspace(dry),
                  imageBytes(2L * batch * (1 + prepared())),
                  checkpoint(saved));
            });
  }

  /** Every kind of pass: as drawn, then each candidate wherever one alone is taken. */
  private void search(Bilevel bilevel, OnePath strategy, DryBackend dry, int batch) {
    Feed train = blank(dry.backend(), batch);
    Feed valid = blank(dry.backend(), batch);
    strategy.takeAsDrawn();
    Policy policy = bilevel.architecture().policy();
    if (policy != null) {
      policy.step(0, (genotype, protocol) -> 0, RNG);
    }
    for (double progress : new double[] {0, 1}) {
      step(bilevel, strategy, train, valid, new Bilevel.Moment(progress, RNG));
    }
    if (strategy.samples()) {
      paths(strategy, path -> step(bilevel, strategy, train, valid, new Bilevel.Moment(0, path)));
    }
  }

  /** Paths that together need what any may. */
  private void paths(OnePath strategy, Consumer<Rng> take) {
    for (int path = 0; path < DRAWS; path++) {
      strategy.takeAny(RNG.split(path));
      take.accept(RNG.split(path));
    }
    for (int k = 0; k < space.candidates().size(); k++) {
      strategy.take(k);
      for (int path = 0; path < WIRINGS; path++) {
        take.accept(RNG.split(path));
      }
    }
  }

  private static void step(
      Bilevel bilevel, OnePath strategy, Feed train, Feed valid, Bilevel.Moment moment) {
    bilevel.weightStep(train, moment, 0);
    if (strategy.alphaLearns()) {
      bilevel.architectureStep(train, valid, moment, 0, 0);
    }
    bilevel.evaluate(valid, moment);
    if (strategy.samples()) {
      bilevel.calibrate(valid, moment);
    }
  }

  /** Scoring of any architectures with the supernet that a search has trained. */
  PhaseMemory scoring() {
    Configuration.Search settings = configuration.search();
    SearchSpace.Size size = size(settings.channels(), settings.cells());
    requireCountable("search", root -> space.supernet(root, size));
    DryBackend dry = new DryBackend(spare);
    Supernet supernet = Supernet.of(root -> space.supernet(root, size), dry.backend(), RNG);
    Architecture own =
        Architecture.of(
            space, Strategies.of(configuration.strategy()), settings.oneShot(), dry.backend(), RNG);
    OnePath any = new OnePath(Strategies.of("random"), space);
    Bilevel bilevel = new Bilevel(space, any, supernet, own, settings);
    int batch = settings.batch();
    return possible(
        "scoring",
        batch,
        () -> {
          Feed feed = blank(dry.backend(), batch);
          paths(any, path -> bilevel.calibrate(feed, new Bilevel.Moment(0, path)));
          return new PhaseMemory(
              "scoring",
              batch,
              dry.ownBytes() - imageBytes(batch),
              dry.pooledBytes(),
              workspace(dry),
              imageBytes(2L * batch * (1 + prepared())),
              checkpoint(supernet.weights().values().size()));
        });
  }

  private static Stream<Buffer> policy(Architecture architecture) {
    Policy policy = architecture.policy();
    return policy == null ? Stream.empty() : policy.buffers().values().stream();
  }

  /** The training of an architecture and its tests, by the number of images in its batches. */
  IntFunction<PhaseMemory> training(Genotype genotype) {
    Configuration.Training settings = configuration.training();
    SearchSpace.Size size = size(settings.channels(), settings.cells());
    boolean auxiliary = settings.auxiliary() > 0;
    requireCountable("training", root -> space.network(root, genotype, size, auxiliary));
    return batch -> possible("training", batch, () -> training(genotype, size, batch));
  }

  private PhaseMemory training(Genotype genotype, SearchSpace.Size size, int batch) {
    Configuration.Training settings = configuration.training();
    DryBackend dry = new DryBackend(spare);
    Trainee trainee =
        new Trainee(space, genotype, size, settings, arena -> arena.allocate(dry.backend()));
    Feed feed = blank(dry.backend(), batch);
    trainee.step(feed, 0, RNG, 0);
    if (settings.dropPath() > 0 && settings.epochs() > 1) {
      trainee.step(feed, settings.dropPath(), RNG, 0);
    }
    int test = data.test().size();
    int whole = Math.min(test, batch);
    trainee.test(feed.load(blank(whole)));
    if (test % whole > 0) {
      trainee.test(feed.load(blank(test % whole)));
    }
    long saved = trainee.buffers().values().stream().mapToLong(Buffer::size).sum();
    return new PhaseMemory(
        "training",
        batch,
        dry.ownBytes() - imageBytes(batch),
        dry.pooledBytes(),
        workspace(dry),
        imageBytes(batch + prepared() * (batch + whole)),
        checkpoint(saved));
  }

  /** Of the architectures that a search may come to, one that needs most to be trained. */
  Genotype heaviest() {
    Comparator<Genotype> byMemory =
        Comparator.comparingLong(
            genotype -> training(genotype).apply(configuration.training().batch()).bytes());
    Genotype heavy =
        space.candidates().stream()
            .filter(candidate -> !candidate.name().equals("none"))
            .map(candidate -> everywhere(candidate.name(), space.random(RNG)))
            .max(byMemory)
            .orElseThrow();
    String op = heavy.cells().getFirst().genes().getFirst().op();
    return IntStream.range(0, WIRINGS)
        .mapToObj(wiring -> everywhere(op, space.random(RNG.split(wiring))))
        .distinct()
        .max(byMemory)
        .orElseThrow();
  }

  private static Genotype everywhere(String op, Genotype wiring) {
    List<Genotype.Cell> cells =
        wiring.cells().stream()
            .map(
                cell ->
                    new Genotype.Cell(
                        cell.name(),
                        cell.genes().stream()
                            .map(gene -> new Gene(gene.from(), gene.to(), op))
                            .toList()))
            .toList();
    return new Genotype(wiring.space(), cells);
  }

  private int prepared() {
    return onDevice ? 0 : BATCHES_OF_A_LOADER;
  }

  private long checkpoint(long floats) {
    return onDevice ? 0 : Float.BYTES * COPIES_OF_A_CHECKPOINT * floats;
  }

  /**
   * The images themselves: bytes; on the heap each array with its header and a few references and
   * indices, on a device a table of what becomes of a byte.
   */
  long images() {
    long length = data.train().imageLength();
    long each = onDevice ? length : (length + 7L) / 8 * 8 + 40;
    long tables = onDevice ? 2L * Float.BYTES * 256 * data.channels() : 0;
    return each * (data.train().size() + data.test().size()) + tables;
  }

  private SearchSpace.Size size(int channels, int cells) {
    return new SearchSpace.Size(channels, cells, data.channels(), data.classCount());
  }

  /**
   * What the passes come to.
   *
   * @throws InputException if a tensor would be larger than any can be
   */
  private static PhaseMemory possible(String phase, int batch, Supplier<PhaseMemory> passes) {
    try {
      return passes.get();
    } catch (IllegalArgumentException e) { // of a shape
      throw new InputException(
          "%s with batches of %d is too large: %s".formatted(phase, batch, e.getMessage()), e);
    }
  }

  /**
   * Refuses what no batch would make possible: initial values are drawn on the host, into one
   * array, and not even a dry run should do that for parameters that do not fit the heap.
   */
  private static void requireCountable(
      String phase, Consumer<ParameterArena.Namespace> declarations) {
    ParameterArena arena = new ParameterArena();
    try {
      declarations.accept(arena.root());
    } catch (IllegalArgumentException e) { // of a shape
      throw new InputException("%s.channels is too large: %s".formatted(phase, e.getMessage()), e);
    }
    long parameters = arena.parameters().stream().mapToLong(p -> p.shape().size()).sum();
    long most = Math.min(LARGEST_ARRAY, Runtime.getRuntime().maxMemory() / BYTES_OF_A_PARAMETER);
    if (parameters > most) {
      throw new InputException(
          "%s.channels and %s.cells make a network of %,d parameters; this JVM has room for %,d"
              .formatted(phase, phase, parameters, most));
    }
  }

  private Feed blank(Backend backend, int batch) {
    return new Feed(backend, data.height(), data.width(), data.channels(), batch)
        .load(blank(batch));
  }

  private static Batch blank(int size) {
    return new Batch(new float[0], new float[size], size);
  }

  /** Pixels and labels. */
  private long imageBytes(long images) {
    return Float.BYTES * images * (data.train().imageLength() + 1);
  }

  private static long floats(Buffer values, Collection<Buffer> slots) {
    return Stream.concat(Stream.of(values), slots.stream()).mapToLong(Buffer::size).sum();
  }

  private long workspace(DryBackend dry) {
    int threads = configuration.threads();
    int all = threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
    return Devices.workspace(configuration.device(), dry.convolutions(), dry.buffers())
        .orElseGet(() -> Workspace.bytes(dry.convolutions(), all));
  }
}
