package org.espalier.check;

import java.util.stream.Stream;
import org.espalier.backend.Buffer;
import org.espalier.backend.Unary;

final class ElementwiseKernels {
  private static final boolean[] ADD = {false, true};

  private ElementwiseKernels() {}

  static Stream<KernelSpecification> specifications(int elements) {
    // Below a vector, around one, and more than a chunk.
    int[] sizes = {1, 7, 16, 33, 1000, 16 * 1024, elements};
    return Stream.of(
        KernelSpecification.of(
            "fill writes the value",
            0,
            trials -> {
              for (int size : sizes) {
                trials.add("" + size, (backend, inputs) -> backend.fill(inputs.normal(size), 2.5f));
              }
            }),
        KernelSpecification.of(
            "axpby is the oracle's",
            1e-6,
            trials -> {
              for (int size : sizes) {
                for (float b : new float[] {0, 1, -0.3f}) {
                  trials.add(
                      size + ", b " + b,
                      (backend, inputs) ->
                          backend.axpby(0.7f, inputs.normal(size), b, inputs.normal(size)));
                }
              }
            }),
        KernelSpecification.of(
            "axpby without its target ignores what stood there",
            0,
            trials ->
                trials.add(
                    "NaN",
                    (backend, inputs) -> {
                      Buffer y = inputs.normal(100);
                      backend.fill(y, Float.NaN);
                      backend.axpby(2, inputs.normal(100), 0, y);
                    })),
        KernelSpecification.of(
            "multiply writes or adds",
            1e-6,
            trials -> {
              for (int size : sizes) {
                for (boolean add : ADD) {
                  trials.add(
                      size + ", add " + add,
                      (backend, inputs) ->
                          backend.multiply(
                              inputs.normal(size), inputs.normal(size), inputs.normal(size), add));
                }
              }
            }),
        KernelSpecification.of(
            "unary functions are the oracle's",
            1e-6,
            trials -> {
              for (int size : sizes) {
                for (Unary f : Unary.values()) {
                  trials.add(
                      f + " of " + size,
                      (backend, inputs) ->
                          backend.unary(f, inputs.coarse(size), inputs.normal(size)));
                }
              }
            }),
        KernelSpecification.of(
            "gradients of unary functions are the oracle's",
            1e-6,
            trials -> {
              for (int size : sizes) {
                for (Unary f : Unary.values()) {
                  for (boolean add : ADD) {
                    trials.add(
                        f + " of " + size + ", add " + add,
                        (backend, inputs) ->
                            backend.unaryGrad(
                                f,
                                inputs.coarse(size),
                                inputs.normal(size),
                                inputs.normal(size),
                                add));
                  }
                }
              }
            }),
        KernelSpecification.of(
            "dropout draws the same elements and samples",
            1e-6,
            trials -> {
              int whole = elements / 30 * 30; // and a group that is cut short
              for (int size : new int[] {whole, whole + 7}) {
                for (int group : new int[] {1, 10, whole / 3, 2 * whole}) {
                  for (boolean add : ADD) {
                    trials.add(
                        size + " by " + group + ", add " + add,
                        (backend, inputs) -> {
                          Buffer x = inputs.normal(size);
                          backend.dropout(0.4f, group, 5, 6, x, inputs.normal(size), add);
                        });
                  }
                }
              }
            }),
        KernelSpecification.of(
            "blocks of any length are copied or added",
            0,
            trials -> {
              for (int length : new int[] {1, 3, 8, 17, 64, elements / 3}) {
                int blocks = elements / length;
                for (boolean add : ADD) {
                  trials.add(
                      blocks + " of " + length + ", add " + add,
                      (backend, inputs) -> {
                        Buffer x = inputs.normal(blocks * (length + 2));
                        Buffer y = inputs.normal(blocks * (length + 3));
                        backend.copyBlocks(blocks, length, x, 1, length + 2, y, 2, length + 3, add);
                      });
                }
              }
            }));
  }
}
