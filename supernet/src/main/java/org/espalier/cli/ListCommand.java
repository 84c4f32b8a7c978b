package org.espalier.cli;

import java.util.stream.Collectors;
import org.espalier.InputException;
import org.espalier.candidate.Candidates;
import org.espalier.data.Datasets;
import org.espalier.proxy.Proxies;
import org.espalier.search.Devices;
import org.espalier.space.SearchSpace;
import org.espalier.space.Spaces;
import org.espalier.strategy.Strategies;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code espalier list}: what there is to choose from. */
@Command(name = "list", description = "List what there is to choose from.")
final class ListCommand implements Runnable {
  private static final String LISTS = "spaces|strategies|proxies|candidates|devices|data";

  @Spec
  @SuppressWarnings("NullAway.Init") // by picocli
  private CommandSpec spec;

  @Parameters(paramLabel = LISTS, description = "What to list.")
  @SuppressWarnings("NullAway.Init") // by picocli
  private String what;

  @Override
  public void run() {
    Table table =
        switch (what) {
          case "spaces" -> spaces();
          case "strategies" -> strategies();
          case "proxies" -> proxies();
          case "candidates" -> candidates();
          case "devices" -> devices();
          case "data" -> data();
          default ->
              throw new InputException(
                  "there is no list of '" + what + "'; there are: " + LISTS.replace("|", ", "));
        };
    spec.commandLine().getOut().print(table);
  }

  private static Table spaces() {
    Table table = new Table("ll");
    Spaces.all().forEach(space -> table.row(space.name(), space.description()));
    return table;
  }

  private static Table strategies() {
    Table table = new Table("ll");
    Strategies.all().forEach(strategy -> table.row(strategy.name(), strategy.description()));
    return table;
  }

  private static Table proxies() {
    Table table = new Table("ll");
    Proxies.all().forEach(proxy -> table.row(proxy.name(), proxy.description()));
    return table;
  }

  private static Table candidates() {
    Table table = new Table("lll");
    Candidates.all()
        .forEach(
            candidate -> {
              String users =
                  Spaces.all().stream()
                      .filter(space -> space.candidates().contains(candidate))
                      .map(SearchSpace::name)
                      .collect(Collectors.joining(", "));
              table.row(candidate.name(), users, candidate.description());
            });
    return table;
  }

  /** Shown by {@code espalier info} too. */
  static Table devices() {
    Table table = new Table("lll");
    Devices.all()
        .forEach(
            device -> table.row(device.name(), device.available() ? "yes" : "no", device.detail()));
    return table;
  }

  private static Table data() {
    Table table = new Table("ll");
    Datasets.sources().forEach(source -> table.row(source.usage(), source.description()));
    return table;
  }
}
