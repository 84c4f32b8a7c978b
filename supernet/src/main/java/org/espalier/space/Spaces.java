package org.espalier.space;

import java.util.List;
import java.util.stream.Collectors;
import org.espalier.InputException;

/** All search spaces: one line each. */
public final class Spaces {
  private static final List<SearchSpace> ALL = List.of(new NasBench201(), new DartsSpace());

  private Spaces() {}

  /** Every space. */
  public static List<SearchSpace> all() {
    return ALL;
  }

  /**
   * The space of that name.
   *
   * @throws InputException naming the known ones
   */
  public static SearchSpace of(String name) {
    return ALL.stream()
        .filter(space -> space.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new InputException(
                    "unknown search space '"
                        + name
                        + "'; known: "
                        + ALL.stream().map(SearchSpace::name).collect(Collectors.joining(", "))));
  }
}
