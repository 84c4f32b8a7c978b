package org.espalier.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.espalier.tensor.Rng;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SimdBlockTest {
  private static final int DEPTH = 37;

  static List<SimdBlock.Form> forms() {
    return List.of(
        new SimdBlock.Form(false, 1, 1, false, 0),
        new SimdBlock.Form(false, 3, 2, false, 0),
        new SimdBlock.Form(false, 16, 1, false, 0),
        new SimdBlock.Form(false, 7, 2, false, 0),
        new SimdBlock.Form(false, 8, 3, true, 0),
        new SimdBlock.Form(false, 16, 1, false, 13),
        new SimdBlock.Form(false, 8, 3, true, 13),
        new SimdBlock.Form(true, 16, 1, false, 0),
        new SimdBlock.Form(true, 12, 2, false, 0),
        new SimdBlock.Form(true, 8, 3, false, 0));
  }

  /** Generated and plain code against the definition, to the bit. */
  @ParameterizedTest
  @MethodSource("forms")
  void allCodeSumsInTheOrderOfTheDefinition(SimdBlock.Form form) {
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
    float[] plain = wanted.clone();
    float[] got = wanted.clone();
    SimdBlock.Strides strides = new SimdBlock.Strides(rowA, stepA, stepB);
    define(form, strides, blocks, runs, a, 4, b, 5, wanted, 2, rowC);
    SimdBlock.plain(form, strides, blocks, runs, a, 4, b, 5, plain, 2, rowC);
    assertThat(plain).isEqualTo(wanted);
    SimdBlockCode.of(form).run(blocks, runs, a, 4, b, 5, got, 2, rowC, rowA, stepA, stepB);
    assertThat(got).isEqualTo(wanted);
  }

  /**
   * The background has the code compiled and hands it over; no other test has use for this form.
   */
  @Test
  void codeIsHandedOverOnceItIsCompiled() throws InterruptedException {
    SimdBlockCompiler.Slot slot =
        SimdBlockCompiler.slot(new SimdBlock.Form(false, 5, 1, false, 37));
    assertThat(slot.compiled()).as("at first").isNull();
    long end = System.nanoTime() + 120_000_000_000L;
    while (slot.compiled() == null && System.nanoTime() < end) {
      Thread.sleep(50);
    }
    assertThat(slot.compiled()).as("within two minutes").isNotNull();
  }

  private static void define(
      SimdBlock.Form form,
      SimdBlock.Strides strides,
      int[] blocks,
      int[] runs,
      float[] a,
      int startA,
      float[] b,
      int startB,
      float[] c,
      int startC,
      int rowC) {
    int width = form.flat() ? 1 : 3;
    for (int block = 0; block < blocks.length; block += 2) {
      for (int r = 0; r < form.rows(); r++) {
        for (int column = 0; column < form.vectors() * SimdBlock.LANES; column++) {
          int to = startC + blocks[block + 1] + r * rowC + column;
          float sum = form.sum() ? c[to] : 0;
          for (int run = 0; run < runs.length; run += width) {
            int atA = startA + blocks[block] + runs[run] + r * strides.rowA();
            int atB = startB + (form.flat() ? run * strides.stepB() : runs[run + 1]) + column;
            for (int i = 0; i < (form.flat() ? 1 : runs[run + 2]); i++) {
              sum = Math.fma(a[atA + i * strides.stepA()], b[atB + i * strides.stepB()], sum);
            }
          }
          c[to] = sum;
        }
      }
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
