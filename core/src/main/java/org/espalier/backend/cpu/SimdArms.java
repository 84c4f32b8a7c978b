package org.espalier.backend.cpu;

import java.util.Arrays;
import java.util.List;
import org.espalier.backend.Conv;

/**
 * Arms of a fan that differ in nothing but their weights, as one wide convolution: their output
 * channels lie side by side and fill the vectors that one of them may leave half empty.
 *
 * @param arms which of the fan's they are
 * @param conv the first of them; the others differ in their output channels
 * @param outs output channels of each
 * @param starts where they begin
 * @param columns output channels of all
 */
record SimdArms(int[] arms, Conv conv, int[] outs, int[] starts, int columns) {
  static SimdArms of(int[] arms, List<Conv> convs) {
    int[] outs = Arrays.stream(arms).map(arm -> convs.get(arm).out()).toArray();
    int[] starts = new int[outs.length];
    int all = 0;
    for (int i = 0; i < outs.length; i++) {
      starts[i] = all;
      all += outs[i];
    }
    return new SimdArms(arms, convs.get(arms[0]), outs, starts, all);
  }

  /** Whether there is a single arm, and its channels fill their vectors. */
  boolean alone() {
    return outs.length == 1 && SimdPanels.padded(columns) == columns;
  }

  int pixels() {
    return conv.outH() * conv.outW();
  }
}
