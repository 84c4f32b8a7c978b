package org.espalier.backend.cpu;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.espalier.backend.Buffer;
import org.espalier.backend.Mix;
import org.jspecify.annotations.Nullable;

/**
 * The mixed sum with the batch normalisation of its terms folded in: every term is read once
 * forwards and twice backwards, four terms to a loop, while y or dy stays in the cache.
 */
final class SimdMix {
  private SimdMix() {}

  static void sum(Workers workers, Mix mix, CpuBuffer weights, CpuBuffer y) {
    int[] computed = those(mix, term -> term.x() != null);
    Columns columns = Columns.of(mix.rows(), mix.channels());
    int tile = columns.tile();
    float[] tiles = Columns.coefficients(workers, computed.length * 2 * tile);
    for (int i = 0; i < computed.length; i++) {
      Mix.Term term = mix.terms().get(computed[i]);
      int mean = i * 2 * tile;
      for (int c = 0; c < mix.channels(); c++) {
        tiles[mean + c] = mean(term, c);
        tiles[mean + tile + c] = (float) (weight(term, weights) * inverse(mix, term, c));
      }
      columns.repeat(tiles, mean);
      columns.repeat(tiles, mean + tile);
    }
    CpuBuffer[] x = values(mix, computed);
    workers.parallel(
        columns.chunks(),
        (chunk, worker) ->
            MixTiles.sum(columns, columns.from(chunk), columns.to(chunk), x, tiles, y));
  }

  /**
   * First the sums over the rows, for all terms of a chunk while its dy is in the cache; then the
   * gradients, term after term within a chunk, so that terms may share a dx.
   */
  static void grad(
      Workers workers, Mix mix, CpuBuffer weights, CpuBuffer dy, @Nullable CpuBuffer dWeights) {
    Columns columns = Columns.of(mix.rows(), mix.channels());
    List<Mix.Term> terms = mix.terms();
    float[] tiles = Columns.coefficients(workers, terms.size() * 4 * columns.tile());
    double[] sums = PartialSums.of(columns.chunks() * (1 + terms.size()) * mix.channels());
    for (int t = 0; t < terms.size(); t++) {
      for (int c = 0; c < mix.channels(); c++) {
        tiles[t * 4 * columns.tile() + c] = mean(terms.get(t), c);
      }
      columns.repeat(tiles, t * 4 * columns.tile());
    }
    reduce(workers, columns, mix, dy, dWeights != null, tiles, sums);
    for (int t = 0; t < terms.size(); t++) {
      double dWeight = coefficients(columns, mix, t, weight(terms.get(t), weights), sums, tiles);
      if (dWeights != null && terms.get(t).weight() >= 0) {
        dWeights.put(terms.get(t).weight(), (float) dWeight, true);
      }
    }
    workers.parallel(
        columns.chunks(),
        (chunk, worker) -> {
          for (int t = 0; t < terms.size(); t++) {
            gradChunk(
                columns,
                chunk,
                terms.get(t),
                weight(terms.get(t), weights),
                dy,
                tiles,
                t * 4 * columns.tile());
          }
        });
  }

  /** Per channel the sum of dy and, for each term that needs it, the sum of dy*(x - mean). */
  private static void reduce(
      Workers workers,
      Columns columns,
      Mix mix,
      CpuBuffer dy,
      boolean withWeights,
      float[] tiles,
      double[] sums) {
    int[] reduced =
        those(
            mix,
            term ->
                term.x() != null
                    && (term.dx() != null && term.moments() != null
                        || withWeights && term.weight() >= 0));
    CpuBuffer[] x = values(mix, reduced);
    int c = columns.channels();
    int tile = columns.tile();
    int width = (1 + mix.terms().size()) * c;
    workers.parallel(
        columns.chunks(),
        (chunk, worker) -> {
          int from = columns.from(chunk);
          int to = columns.to(chunk);
          float[] totals = workers.scratch(worker, 0, (1 + reduced.length) * tile);
          Arrays.fill(totals, 0, (1 + reduced.length) * tile, 0);
          Arrays.fill(sums, chunk * width, (chunk + 1) * width, 0);
          TileLoops.sum(columns, from, to, dy.data(), dy.offset(), totals, 0);
          columns.fold(totals, 0, sums, chunk * width);
          MixTiles.products(columns, from, to, dy, x, tiles, reduced, totals);
          for (int i = 0; i < reduced.length; i++) {
            columns.fold(totals, (1 + i) * tile, sums, chunk * width + (1 + reduced[i]) * c);
          }
        });
    columns.gather(sums, width);
  }

  /** Prepares the second pass for one term, and returns the gradient of its weight. */
  private static double coefficients(
      Columns columns, Mix mix, int t, float weight, double[] sums, float[] tiles) {
    Mix.Term term = mix.terms().get(t);
    int at = t * 4 * columns.tile();
    double dWeight = 0;
    for (int c = 0; c < mix.channels(); c++) {
      double inverse = inverse(mix, term, c);
      double sumGx = sums[(1 + t) * mix.channels() + c] * inverse;
      dWeight += term.x() == null ? sums[c] : sumGx;
      SimdNorm.coefficients(
          columns,
          tiles,
          at,
          c,
          weight * inverse,
          inverse,
          sums[c] / mix.rows(),
          sumGx / mix.rows());
    }
    SimdNorm.repeatCoefficients(columns, tiles, at);
    return dWeight;
  }

  private static void gradChunk(
      Columns columns,
      int chunk,
      Mix.Term term,
      float weight,
      CpuBuffer dy,
      float[] tiles,
      int coefficient) {
    if (term.x() == null || term.dx() == null) {
      return;
    }
    CpuBuffer x = CpuBuffer.of(term.x());
    CpuBuffer dx = CpuBuffer.of(term.dx());
    int from = columns.from(chunk);
    int to = columns.to(chunk);
    if (term.moments() != null) {
      TileLoops.affineGrad(
          columns,
          from,
          to,
          dy.data(),
          dy.offset(),
          x.data(),
          x.offset(),
          tiles,
          coefficient,
          dx.data(),
          dx.offset(),
          term.add());
    } else if (term.add()) {
      SimdElementwise.axpby(
          to - from, weight, dy.data(), dy.offset() + from, 1, dx.data(), dx.offset() + from);
    } else {
      SimdElementwise.scaled(
          to - from, weight, dy.data(), dy.offset() + from, dx.data(), dx.offset() + from);
    }
  }

  private static float weight(Mix.Term term, CpuBuffer weights) {
    return term.weight() < 0 ? 1 : weights.get(term.weight());
  }

  private static float mean(Mix.Term term, int c) {
    return term.moments() == null ? 0 : CpuBuffer.of(term.moments()).get(c);
  }

  private static double inverse(Mix mix, Mix.Term term, int c) {
    return term.moments() == null
        ? 1
        : NormLoops.inverseDeviation(term.moments(), mix.channels(), c, mix.eps());
  }

  private interface Criterion {
    boolean holds(Mix.Term term);
  }

  private static int[] those(Mix mix, Criterion criterion) {
    return IntStream.range(0, mix.terms().size())
        .filter(t -> criterion.holds(mix.terms().get(t)))
        .toArray();
  }

  /** The values of the terms {@code which}, all of them computed. */
  private static CpuBuffer[] values(Mix mix, int[] which) {
    CpuBuffer[] x = new CpuBuffer[which.length];
    for (int i = 0; i < which.length; i++) {
      Buffer value = mix.terms().get(which[i]).x();
      if (value != null) {
        x[i] = CpuBuffer.of(value);
      }
    }
    return x;
  }
}
