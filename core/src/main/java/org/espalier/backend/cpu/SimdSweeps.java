package org.espalier.backend.cpu;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** Sweeps over a parameter arena: its norm, clipping, and the optimisers' updates. */
final class SimdSweeps {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
  private static final int GRAIN = 16 * 1024;

  private SimdSweeps() {}

  static void norm(Workers workers, CpuBuffer x, CpuBuffer norm) {
    Columns columns = Columns.of(x.size(), 1);
    double[] sums = PartialSums.of(columns.chunks());
    workers.parallel(
        columns.chunks(),
        (chunk, worker) -> {
          float[] tile = workers.scratch(worker, 0, columns.tile());
          Arrays.fill(tile, 0, columns.tile(), 0);
          for (int from = columns.from(chunk); from < columns.to(chunk); from += columns.tile()) {
            squares(
                Math.min(columns.tile(), columns.to(chunk) - from),
                x.data(),
                x.offset() + from,
                tile);
          }
          columns.fold(tile, 0, sums, chunk);
        });
    columns.gather(sums, 1);
    norm.set(0, (float) Math.sqrt(sums[0]));
  }

  private static void squares(int length, float[] x, int xo, float[] sums) {
    int i = 0;
    for (int bound = S.loopBound(length); i < bound; i += S.length()) {
      var v = FloatVector.fromArray(S, x, xo + i);
      v.fma(v, FloatVector.fromArray(S, sums, i)).intoArray(sums, i);
    }
    for (; i < length; i++) {
      sums[i] += x[xo + i] * x[xo + i];
    }
  }

  static void clip(Workers workers, CpuBuffer x, CpuBuffer norm, float max) {
    float scale = max / (norm.get(0) + 1e-6f);
    if (scale < 1) {
      SimdElementwise.axpby(workers, scale, x, 0, x);
    }
  }

  static void sgd(
      Workers workers,
      CpuBuffer w,
      CpuBuffer g,
      CpuBuffer v,
      float rate,
      float momentum,
      float decay,
      boolean nesterov) {
    workers.ranges(
        w.size(),
        GRAIN,
        (from, to, worker) ->
            sgd(
                to - from,
                w.data(),
                w.offset() + from,
                g.data(),
                g.offset() + from,
                v.data(),
                v.offset() + from,
                rate,
                // w -= rate*(direct*d + inertia*v): the two forms of momentum in one loop
                nesterov ? 1 : 0,
                nesterov ? momentum : 1,
                momentum,
                decay));
  }

  private static void sgd(
      int length,
      float[] w,
      int wo,
      float[] g,
      int go,
      float[] v,
      int vo,
      float rate,
      float direct,
      float inertia,
      float momentum,
      float decay) {
    int i = 0;
    for (int bound = S.loopBound(length); i < bound; i += S.length()) {
      var weight = FloatVector.fromArray(S, w, wo + i);
      var d = FloatVector.fromArray(S, g, go + i).add(weight.mul(decay));
      var next = FloatVector.fromArray(S, v, vo + i).mul(momentum).add(d);
      next.intoArray(v, vo + i);
      weight.sub(d.mul(direct).add(next.mul(inertia)).mul(rate)).intoArray(w, wo + i);
    }
    for (; i < length; i++) {
      float d = g[go + i] + decay * w[wo + i];
      float next = momentum * v[vo + i] + d;
      v[vo + i] = next;
      w[wo + i] -= rate * (direct * d + inertia * next);
    }
  }

  static void adam(
      Workers workers,
      CpuBuffer w,
      CpuBuffer g,
      CpuBuffer m,
      CpuBuffer v,
      float rate,
      float beta1,
      float beta2,
      float eps,
      float decay,
      int step) {
    double correction1 = 1 - Math.pow(beta1, step);
    double correction2 = Math.sqrt(1 - Math.pow(beta2, step));
    // rate/c1 * m / (sqrt(v)/c2 + eps) = (rate*c2/c1) * m / (sqrt(v) + eps*c2)
    float scaledRate = (float) (rate * correction2 / correction1);
    float scaledEps = (float) (eps * correction2);
    workers.ranges(
        w.size(),
        GRAIN,
        (from, to, worker) -> {
          float[] d = workers.scratch(worker, 0, to - from);
          System.arraycopy(g.data(), g.offset() + from, d, 0, to - from);
          if (decay != 0) {
            SimdElementwise.axpby(to - from, decay, w.data(), w.offset() + from, 1, d, 0);
          }
          blend(to - from, beta1, 1 - beta1, d, m.data(), m.offset() + from, false);
          blend(to - from, beta2, 1 - beta2, d, v.data(), v.offset() + from, true);
          update(
              to - from,
              w.data(),
              w.offset() + from,
              m.data(),
              m.offset() + from,
              v.data(),
              v.offset() + from,
              scaledRate,
              scaledEps);
        });
  }

  /** A moving average of d, or of its square. */
  private static void blend(
      int length, float keep, float take, float[] d, float[] average, int ao, boolean square) {
    int i = 0;
    for (int bound = S.loopBound(length); i < bound; i += S.length()) {
      var now = FloatVector.fromArray(S, d, i);
      var taken = (square ? now.mul(now) : now).mul(take);
      FloatVector.fromArray(S, average, ao + i).mul(keep).add(taken).intoArray(average, ao + i);
    }
    for (; i < length; i++) {
      average[ao + i] = keep * average[ao + i] + take * (square ? d[i] * d[i] : d[i]);
    }
  }

  private static void update(
      int length, float[] w, int wo, float[] m, int mo, float[] v, int vo, float rate, float eps) {
    int i = 0;
    for (int bound = S.loopBound(length); i < bound; i += S.length()) {
      var root = FloatVector.fromArray(S, v, vo + i).sqrt().add(eps);
      var step = FloatVector.fromArray(S, m, mo + i).mul(rate).div(root);
      FloatVector.fromArray(S, w, wo + i).sub(step).intoArray(w, wo + i);
    }
    for (; i < length; i++) {
      w[wo + i] -= rate * m[mo + i] / ((float) Math.sqrt(v[vo + i]) + eps);
    }
  }
}
