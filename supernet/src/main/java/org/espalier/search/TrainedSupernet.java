package org.espalier.search;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.espalier.InputException;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.checkpoint.Safetensors;
import org.espalier.data.Dataset;
import org.espalier.data.Datasets;
import org.espalier.data.Images;
import org.espalier.nn.Parameter;
import org.espalier.nn.ParameterArena;
import org.espalier.space.Genotype;
import org.espalier.space.SearchSpace;
import org.espalier.space.Spaces;
import org.espalier.strategy.Protocol;
import org.espalier.strategy.Strategies;
import org.espalier.supernet.Supernet;
import org.espalier.tensor.Shape;

/**
 * The supernet that a search has trained, kept in its folder as {@code supernet.safetensors} by the
 * names of its parameters, with the images of that search: scores architectures that the search may
 * never have looked at.
 */
public final class TrainedSupernet implements AutoCloseable {
  private static final String FILE = "supernet.safetensors";
  private static final String CONFIGURATION = "configuration";

  private final Configuration configuration;
  private final Backend backend;
  private final SearchPhase search;
  private final String identity;
  private final List<String> memory;

  private TrainedSupernet(
      Configuration configuration,
      Backend backend,
      SearchPhase search,
      String identity,
      List<String> memory) {
    this.configuration = configuration;
    this.backend = backend;
    this.search = search;
    this.identity = identity;
    this.memory = memory;
  }

  /** Writes the weights into the folder of their run, whole or not at all. */
  static void keep(Supernet supernet, Configuration configuration, Path folder) {
    ParameterArena arena = supernet.weights();
    Map<String, Safetensors.Entry> arrays = new LinkedHashMap<>();
    for (Parameter parameter : arena.parameters()) {
      float[] values = new float[parameter.shape().size()];
      arena.backend().read(place(arena, parameter), values);
      arrays.put(parameter.name(), new Safetensors.Entry(extents(parameter.shape()), values));
    }
    new Safetensors(arrays, Map.of(CONFIGURATION, Configurations.format(configuration)))
        .write(folder.resolve(FILE));
  }

  /**
   * The configuration of the search in a folder, without opening its supernet.
   *
   * @throws InputException if the folder is none of a search, or the search has not ended
   */
  public static Configuration configuration(Path folder) {
    Path config = folder.resolve("config.yaml");
    if (!Files.isRegularFile(config)) {
      throw new InputException(folder + " has no config.yaml; the folder of a search is wanted");
    }
    if (!Files.isRegularFile(folder.resolve(FILE))) {
      throw new InputException(
          folder
              + " has no "
              + FILE
              + "; the folder of a search is wanted that has ended (espalier search --resume "
              + folder
              + ")");
    }
    return Configurations.read(config);
  }

  /**
   * Opens the supernet of a folder on the data of its search.
   *
   * @param device as for {@link Devices#open}
   * @param threads of a CPU device; 0: one for each core
   * @throws InputException if there is none, it is damaged, or it is not that of the configuration
   */
  public static TrainedSupernet open(Path folder, String device, int threads) {
    Dataset data = Datasets.open(configuration(folder).data());
    return open(folder, data, device, threads, MemoryLimit.ofHeap());
  }

  /**
   * As {@link #open(Path, String, int)}, on data of one's own: those of the search.
   *
   * @param limit of what scoring may need of memory; refused before anything is allocated
   */
  public static TrainedSupernet open(
      Path folder, Dataset data, String device, int threads, MemoryLimit limit) {
    Configuration configuration = configuration(folder);
    MemoryPlan plan = MemoryPlan.ofScoring(configuration.on(device, threads), data);
    MemoryLimit available = limit.on(device);
    plan.require(available);
    Path file = folder.resolve(FILE);
    Safetensors saved = Safetensors.read(file);
    if (!Configurations.format(configuration).equals(saved.metadata().get(CONFIGURATION))) {
      throw new InputException(
          file + " was trained with another configuration than that of config.yaml beside it");
    }
    Backend backend = Devices.open(device, threads);
    try {
      backend.reserve(plan.most());
      SearchPhase search = new SearchPhase(configuration, data, backend);
      restore(saved, search.supernet().weights(), file);
      String identity =
          "supernet %08x and images %08x by %s"
              .formatted(checksum(saved), checksum(data.train()), backend.name());
      return new TrainedSupernet(configuration, backend, search, identity, plan.lines(available));
    } catch (RuntimeException | Error e) {
      backend.close();
      throw e;
    }
  }

  private static void restore(Safetensors saved, ParameterArena arena, Path file) {
    for (Parameter parameter : arena.parameters()) {
      Safetensors.Entry entry = saved.tensors().get(parameter.name());
      int[] wanted = extents(parameter.shape());
      if (entry == null || !Arrays.equals(entry.shape(), wanted)) {
        throw new InputException(
            "%s has %s of '%s'; %s is wanted: were there other data?"
                .formatted(
                    file,
                    entry == null ? "nothing" : "the shape " + Arrays.toString(entry.shape()),
                    parameter.name(),
                    Arrays.toString(wanted)));
      }
      arena.backend().write(entry.values(), place(arena, parameter));
    }
  }

  private static int checksum(Safetensors saved) {
    return saved.tensors().values().stream()
        .mapToInt(entry -> Arrays.hashCode(entry.values()))
        .reduce(saved.metadata().hashCode(), (sum, next) -> 31 * sum + next);
  }

  private static int checksum(Images images) {
    return 31 * Arrays.deepHashCode(images.pixels()) + Arrays.hashCode(images.labels());
  }

  private static int[] extents(Shape shape) {
    return IntStream.range(0, shape.rank()).map(shape::dim).toArray();
  }

  private static Buffer place(ParameterArena arena, Parameter parameter) {
    return arena.values().slice(parameter.offset(), parameter.shape().size());
  }

  /** Of the architectures that it scores. */
  public SearchSpace space() {
    return Spaces.of(configuration.space());
  }

  /** What, beside architecture and protocol, its scores follow from: with checksums, no commas. */
  public String identity() {
    return identity;
  }

  /** What it takes of a device's memory, in lines for the user; none of the heap. */
  public List<String> memory() {
    return memory;
  }

  /** What the search itself compares architectures by. */
  public Protocol protocol() {
    return Strategies.of(configuration.strategy()).protocol(configuration.search().oneShot());
  }

  /** The loss and the right answers of an architecture with the shared weights. */
  public Score score(Genotype genotype, Protocol protocol) {
    return search.evaluator().score(genotype, protocol);
  }

  @Override
  public void close() {
    search.close();
    backend.close();
  }
}
