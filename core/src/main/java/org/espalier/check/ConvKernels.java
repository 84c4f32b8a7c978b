package org.espalier.check;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.espalier.backend.Buffer;
import org.espalier.backend.Conv;
import org.espalier.backend.Fan;
import org.espalier.backend.Upstream;

/** Convolutions, alone and as fans, and matrix products. */
final class ConvKernels {
  private static final double TOLERANCE = 1e-5;

  private ConvKernels() {}

  static List<Conv> dense() {
    return List.of(
        // n, h, w, in, out, kh, kw, stride, pad, dilation, groups, shift
        new Conv(3, 8, 8, 16, 16, 3, 3, 1, 1, 1, 1),
        new Conv(2, 7, 9, 16, 32, 3, 3, 1, 1, 1, 1),
        new Conv(1, 28, 28, 8, 8, 3, 3, 1, 1, 1, 1),
        new Conv(17, 5, 5, 32, 48, 3, 3, 1, 1, 1, 1),
        new Conv(2, 6, 6, 64, 64, 3, 3, 1, 1, 1, 1),
        new Conv(1, 4, 4, 40, 56, 3, 3, 1, 1, 1, 1),
        new Conv(2, 9, 9, 3, 16, 3, 3, 1, 1, 1, 1),
        new Conv(2, 8, 8, 1, 8, 3, 3, 1, 1, 1, 1),
        new Conv(3, 7, 7, 24, 24, 3, 3, 1, 1, 1, 1),
        new Conv(3, 14, 14, 8, 8, 3, 3, 1, 1, 1, 1),
        new Conv(2, 19, 13, 16, 24, 3, 3, 1, 1, 1, 1),
        new Conv(2, 12, 5, 20, 17, 3, 3, 1, 1, 1, 1),
        new Conv(3, 1, 1, 5, 5, 3, 3, 1, 1, 1, 1),
        new Conv(3, 8, 8, 4, 4, 5, 5, 1, 2, 1, 1),
        new Conv(3, 8, 8, 12, 2, 3, 3, 1, 1, 1, 1),
        new Conv(2, 8, 12, 8, 8, 3, 3, 2, 1, 1, 1),
        new Conv(2, 8, 8, 16, 32, 3, 3, 2, 1, 1, 1),
        new Conv(2, 9, 7, 20, 24, 3, 3, 2, 1, 1, 1),
        new Conv(2, 9, 9, 16, 16, 5, 5, 3, 2, 1, 1),
        new Conv(2, 9, 9, 16, 16, 3, 3, 1, 2, 2, 1),
        new Conv(2, 9, 8, 5, 7, 5, 5, 2, 4, 2, 1),
        new Conv(2, 9, 8, 8, 8, 3, 3, 1, 2, 2, 1),
        new Conv(1, 12, 12, 4, 3, 7, 7, 1, 3, 1, 1),
        new Conv(1, 12, 12, 3, 4, 9, 9, 1, 4, 1, 1),
        new Conv(2, 8, 8, 16, 16, 1, 1, 1, 0, 1, 1),
        new Conv(2, 5, 5, 32, 64, 1, 1, 1, 0, 1, 1),
        new Conv(2, 9, 9, 32, 24, 1, 1, 1, 0, 1, 1),
        new Conv(3, 7, 7, 48, 64, 1, 1, 1, 0, 1, 1),
        new Conv(2, 6, 6, 8, 8, 1, 1, 1, 0, 1, 1),
        new Conv(64, 3, 3, 16, 16, 1, 1, 1, 0, 1, 1),
        new Conv(2, 6, 6, 8, 8, 1, 1, 2, 0, 1, 1),
        new Conv(2, 7, 7, 48, 20, 1, 1, 2, 0, 1, 1),
        new Conv(2, 6, 6, 10, 3, 1, 1, 1, 1, 1, 1),
        new Conv(2, 8, 9, 6, 18, 2, 4, 1, 1, 1, 1),
        new Conv(1, 3, 3, 16, 16, 3, 3, 1, 0, 1, 1),
        new Conv(1, 2, 2, 128, 16, 2, 2, 1, 0, 1, 1),
        new Conv(2, 6, 6, 8, 12, 3, 3, 1, 1, 1, 2),
        new Conv(2, 7, 6, 12, 48, 3, 3, 2, 1, 1, 3),
        new Conv(2, 6, 6, 64, 64, 3, 3, 1, 2, 2, 2),
        new Conv(2, 6, 8, 8, 8, 1, 1, 2, 0, 1, 1, 1),
        new Conv(2, 7, 5, 48, 20, 1, 1, 2, 0, 1, 1, 1),
        new Conv(3, 7, 8, 16, 8, 1, 1, 1, 0, 1, 1, 1),
        new Conv(2, 8, 8, 16, 16, 3, 3, 1, 1, 1, 1, 1),
        new Conv(2, 9, 8, 5, 7, 3, 3, 2, 1, 1, 1, 1),
        new Conv(2, 9, 9, 8, 8, 3, 3, 2, 2, 2, 1, 5),
        new Conv(2, 6, 7, 8, 12, 1, 1, 2, 0, 1, 2, 1));
  }

  static Stream<Conv> depthwise() {
    return Stream.concat(
        Stream.of(1, 3, 5, 8, 16, 24, 36, 64)
            .flatMap(
                c ->
                    Stream.of(
                        new Conv(3, 8, 8, c, c, 3, 3, 1, 1, 1, c),
                        new Conv(2, 7, 9, c, c, 3, 3, 2, 1, 1, c),
                        new Conv(2, 8, 8, c, c, 5, 5, 1, 2, 1, c),
                        new Conv(2, 8, 8, c, c, 5, 5, 2, 2, 1, c),
                        new Conv(2, 9, 8, c, c, 3, 3, 1, 2, 2, c),
                        new Conv(2, 8, 8, c, c, 3, 3, 2, 2, 2, c),
                        new Conv(2, 9, 9, c, c, 5, 5, 1, 4, 2, c),
                        new Conv(1, 6, 6, c, c, 5, 5, 2, 4, 2, c))),
        Stream.of(
            new Conv(1, 19, 17, 5, 5, 5, 5, 1, 4, 2, 5),
            new Conv(1, 19, 17, 24, 24, 5, 5, 1, 4, 2, 24),
            new Conv(1, 28, 28, 8, 8, 5, 5, 2, 4, 2, 8),
            new Conv(5, 8, 8, 24, 24, 5, 5, 1, 4, 2, 24),
            new Conv(2, 9, 9, 8, 8, 7, 7, 1, 3, 1, 8),
            new Conv(1, 9, 9, 3, 3, 9, 9, 1, 4, 1, 3),
            new Conv(2, 6, 7, 4, 4, 2, 4, 1, 1, 1, 4),
            new Conv(2, 7, 8, 16, 16, 3, 3, 2, 1, 1, 16, 1),
            new Conv(2, 8, 9, 5, 5, 3, 3, 1, 0, 1, 5, 2)));
  }

  /** Convolutions of one input: alike and of all kinds, as the edges of a cell have them. */
  static List<List<Conv>> fans() {
    Conv wide = new Conv(3, 8, 8, 16, 16, 3, 3, 1, 1, 1, 1);
    Conv point = new Conv(3, 8, 8, 16, 16, 1, 1, 1, 0, 1, 1);
    Conv odd = new Conv(2, 7, 7, 8, 5, 5, 5, 2, 2, 1, 1);
    Conv narrow = new Conv(2, 7, 7, 8, 8, 3, 3, 1, 1, 1, 1);
    Conv narrowPoint = new Conv(2, 7, 7, 8, 8, 1, 1, 1, 0, 1, 1);
    Conv halved = new Conv(2, 7, 7, 8, 16, 1, 1, 2, 0, 1, 1);
    Conv dilated = new Conv(2, 7, 7, 8, 8, 3, 3, 1, 2, 2, 1);
    Conv deep = new Conv(2, 7, 7, 8, 8, 3, 3, 1, 1, 1, 8);
    Conv deep5 = new Conv(2, 7, 7, 8, 8, 5, 5, 1, 2, 1, 8);
    Conv deepDilated5 = new Conv(2, 7, 7, 8, 8, 5, 5, 1, 4, 2, 8);
    Conv grouped = new Conv(2, 7, 7, 8, 12, 3, 3, 1, 1, 1, 2);
    Conv oddShifted = new Conv(2, 7, 7, 8, 16, 1, 1, 2, 0, 1, 1, 1);
    Conv half = new Conv(3, 8, 8, 16, 8, 1, 1, 2, 0, 1, 1);
    Conv otherHalf = new Conv(3, 8, 8, 16, 8, 1, 1, 2, 0, 1, 1, 1);
    Conv deepHalved = new Conv(3, 8, 8, 16, 16, 3, 3, 2, 1, 1, 16);
    Conv broad = new Conv(2, 18, 21, 20, 20, 3, 3, 1, 1, 1, 20);
    Conv broadBare = new Conv(2, 18, 21, 20, 20, 3, 3, 1, 0, 1, 20);
    Conv broadDilated = new Conv(2, 18, 21, 20, 20, 3, 3, 1, 2, 2, 20);
    Conv broad5 = new Conv(2, 18, 21, 20, 20, 5, 5, 1, 2, 1, 20);
    Conv broadDilated5 = new Conv(2, 18, 21, 20, 20, 5, 5, 1, 4, 2, 20);
    Conv slim = new Conv(5, 8, 2, 16, 16, 3, 3, 1, 1, 1, 16);
    Conv slim5 = new Conv(5, 8, 2, 16, 16, 5, 5, 1, 2, 1, 16);
    Conv many = new Conv(33, 8, 8, 128, 128, 3, 3, 1, 1, 1, 128);
    return List.of(
        List.of(wide, wide, wide, point, point, point),
        List.of(point, wide, point, wide),
        List.of(point, point),
        List.of(narrow, narrow, narrow, narrowPoint, narrowPoint, narrowPoint),
        List.of(narrow, odd, dilated, narrowPoint, halved),
        List.of(deep, deep5, deepDilated5, deep, deep5),
        List.of(deep, narrow, grouped, deep),
        List.of(half, otherHalf),
        List.of(half, otherHalf, deepHalved, half, otherHalf),
        List.of(half, otherHalf, wide),
        List.of(narrow, halved, oddShifted, odd),
        List.of(broad, broad5, broadDilated, broadDilated5, broadBare),
        List.of(slim, slim5),
        List.of(many),
        Collections.nCopies(18, deep));
  }

  static Stream<KernelSpecification> specifications() {
    List<List<Conv>> all = new ArrayList<>(fans());
    Stream.concat(dense().stream(), depthwise()).map(List::of).forEach(all::add);
    return Stream.concat(specifications(all), more());
  }

  static Stream<KernelSpecification> specifications(List<List<Conv>> fans) {
    return Stream.of(
        KernelSpecification.of(
            "convolutions and their moments are the oracle's",
            TOLERANCE,
            trials ->
                fans.forEach(
                    convs -> {
                      for (boolean relu : new boolean[] {true, false}) {
                        trials.add(
                            convs + ", relu " + relu,
                            (backend, inputs) -> backend.conv(forward(inputs, convs, relu)));
                      }
                    })),
        KernelSpecification.of(
            "gradients of convolutions are the oracle's",
            TOLERANCE,
            trials ->
                fans.forEach(
                    convs -> {
                      for (Wanted wanted : Wanted.ALL) {
                        trials.add(convs + ", " + wanted, gradient(convs, wanted));
                      }
                    })));
  }

  private static Fan forward(KernelInputs inputs, List<Conv> convs, boolean relu) {
    List<Fan.Arm> arms = new ArrayList<>();
    for (int i = 0; i < convs.size(); i++) {
      Conv conv = convs.get(i);
      Buffer w = inputs.normal(conv.weightSize());
      Buffer moments = i % 3 == 1 ? null : inputs.normal(2 * conv.out());
      arms.add(new Fan.Arm(conv, w, inputs.normal(conv.outSize()), moments, null, null));
    }
    return new Fan(relu, input(inputs, convs), arms);
  }

  /**
   * What of the backward pass is wanted.
   *
   * @param rule whether the gradient of the result is a rule
   * @param dx whether that of the input is wanted
   * @param dw whether those of the weights are: of all but every fourth, without dx of every other
   */
  private record Wanted(boolean relu, boolean rule, boolean add, boolean dx, boolean dw) {
    static final List<Wanted> ALL =
        List.of(
            new Wanted(true, true, false, true, true),
            new Wanted(false, true, true, true, true),
            new Wanted(true, false, true, true, true),
            new Wanted(false, false, false, true, false),
            new Wanted(true, true, true, true, false),
            new Wanted(false, false, false, false, true),
            new Wanted(true, true, false, false, true));
  }

  private static KernelSpecification.Kernel gradient(List<Conv> convs, Wanted wanted) {
    return (backend, inputs) -> {
      List<Fan.Arm> arms = new ArrayList<>();
      for (int i = 0; i < convs.size(); i++) {
        Conv conv = convs.get(i);
        Buffer coefficients = wanted.rule ? inputs.normal(4 * conv.out()) : null;
        Upstream upstream = new Upstream(inputs.normal(conv.outSize()), coefficients);
        boolean own = wanted.dw && (wanted.dx ? i % 4 != 3 : i % 2 == 0);
        Buffer dw = own ? inputs.normal(conv.weightSize()) : null;
        Buffer w = inputs.normal(conv.weightSize());
        arms.add(new Fan.Arm(conv, w, inputs.normal(conv.outSize()), null, upstream, dw));
      }
      Buffer x = input(inputs, convs);
      Buffer dx = wanted.dx ? input(inputs, convs) : null;
      backend.convGrad(new Fan(wanted.relu, x, arms), dx, wanted.add);
    };
  }

  private static Buffer input(KernelInputs inputs, List<Conv> convs) {
    Conv first = convs.getFirst();
    return inputs.normal(first.n() * first.h() * first.w() * first.in());
  }

  private static Stream<KernelSpecification> more() {
    return Stream.of(
        // Their gradients are added one after the other, not at the same time.
        KernelSpecification.of(
            "arms may share a weight",
            TOLERANCE,
            trials -> {
              for (int groups : new int[] {1, 8}) {
                Conv conv = new Conv(2, 6, 6, 8, 8, 3, 3, 1, 1, 1, groups);
                trials.add(
                    conv.toString(),
                    (backend, inputs) -> {
                      Buffer w = inputs.normal(conv.weightSize());
                      Buffer dw = inputs.normal(conv.weightSize());
                      List<Fan.Arm> arms = new ArrayList<>();
                      for (int i = 0; i < 3; i++) {
                        Buffer y = inputs.normal(conv.outSize());
                        arms.add(new Fan.Arm(conv, w, y, null, new Upstream(y, null), dw));
                      }
                      Fan fan = new Fan(false, input(inputs, List.of(conv)), arms);
                      backend.convGrad(fan, null, false);
                      backend.convGrad(fan, input(inputs, List.of(conv)), false);
                    });
              }
            }),
        // By the identity, of values around 1000: nothing else may touch the digits.
        KernelSpecification.of(
            "moments of convolutions keep their digits when the mean is large",
            TOLERANCE,
            trials -> {
              for (int groups : new int[] {1, 16}) {
                Conv conv = new Conv(4, 9, 9, 16, 16, 1, 1, 1, 0, 1, groups);
                trials.add(
                    conv.toString(),
                    (backend, inputs) -> {
                      Buffer w = inputs.normal(conv.weightSize());
                      backend.fill(w, 0);
                      for (int i = 0; i < 16; i++) {
                        backend.fill(w.slice(groups == 1 ? 17 * i : i, 1), 1);
                      }
                      Buffer x = inputs.normal(conv.outSize(), 1000, 1);
                      Buffer y = inputs.normal(conv.outSize());
                      Buffer moments = inputs.normal(32);
                      Fan.Arm arm = new Fan.Arm(conv, w, y, moments, null, null);
                      backend.conv(new Fan(false, x, List.of(arm)));
                      backend.axpby(1, moments.slice(16, 16), 0, inputs.normal(16));
                    });
              }
            }),
        KernelSpecification.of(
            "products are the oracle's",
            TOLERANCE,
            trials -> {
              for (int[] s :
                  new int[][] {
                    // m, n, k
                    {1, 1, 1},
                    {64, 10, 64},
                    {64, 128, 3},
                    {7, 33, 65},
                    {128, 16, 16},
                    {5, 100, 1},
                    {192, 32, 48}
                  }) {
                int m = s[0];
                int n = s[1];
                int k = s[2];
                for (int form = 0; form < 8; form++) {
                  boolean left = (form & 1) != 0;
                  boolean right = (form & 2) != 0;
                  boolean add = (form & 4) != 0;
                  trials.add(
                      "%d x %d x %d, form %d".formatted(m, n, k, form),
                      (backend, inputs) -> {
                        Buffer a = inputs.normal(m * k);
                        Buffer b = inputs.normal(k * n);
                        backend.gemm(left, right, m, n, k, a, b, inputs.normal(m * n), add);
                      });
                }
              }
            }));
  }
}
