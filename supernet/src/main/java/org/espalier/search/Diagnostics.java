package org.espalier.search;

import java.util.Collection;
import org.espalier.op.OneHot;
import org.espalier.space.SearchSpace;

/** What the operation weights of a search say about its health. */
final class Diagnostics {
  private Diagnostics() {}

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
