package org.espalier.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.espalier.InputException;
import org.espalier.search.Configuration;
import org.espalier.search.Configurations;
import org.espalier.search.SearchRun;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code espalier search}. */
@Command(
    name = "search",
    sortOptions = false,
    sortSynopsis = false,
    description = {
      "Search for an architecture, train it and some random ones from scratch, and report.",
      "Without options: NAS-Bench-201 on the embedded Fashion-MNIST, a few minutes on two cores.",
      ""
    })
final class SearchCommand implements Callable<Integer> {
  private static final String USUAL_SPACE = "nasbench201";

  @Spec
  @SuppressWarnings("NullAway.Init") // by picocli
  private CommandSpec spec;

  @Option(
      names = "--space",
      paramLabel = "NAME",
      order = 1,
      description = "Search space; see 'espalier list spaces'. Default: " + USUAL_SPACE + ".")
  private @Nullable String space;

  @Option(
      names = "--strategy",
      paramLabel = "NAME",
      order = 2,
      description =
          "Search strategy; see 'espalier list strategies'. Default: drnas for nasbench201, darts"
              + " for darts.")
  private @Nullable String strategy;

  @Option(
      names = "--train-epochs",
      paramLabel = "N",
      order = 12,
      description = "The same, when an architecture is trained from scratch.")
  private @Nullable Integer trainEpochs;

  @Mixin private final RunOptions options = new RunOptions();

  @Override
  public Integer call() {
    Path resumed = options.resumed();
    SearchRun run = resumed == null ? start() : SearchRun.resume(resumed);
    Session session = new Session(spec.commandLine(), run.configuration(), run.folder());
    return session.run(
        "search --resume",
        (progress, stop) ->
            Summary.ofSearch(run.execute(progress, stop), run.folder(), session.charset()));
  }

  private SearchRun start() {
    List<String> settings = new ArrayList<>();
    RunOptions.add(settings, "strategy", strategy);
    RunOptions.add(settings, "training.epochs", trainEpochs);
    Configuration configuration =
        options.configuration(space(), "search", List.of("search", "training"), settings);
    return SearchRun.start(
        configuration, options.folder(configuration.space() + "-" + configuration.strategy()));
  }

  private String space() {
    Path config = options.config();
    if (config == null) {
      return space == null ? USUAL_SPACE : space;
    }
    String named = Configurations.spaceOf(config, space == null ? USUAL_SPACE : space);
    if (space != null && !space.equals(named)) {
      throw new InputException(
          config + " is for the space " + named + ", not for --space " + space);
    }
    return named;
  }
}
