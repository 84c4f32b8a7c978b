package org.espalier.search;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.espalier.data.Dataset;
import org.espalier.report.RunRecord;
import org.jspecify.annotations.Nullable;

/**
 * A search, put together from Java:
 *
 * <pre>{@code
 * RunRecord run = Search.of("nasbench201", "drnas").data(Datasets.fashionMnist()).epochs(50).seed(7)
 *     .run(Path.of("run"), Progress.SILENT);
 * }</pre>
 */
public final class Search {
  private final String space;
  private final List<String> settings = new ArrayList<>();
  private Configurations.Preset preset = Configurations.Preset.LAPTOP;
  private @Nullable Dataset data;

  private Search(String space) {
    this.space = space;
  }

  /** A search of a space by a strategy, with the laptop preset. */
  public static Search of(String space, String strategy) {
    return new Search(space).set("strategy", strategy);
  }

  /** What the configuration starts from. */
  public Search preset(Configurations.Preset value) {
    preset = value;
    return this;
  }

  /** On data of one's own. */
  public Search data(Dataset value) {
    data = value;
    return set("data", value.name());
  }

  /** On data by their specification, as in {@code cifar10:DIR}. */
  public Search data(String specification) {
    data = null;
    return set("data", specification);
  }

  /** How many epochs the supernet is trained. */
  public Search epochs(int value) {
    return set("search.epochs", value);
  }

  /** The seed of everything that is drawn. */
  public Search seed(long value) {
    return set("seed", value);
  }

  /** auto, ejml, simd or cuda. */
  public Search device(String name) {
    return set("device", name);
  }

  /** Any key of the {@link Configuration}, such as {@code search.alpha.learningRate}. */
  public Search set(String key, Object value) {
    settings.add(key + "=" + value);
    return this;
  }

  /**
   * The configuration so far.
   *
   * @throws org.espalier.InputException for a setting that cannot be
   */
  public Configuration configuration() {
    return Configurations.of(space, preset, settings);
  }

  /**
   * Searches, trains what is found beside random architectures, and reports.
   *
   * @param folder a new one, for the run's files
   * @throws org.espalier.InputException if it cannot start
   */
  public RunRecord run(Path folder, Progress progress) {
    Configuration configuration = configuration();
    SearchRun run =
        data == null
            ? SearchRun.start(configuration, folder)
            : SearchRun.start(configuration, data, folder);
    return run.execute(progress, () -> false);
  }
}
