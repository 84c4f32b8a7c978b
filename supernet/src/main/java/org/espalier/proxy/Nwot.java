package org.espalier.proxy;

import java.util.stream.IntStream;
import org.ejml.simple.SimpleMatrix;

/**
 * nwot (Mellor et al. 2021): the log-determinant of the matrix that counts, for every two images,
 * the ReLUs whose state they share.
 */
record Nwot() implements Proxy {
  @Override
  public String name() {
    return "nwot";
  }

  @Override
  public String description() {
    return "log-determinant of the Hamming kernel of ReLU states (Mellor et al. 2021)";
  }

  @Override
  public Reading book(Passes passes) {
    SimpleMatrix kernel = new SimpleMatrix(count(passes), count(passes));
    passes.onRelu((values, samples, units) -> add(kernel, states(values, samples, units), units));
    return Reading.of(() -> Correlations.logDeterminant(kernel));
  }

  private static int count(Passes passes) {
    return passes.subject().images().shape().dim(0);
  }

  /** A bit for each unit, by sample. */
  static long[][] states(float[] values, int samples, int units) {
    long[][] states = new long[samples][(units + 63) / 64];
    IntStream.range(0, samples)
        .parallel()
        .forEach(
            n -> {
              for (int u = 0; u < units; u++) {
                if (values[n * units + u] > 0) {
                  states[n][u >> 6] |= 1L << u;
                }
              }
            });
    return states;
  }

  private static void add(SimpleMatrix kernel, long[][] states, int units) {
    for (int i = 0; i < states.length; i++) {
      for (int j = 0; j <= i; j++) {
        int differing = 0;
        for (int w = 0; w < states[i].length; w++) {
          differing += Long.bitCount(states[i][w] ^ states[j][w]);
        }
        double shared = kernel.get(i, j) + units - differing;
        kernel.set(i, j, shared);
        kernel.set(j, i, shared);
      }
    }
  }
}
