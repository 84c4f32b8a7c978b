package org.espalier.backend.cpu;

import java.util.Arrays;
import org.espalier.backend.Upstream;
import org.jspecify.annotations.Nullable;

/** Batch normalisation (Ioffe and Szegedy 2015) over flattened rows; see {@link Columns}. */
final class SimdNorm {
  private SimdNorm() {}

  /**
   * Mean and biased variance. Each chunk takes its own mean first and, from the cache, the squares
   * around it; the chunks are joined by the rule of Chan, Golub and LeVeque (1979). Nothing
   * cancels, however far the mean is from zero.
   */
  static void moments(Workers workers, int rows, int c, CpuBuffer x, CpuBuffer moments) {
    Columns columns = Columns.of(rows, c);
    double[] parts = PartialSums.of(columns.chunks() * 2 * c);
    workers.parallel(
        columns.chunks(),
        (chunk, worker) ->
            chunkMoments(columns, chunk, x, workers.scratch(worker, 0, 3 * columns.tile()), parts));
    SimdMoments.join(parts, 0, 2 * c, columns.chunks(), columns::rows, c, moments);
  }

  /** Leaves a chunk's means and, after them, sums of squares around them. */
  private static void chunkMoments(
      Columns columns, int chunk, CpuBuffer x, float[] tiles, double[] parts) {
    int c = columns.channels();
    int rows = columns.rows(chunk);
    int means = chunk * 2 * c;
    int squares = means + c;
    int sum = columns.tile();
    int from = columns.from(chunk);
    int to = columns.to(chunk);
    Arrays.fill(tiles, sum, 3 * columns.tile(), 0);
    TileLoops.sum(columns, from, to, x.data(), x.offset(), tiles, sum);
    columns.fold(tiles, sum, parts, means);
    for (int channel = 0; channel < c; channel++) {
      tiles[channel] = (float) (parts[means + channel] / rows);
    }
    columns.repeat(tiles, 0);
    Arrays.fill(tiles, sum, 2 * columns.tile(), 0);
    TileLoops.centredSums(
        columns, from, to, x.data(), x.offset(), tiles, 0, sum, 2 * columns.tile());
    columns.fold(tiles, sum, parts, means);
    columns.fold(tiles, 2 * columns.tile(), parts, squares);
    for (int channel = 0;
        channel < c;
        channel++) { // the centre was rounded to a float: put that right
      double off = parts[means + channel];
      parts[means + channel] = tiles[channel] + off / rows;
      parts[squares + channel] -= off * off / rows;
    }
  }

  static void normalize(
      Workers workers,
      int rows,
      int c,
      CpuBuffer x,
      CpuBuffer moments,
      float eps,
      @Nullable CpuBuffer gamma,
      @Nullable CpuBuffer beta,
      CpuBuffer y) {
    Columns columns = Columns.of(rows, c);
    int scale = columns.tile();
    int shift = 2 * columns.tile();
    float[] tiles = Columns.coefficients(workers, 3 * columns.tile());
    for (int channel = 0; channel < c; channel++) {
      tiles[channel] = moments.get(channel);
      tiles[scale + channel] =
          (float)
              (NormLoops.inverseDeviation(moments, c, channel, eps)
                  * (gamma == null ? 1 : gamma.get(channel)));
      tiles[shift + channel] = beta == null ? 0 : beta.get(channel);
    }
    columns.repeat(tiles, 0);
    columns.repeat(tiles, scale);
    columns.repeat(tiles, shift);
    workers.parallel(
        columns.chunks(),
        (chunk, worker) ->
            TileLoops.affine(
                columns,
                columns.from(chunk),
                columns.to(chunk),
                x.data(),
                x.offset(),
                tiles,
                y.data(),
                y.offset()));
  }

  static void normalizeGrad(
      Workers workers,
      int rows,
      int c,
      CpuBuffer x,
      CpuBuffer moments,
      float eps,
      boolean batch,
      @Nullable CpuBuffer gamma,
      CpuBuffer dy,
      CpuBuffer coefficients,
      @Nullable CpuBuffer dgamma,
      @Nullable CpuBuffer dbeta) {
    Columns columns = Columns.of(rows, c);
    double[] sums = PartialSums.of(columns.chunks() * 2 * c);
    float[] means = Columns.coefficients(workers, columns.tile());
    columns.repeat(moments, means, 0);
    if (batch || dgamma != null || dbeta != null) {
      reduce(workers, columns, x, dy, means, sums);
    } else {
      Arrays.fill(sums, 0, 2 * c, 0);
    }
    for (int channel = 0; channel < c; channel++) {
      double inverse = NormLoops.inverseDeviation(moments, c, channel, eps);
      double sumG = sums[channel];
      double sumGx = sums[c + channel] * inverse;
      if (dgamma != null) {
        dgamma.put(channel, (float) sumGx, true);
      }
      if (dbeta != null) {
        dbeta.put(channel, (float) sumG, true);
      }
      double scale = inverse * (gamma == null ? 1 : gamma.get(channel));
      double rule = batch ? scale / rows : 0;
      NormLoops.coefficients(
          coefficients,
          c,
          channel,
          moments.get(channel),
          scale,
          -rule * inverse * sumGx,
          -rule * sumG);
    }
  }

  /** dx (+)= the gradient that the upstream stands for. */
  static void gradient(
      Workers workers, int rows, int c, Upstream upstream, CpuBuffer x, CpuBuffer dx, boolean add) {
    CpuBuffer g = CpuBuffer.of(upstream.g());
    if (upstream.coefficients() == null) {
      SimdElementwise.axpby(workers, 1, g, add ? 1 : 0, dx);
      return;
    }
    Columns columns = Columns.of(rows, c);
    CpuBuffer rule = CpuBuffer.of(upstream.coefficients());
    float[] tiles = Columns.coefficients(workers, 4 * columns.tile());
    for (int i = 0; i < 4; i++) {
      columns.repeat((CpuBuffer) rule.slice(i * c, c), tiles, i * columns.tile());
    }
    workers.parallel(
        columns.chunks(),
        (chunk, worker) ->
            TileLoops.affineGrad(
                columns,
                columns.from(chunk),
                columns.to(chunk),
                g.data(),
                g.offset(),
                x.data(),
                x.offset(),
                tiles,
                0,
                dx.data(),
                dx.offset(),
                add));
  }

  /** Per channel, sum of dy and sum of dy*(x - mean). */
  private static void reduce(
      Workers workers, Columns columns, CpuBuffer x, CpuBuffer dy, float[] means, double[] sums) {
    int c = columns.channels();
    workers.parallel(
        columns.chunks(),
        (chunk, worker) -> {
          int from = columns.from(chunk);
          int to = columns.to(chunk);
          float[] tiles = workers.scratch(worker, 0, 2 * columns.tile());
          Arrays.fill(tiles, 0, 2 * columns.tile(), 0);
          TileLoops.sum(columns, from, to, dy.data(), dy.offset(), tiles, 0);
          TileLoops.products(
              columns,
              from,
              to,
              dy.data(),
              dy.offset(),
              x.data(),
              x.offset(),
              means,
              0,
              tiles,
              columns.tile());
          columns.fold(tiles, 0, sums, chunk * 2 * c);
          columns.fold(tiles, columns.tile(), sums, chunk * 2 * c + c);
        });
    columns.gather(sums, 2 * c);
  }
}
