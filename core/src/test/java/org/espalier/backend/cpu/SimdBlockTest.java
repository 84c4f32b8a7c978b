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
        new SimdBlock.Form(1, 1, 5, 1, SimdBlock.LANES, false),
        new SimdBlock.Form(16, 1, 16, 1, SimdBlock.LANES, false),
        new SimdBlock.Form(7, 2, 8, 1, 2 * SimdBlock.LANES, false),
        new SimdBlock.Form(12, 2, 1, 3, 50, false),
        new SimdBlock.Form(8, 3, 1, 16, 51, false),
        new SimdBlock.Form(8, 3, 16, 1, 3 * SimdBlock.LANES, true),
        new SimdBlock.Form(4, 3, 7, 1, 3 * SimdBlock.LANES, true));
  }

  /** The generated code against the definition, to the bit. */
  @ParameterizedTest
  @MethodSource("forms")
  void generatedCodeSumsInTheOrderOfTheDefinition(SimdBlock.Form form) {
    int rowC = form.vectors() * SimdBlock.LANES + 3;
    int[] blocks = {0, 0, 11, form.rows() * rowC};
    int[] runs = form.flat() ? new int[DEPTH] : new int[] {2, 1, 20, 60, 20 * form.stepB(), 17};
    for (int i = 0; form.flat() && i < DEPTH; i++) {
      runs[i] = 3 * i % 29;
    }
    float[] a = random(2000, 1);
    float[] b = random(DEPTH * form.stepB() + 100, 2);
    for (boolean add : new boolean[] {false, true}) {
      float[] wanted = random(2 * form.rows() * rowC + 5, 3);
      float[] got = wanted.clone();
      SimdBlock.plain(form, blocks, runs, a, 4, b, 5, wanted, 2, rowC, add);
      SimdBlockCode.of(form).run(blocks, runs, a, 4, b, 5, got, 2, rowC, add);
      assertThat(got).as("add " + add).isEqualTo(wanted);
    }
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
