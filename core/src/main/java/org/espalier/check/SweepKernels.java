package org.espalier.check;

import java.util.stream.Stream;
import org.espalier.backend.Buffer;

/** Sweeps over a parameter arena. */
final class SweepKernels {
  private SweepKernels() {}

  static Stream<KernelSpecification> specifications(int elements) {
    int[] sizes = {1, 15, 1000, elements};
    return Stream.of(
        KernelSpecification.of(
            "the norm is the oracle's",
            1e-6,
            trials -> {
              for (int size : sizes) {
                trials.add(
                    "" + size,
                    (backend, inputs) -> backend.norm(inputs.normal(size), inputs.normal(1)));
              }
            }),
        KernelSpecification.of(
            "clipping scales what is too long and leaves the rest",
            1e-6,
            trials -> {
              for (float max : new float[] {5, 5000}) {
                trials.add(
                    "to " + max,
                    (backend, inputs) -> {
                      Buffer x = inputs.normal(elements);
                      Buffer norm = inputs.normal(1);
                      backend.norm(x, norm);
                      backend.clip(x, norm, max);
                    });
              }
            }),
        KernelSpecification.of(
            "sgd is the oracle's",
            1e-6,
            trials -> {
              for (int size : sizes) {
                for (boolean nesterov : new boolean[] {false, true}) {
                  trials.add(
                      size + ", nesterov " + nesterov,
                      (backend, inputs) ->
                          backend.sgd(
                              inputs.normal(size),
                              inputs.normal(size),
                              inputs.normal(size),
                              0.025f,
                              0.9f,
                              3e-4f,
                              nesterov));
                }
              }
            }),
        KernelSpecification.of(
            "adam is the oracle's",
            1e-6,
            trials -> {
              for (int size : sizes) {
                for (int step : new int[] {1, 2, 1000}) {
                  for (float decay : new float[] {0, 1e-3f}) {
                    trials.add(
                        size + ", step " + step + ", decay " + decay,
                        (backend, inputs) ->
                            backend.adam(
                                inputs.normal(size),
                                inputs.normal(size),
                                inputs.normal(size),
                                inputs.normal(size, 5, 0.5f),
                                3e-4f,
                                0.5f,
                                0.999f,
                                1e-8f,
                                decay,
                                step));
                  }
                }
              }
            }));
  }
}
