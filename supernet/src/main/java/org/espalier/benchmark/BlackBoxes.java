package org.espalier.benchmark;

import java.util.List;
import java.util.stream.Collectors;
import org.espalier.InputException;

/** All black-box searches, in the published settings: one line each. */
final class BlackBoxes {
  private static final List<BlackBox> ALL =
      List.of(
          new RandomSearch(),
          new RegularizedEvolution(10, 3),
          new LocalSearch(),
          new Reinforce(0.01, 0.9),
          new Hyperband("successive-halving", 1, 12, 1, UniformSampler::new),
          new Hyperband("hyperband", 1, 12, Hyperband.ALL_BRACKETS, UniformSampler::new),
          new Hyperband("bohb", 12, 200, Hyperband.ALL_BRACKETS, KernelSampler::new));

  private BlackBoxes() {}

  static List<BlackBox> all() {
    return ALL;
  }

  /**
   * The search of that name.
   *
   * @throws InputException naming the known ones
   */
  static BlackBox of(String name) {
    return ALL.stream()
        .filter(method -> method.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new InputException(
                    "unknown search '%s'; known: %s"
                        .formatted(
                            TableSpace.oneLine(name),
                            ALL.stream().map(BlackBox::name).collect(Collectors.joining(", ")))));
  }
}
