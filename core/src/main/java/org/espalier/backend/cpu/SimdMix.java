package org.espalier.backend.cpu;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
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
   * The sums over the rows, for all terms of a chunk while its dy is in the cache; then the rules
   * of the terms with moments, and the gradients of those without.
   */
  static void grad(
      Workers workers, Mix mix, CpuBuffer weights, CpuBuffer dy, @Nullable CpuBuffer dWeights) {
    Columns columns = Columns.of(mix.rows(), mix.channels());
    List<Mix.Term> terms = mix.terms();
    int tile = columns.tile();
    float[] means = Columns.coefficients(workers, terms.size() * tile);
    double[] sums = PartialSums.of(columns.chunks() * (1 + terms.size()) * mix.channels());
    for (int t = 0; t < terms.size(); t++) {
      for (int c = 0; c < mix.channels(); c++) {
        means[t * tile + c] = mean(terms.get(t), c);
      }
      columns.repeat(means, t * tile);
    }
    int[] direct = those(mix, term -> term.gradient() != null && term.moments() == null);
    float[] scales = new float[direct.length];
    for (int i = 0; i < direct.length; i++) {
      scales[i] = weight(terms.get(direct[i]), weights);
    }
    int[] reduced = reduced(mix, dWeights != null);
    CpuBuffer[] x = values(mix, reduced);
    workers.parallel(
        columns.chunks(),
        (chunk, worker) -> {
          reduce(workers, worker, columns, chunk, mix, dy, reduced, x, means, sums);
          int from = columns.from(chunk);
          int length = columns.to(chunk) - from;
          for (int i = 0; i < direct.length; i++) {
            deliver(terms.get(direct[i]), scales[i], dy, from, length);
          }
        });
    columns.gather(sums, (1 + terms.size()) * mix.channels());
    for (int t = 0; t < terms.size(); t++) {
      Mix.Term term = terms.get(t);
      double dWeight = rule(mix, t, weight(term, weights), sums);
      if (dWeights != null && term.weight() >= 0) {
        dWeights.put(term.weight(), (float) dWeight, true);
      }
    }
  }

  /** The gradient of a term without moments: dy times its weight. */
  private static void deliver(Mix.Term term, float weight, CpuBuffer dy, int from, int length) {
    CpuBuffer dx = CpuBuffer.of(Objects.requireNonNull(term.gradient()));
    int source = dy.offset() + from;
    int target = dx.offset() + from;
    if (term.add()) {
      SimdElementwise.axpby(length, weight, dy.data(), source, 1, dx.data(), target);
    } else {
      SimdElementwise.scaled(length, weight, dy.data(), source, dx.data(), target);
    }
  }

  /** The terms whose sum of dy*(x - mean) is wanted. */
  private static int[] reduced(Mix mix, boolean withWeights) {
    return those(
        mix,
        term ->
            term.x() != null
                && (term.gradient() != null && term.moments() != null
                    || withWeights && term.weight() >= 0));
  }

  /** Per channel the sum of dy and, for each term that needs it, the sum of dy*(x - mean). */
  private static void reduce(
      Workers workers,
      int worker,
      Columns columns,
      int chunk,
      Mix mix,
      CpuBuffer dy,
      int[] reduced,
      CpuBuffer[] x,
      float[] means,
      double[] sums) {
    int c = columns.channels();
    int tile = columns.tile();
    int width = (1 + mix.terms().size()) * c;
    int from = columns.from(chunk);
    int to = columns.to(chunk);
    float[] totals = workers.scratch(worker, 0, (1 + reduced.length) * tile);
    Arrays.fill(totals, 0, (1 + reduced.length) * tile, 0);
    Arrays.fill(sums, chunk * width, (chunk + 1) * width, 0);
    TileLoops.sum(columns, from, to, dy.data(), dy.offset(), totals, 0);
    columns.fold(totals, 0, sums, chunk * width);
    MixTiles.products(columns, from, to, dy, x, means, reduced, totals);
    for (int i = 0; i < reduced.length; i++) {
      columns.fold(totals, (1 + i) * tile, sums, chunk * width + (1 + reduced[i]) * c);
    }
  }

  /** Writes the rule of one term with moments, and returns the gradient of its weight. */
  private static double rule(Mix mix, int t, float weight, double[] sums) {
    Mix.Term term = mix.terms().get(t);
    int channels = mix.channels();
    double dWeight = 0;
    for (int c = 0; c < channels; c++) {
      double inverse = inverse(mix, term, c);
      double sumGx = sums[(1 + t) * channels + c] * inverse;
      dWeight += term.x() == null ? sums[c] : sumGx;
      if (term.gradient() != null && term.moments() != null) {
        double scale = weight * inverse;
        double rule = scale / mix.rows();
        NormLoops.coefficients(
            term.gradient(),
            channels,
            c,
            mean(term, c),
            scale,
            -rule * inverse * sumGx,
            -rule * sums[c]);
      }
    }
    return dWeight;
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
