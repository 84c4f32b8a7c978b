package org.espalier.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.espalier.search.Configuration;
import org.espalier.search.MemoryLimit;
import org.espalier.search.SearchRun;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
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
  @Spec
  @SuppressWarnings("NullAway.Init") // by picocli
  private CommandSpec spec;

  @Mixin private final SearchOptions search = new SearchOptions();
  @Mixin private final RunOptions options = new RunOptions();

  @Override
  public Integer call() {
    Path resumed = options.resumed();
    SearchRun run = resumed == null ? start() : SearchRun.resume(resumed, options.memoryLimit());
    Session session = new Session(spec.commandLine(), run.configuration(), run.folder());
    return session.run(
        () -> "to continue: espalier search --resume " + run.folder(),
        (progress, stop) ->
            Summary.ofSearch(run.execute(progress, stop), run.folder(), session.charset()));
  }

  private SearchRun start() {
    MemoryLimit limit = options.memoryLimit();
    Configuration configuration = search.configuration();
    return SearchRun.start(
        configuration,
        options.folder(configuration.space() + "-" + configuration.strategy()),
        limit);
  }
}
