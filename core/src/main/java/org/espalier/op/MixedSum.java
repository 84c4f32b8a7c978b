package org.espalier.op;

import static org.espalier.op.Sample.shape;

import java.util.ArrayList;
import java.util.List;
import org.espalier.autograd.Call;
import org.espalier.autograd.Op;
import org.espalier.backend.Buffer;
import org.espalier.backend.Mix;
import org.espalier.tensor.Shape;

/**
 * A node of a supernet in one operation: {@code sum_t w_t * norm_t(x_t)} over the candidates of all
 * its incoming edges, the batch normalisation that ends a candidate folded in. Inputs: the weights
 * of all edges, of any shape, then the values [N, H, W, C] of the terms that were computed, in
 * order.
 *
 * @param terms what is summed
 * @param eps of the normalisation
 */
public record MixedSum(List<Term> terms, float eps) implements Op {
  /** Weight index of a term whose weight is the constant 1. */
  public static final int UNIT = -1;

  /**
   * One candidate of one edge.
   *
   * @param weight flat index of its weight, or {@link #UNIT}
   * @param normalize whether its value is still to be normalised by its own batch statistics
   * @param computed false: the candidate was not selected; it has no input here and adds nothing,
   *     and its weight receives the gradient of a candidate that outputs 1 everywhere
   */
  public record Term(int weight, boolean normalize, boolean computed) {}

  static final List<Sample> SAMPLES = samples();

  private static List<Sample> samples() {
    List<Sample> samples = new ArrayList<>();
    for (int c : new int[] {3, 8, 16, 20}) {
      Shape x = shape(2, 4, 3, c);
      samples.add(
          Sample.of(
              new MixedSum(
                  List.of(
                      new Term(1, true, true),
                      new Term(3, false, true),
                      new Term(0, true, true),
                      new Term(UNIT, false, true),
                      new Term(5, true, true),
                      new Term(4, false, true)),
                  1e-5f),
              shape(2, 3),
              x,
              x,
              x,
              x,
              x,
              x));
    }
    return samples;
  }

  @Override
  public Shape infer(Shape... inputs) {
    long computed = terms.stream().filter(Term::computed).count();
    if (computed == 0 || inputs.length != computed + 1) {
      throw new IllegalArgumentException(
          "mixed sum: " + computed + " computed terms, but " + (inputs.length - 1) + " values");
    }
    for (int i = 2; i < inputs.length; i++) {
      if (!inputs[i].equals(inputs[1])) {
        throw new IllegalArgumentException(
            "mixed sum: values " + inputs[1] + " and " + inputs[i] + " differ in shape");
      }
    }
    return inputs[1];
  }

  @Override
  public void forward(Call call) {
    call.backend().mixedSum(mix(call, false), call.in(0), call.out());
  }

  @Override
  public void backward(Call call) {
    Buffer dWeights = null;
    if (call.needs(0)) {
      Call.Grad grad = call.grad(0);
      dWeights = grad.buffer();
      if (!grad.add()) {
        call.backend().fill(dWeights, 0);
      }
    }
    Mix mix = mix(call, true);
    call.backend().mixedSumGrad(mix, call.in(0), call.gradOut(), dWeights);
    int input = 1;
    for (int t = 0; t < terms.size(); t++) {
      Buffer gradient = mix.terms().get(t).gradient();
      if (gradient != null && terms.get(t).normalize) {
        call.deliver(input, gradient);
      }
      input += terms.get(t).computed ? 1 : 0;
    }
  }

  private Mix mix(Call call, boolean gradients) {
    List<Mix.Term> bound = new ArrayList<>(terms.size());
    int input = 1;
    for (Term term : terms) {
      bound.add(
          term.computed
              ? bound(term, call, input++, gradients)
              : new Mix.Term(term.weight, null, null, null, false));
    }
    return new Mix(call.shape().rows(), call.shape().channels(), eps, bound);
  }

  private static Mix.Term bound(Term term, Call call, int i, boolean gradients) {
    Buffer x = call.in(i);
    Buffer moments = term.normalize ? call.moments(i) : null;
    if (!gradients || !call.needs(i)) {
      return new Mix.Term(term.weight, x, moments, null, false);
    }
    if (term.normalize) {
      return new Mix.Term(term.weight, x, moments, call.coefficients(i), false);
    }
    Call.Grad dx = call.grad(i);
    return new Mix.Term(term.weight, x, null, dx.buffer(), dx.add());
  }
}
