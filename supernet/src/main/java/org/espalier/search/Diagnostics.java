package org.espalier.search;

import java.util.Collection;
import java.util.Optional;
import org.espalier.op.OneHot;
import org.espalier.report.SearchEpoch;
import org.espalier.space.SearchSpace;

/** What the operation weights of a search say about its health, and what its policy does. */
final class Diagnostics {
  /** Share of edges that skip from which on a search is said to collapse. */
  private static final double COLLAPSED = 0.5;

  // Shares of the entropy that a uniform policy has. Above the first nothing has been learned;
  // below the second the strongest operations are no chance; below the third there is hardly a
  // choice left.
  private static final double UNIFORM = 0.99;
  private static final double DECIDED = 0.5;
  private static final double SETTLED = 0.05;

  private Diagnostics() {}

  /**
   * What should be said of an epoch, in a plain sentence; mostly nothing.
   *
   * @param learns whether alpha has begun to learn by its gradient
   */
  static Optional<String> warning(SearchSpace space, SearchEpoch epoch, boolean learns) {
    boolean policy = epoch.policy().containsKey("entropy");
    double entropy = epoch.policy().getOrDefault("entropy", Double.NaN);
    double most =
        space.decisions().stream().mapToDouble(decision -> Math.log(decision.options())).sum();
    boolean last = epoch.epoch() == epoch.epochs();
    if (epoch.skipShare() > COLLAPSED && (learns || (policy && entropy < DECIDED * most))) {
      return Optional.of(
          "the search collapses: since epoch %d the strongest operation of %.0f %% of the edges is skip_connect"
              .formatted(epoch.epoch(), 100 * epoch.skipShare()));
    }
    if (policy && !last && entropy < SETTLED * most) {
      return Optional.of(
          "the controller has settled early: in epoch %d of %d its architectures have an entropy of %.2f of at most %.2f nats, so that it hardly tries others"
              .formatted(epoch.epoch(), epoch.epochs(), entropy, most));
    }
    if (policy && last && entropy > UNIFORM * most) {
      return Optional.of(
          "the controller has learned next to nothing: in the last epoch its architectures have an entropy of %.2f of at most %.2f nats, so that they are as good as drawn at random"
              .formatted(entropy, most));
    }
    return Optional.empty();
  }

  /** Mean entropy of the edges' weights, in nats: log(candidates) at first, 0 when decided. */
  static double entropy(Collection<float[][]> weights) {
    double sum = 0;
    int edges = 0;
    for (float[][] kind : weights) {
      for (float[] edge : kind) {
        for (float weight : edge) {
          sum -= weight > 0 ? weight * Math.log(weight) : 0;
        }
        edges++;
      }
    }
    return sum / edges;
  }

  /** Share of edges whose strongest operation is a skip connection. */
  static double skipShare(SearchSpace space, Collection<float[][]> weights) {
    int skip = space.candidate("skip_connect");
    int skips = 0;
    int edges = 0;
    for (float[][] kind : weights) {
      for (float[] edge : kind) {
        skips += OneHot.argmax(edge, 0, edge.length) == skip ? 1 : 0;
        edges++;
      }
    }
    return (double) skips / edges;
  }
}
