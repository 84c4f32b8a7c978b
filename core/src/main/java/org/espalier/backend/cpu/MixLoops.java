package org.espalier.backend.cpu;

import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.backend.Mix;
import org.jspecify.annotations.Nullable;

/** The mixed sum, term by term, as composed from batch normalisation and addition. */
final class MixLoops {
  private MixLoops() {}

  static void forward(Backend backend, Mix mix, CpuBuffer weights, Buffer y) {
    backend.fill(y, 0);
    CpuBuffer normal = CpuBuffer.of(backend.allocate(mix.rows() * mix.channels()));
    for (Mix.Term term : mix.terms()) {
      if (term.x() == null) {
        continue;
      }
      float weight = weight(term, weights);
      if (term.moments() == null) {
        backend.axpby(weight, term.x(), 1, y);
      } else {
        backend.normalize(
            mix.rows(), mix.channels(), term.x(), term.moments(), mix.eps(), null, null, normal);
        backend.axpby(weight, normal, 1, y);
      }
    }
  }

  static void backward(Mix mix, CpuBuffer weights, CpuBuffer dy, @Nullable Buffer dWeights) {
    for (Mix.Term term : mix.terms()) {
      double dWeight = 0;
      for (int channel = 0; channel < mix.channels(); channel++) {
        dWeight += channel(mix, term, channel, weight(term, weights), dy);
      }
      if (dWeights != null && term.weight() >= 0) {
        CpuBuffer.of(dWeights).put(term.weight(), (float) dWeight, true);
      }
    }
  }

  /** Writes one channel's gradient and returns its share of the weight's. */
  private static double channel(Mix mix, Mix.Term term, int channel, float weight, CpuBuffer dy) {
    int c = mix.channels();
    if (term.x() == null) {
      double sum = 0;
      for (int r = 0; r < mix.rows(); r++) {
        sum += dy.get(r * c + channel);
      }
      return sum;
    }
    CpuBuffer x = CpuBuffer.of(term.x());
    double mean = term.moments() == null ? 0 : CpuBuffer.of(term.moments()).get(channel);
    double inverse =
        term.moments() == null
            ? 1
            : NormLoops.inverseDeviation(term.moments(), c, channel, mix.eps());
    double sumG = 0;
    double sumGx = 0;
    for (int r = 0; r < mix.rows(); r++) {
      int i = r * c + channel;
      sumG += dy.get(i);
      sumGx += dy.get(i) * (x.get(i) - mean) * inverse;
    }
    Buffer gradient = term.gradient();
    if (gradient != null && term.moments() != null) {
      double scale = weight * inverse;
      double rule = scale / mix.rows();
      NormLoops.coefficients(
          gradient, c, channel, mean, scale, -rule * inverse * sumGx, -rule * sumG);
    } else if (gradient != null) {
      for (int r = 0; r < mix.rows(); r++) {
        int i = r * c + channel;
        CpuBuffer.of(gradient).put(i, weight * dy.get(i), term.add());
      }
    }
    return sumGx;
  }

  private static float weight(Mix.Term term, CpuBuffer weights) {
    return term.weight() < 0 ? 1 : weights.get(term.weight());
  }
}
