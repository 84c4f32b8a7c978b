package org.espalier.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.espalier.InputException;
import org.espalier.search.Configuration;
import org.espalier.search.Configurations;
import org.espalier.search.Genotypes;
import org.espalier.search.MemoryLimit;
import org.espalier.search.TrainRun;
import org.espalier.space.Genotype;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code espalier train}. */
@Command(
    name = "train",
    sortOptions = false,
    sortSynopsis = false,
    description = {"Train one architecture from scratch.", ""})
final class TrainCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // by picocli
  private CommandSpec spec;

  @Parameters(
      paramLabel = "GENOTYPE",
      arity = "0..1",
      description =
          "A NAS-Bench-201 string, a DARTS genotype or the name of a published one (DARTS_V1,"
              + " DARTS_V2, PC_DARTS), or the path of a genotype.json.")
  private @Nullable String genotype;

  @Mixin private final SettingOptions settings = new SettingOptions();
  @Mixin private final RunOptions options = new RunOptions();

  @Override
  public Integer call() {
    Path resumed = options.resumed();
    return resumed == null ? start() : resume(resumed);
  }

  private int start() {
    if (genotype == null) {
      throw new InputException(
          "train wants a GENOTYPE, such as the path of a genotype.json; try 'espalier train"
              + " --help'");
    }
    Genotype parsed = Genotypes.read(genotype);
    Configuration configuration =
        settings.configuration(parsed.space(), "training", List.of("training"), List.of());
    return run(configuration, parsed, options.folder(parsed.space() + "-train"), false);
  }

  private int resume(Path folder) {
    Path config = folder.resolve("config.yaml");
    Path stored = folder.resolve("genotype.json");
    if (!Files.isRegularFile(config) || !Files.isRegularFile(stored)) {
      throw new InputException(
          folder
              + " holds no config.yaml and genotype.json; the folder of an earlier 'espalier train'"
              + " is wanted");
    }
    return run(Configurations.read(config), Genotypes.read(stored.toString()), folder, true);
  }

  private int run(Configuration configuration, Genotype architecture, Path folder, boolean resume) {
    MemoryLimit limit = options.memoryLimit();
    Session session = new Session(spec.commandLine(), configuration, folder);
    return session.run(
        () -> "to continue: espalier train --resume " + folder,
        (progress, stop) ->
            Summary.ofTraining(
                TrainRun.train(configuration, architecture, folder, resume, limit, progress, stop),
                folder,
                session.charset()));
  }
}
