package org.espalier.proxy;

import java.util.List;

/** A zero-cost proxy. One file each, and one line in {@link Proxies}. */
public interface Proxy {
  /** What it is selected by. */
  String name();

  /** One line for {@code espalier list proxies}. */
  String description();

  /** What it measures of a network: most of them one thing, called as they are. */
  default List<String> parts() {
    return List.of(name());
  }

  /** Whether its scores are of networks beside each other, and not of each alone. */
  default boolean compares() {
    return parts().size() > 1;
  }

  /**
   * Books the passes that it can share with others; they run once all have booked.
   *
   * @return takes its measurements after that, passes of its own included
   */
  Reading book(Passes passes);

  /**
   * The scores of networks that are compared with each other, larger is better.
   *
   * @param parts for each of {@link #parts} what was measured of every network
   */
  default double[] scores(double[][] parts) {
    return parts[0].clone();
  }
}
