package org.espalier.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.espalier.tensor.Rng;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SimdBlockTest {
  private static final int DEPTH = 37;

  static List<SimdBlock.Form> forms() {
    return List.of(
        new SimdBlock.Form(false, 1, 1, false),
        new SimdBlock.Form(false, 16, 1, false),
        new SimdBlock.Form(false, 7, 2, false),
        new SimdBlock.Form(false, 8, 3, true),
        new SimdBlock.Form(true, 16, 1, false),
        new SimdBlock.Form(true, 12, 2, false),
        new SimdBlock.Form(true, 8, 3, false));
  }

  /** The generated code against the definition, to the bit. */
  @ParameterizedTest
  @MethodSource("forms")
  void generatedCodeSumsInTheOrderOfTheDefinition(SimdBlock.Form form) {
    int width = form.vectors() * SimdBlock.LANES;
    int rowC = width + 3;
    int rowA = form.sum() ? 1 : 13;
    int stepA = form.sum() ? 19 : 1;
    int stepB = form.sum() ? width + 5 : width;
    int[] blocks = {0, 0, 11, form.rows() * rowC};
    int[] runs = form.flat() ? new int[DEPTH] : new int[] {2, 1, 20, 60, 20 * stepB, 17};
    for (int i = 0; form.flat() && i < DEPTH; i++) {
      runs[i] = 3 * i % 29;
    }
    float[] a = random(2000, 1);
    float[] b = random(DEPTH * stepB + 100, 2);
    float[] wanted = random(2 * form.rows() * rowC + 5, 3);
    float[] got = wanted.clone();
    SimdBlock.Strides strides = new SimdBlock.Strides(rowA, stepA, stepB);
    SimdBlock.plain(form, strides, blocks, runs, a, 4, b, 5, wanted, 2, rowC);
    SimdBlockCode.of(form).run(blocks, runs, a, 4, b, 5, got, 2, rowC, rowA, stepA, stepB);
    assertThat(got).isEqualTo(wanted);
  }

  private static float[] random(int size, int stream) {
    Rng rng = new Rng(5, stream);
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = rng.normal(i);
    }
    return values;
  }
}
