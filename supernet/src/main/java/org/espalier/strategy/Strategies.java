package org.espalier.strategy;

import java.util.List;
import java.util.stream.Collectors;
import org.espalier.InputException;

/** All strategies: one line each. */
public final class Strategies {
  private static final List<Strategy> ALL =
      List.of(
          new Darts("darts", Strategy.AlphaUpdate.FIRST_ORDER),
          new Darts("darts-2nd", Strategy.AlphaUpdate.UNROLLED),
          new Gdas(),
          new DrNas("drnas", false),
          new DrNas("drnas-progressive", true),
          new Enas(),
          new Setn(),
          new Spos(),
          new FairNas(),
          new RandomSharing());

  private Strategies() {}

  /** Every strategy. */
  public static List<Strategy> all() {
    return ALL;
  }

  /**
   * The strategy of that name.
   *
   * @throws InputException naming the known ones
   */
  public static Strategy of(String name) {
    return ALL.stream()
        .filter(strategy -> strategy.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new InputException(
                    "unknown strategy '"
                        + name
                        + "'; known: "
                        + ALL.stream().map(Strategy::name).collect(Collectors.joining(", "))));
  }
}
