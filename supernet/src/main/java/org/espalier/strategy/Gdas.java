package org.espalier.strategy;

import java.util.List;
import org.espalier.autograd.Tape;
import org.espalier.autograd.Tensor;
import org.espalier.op.Add;
import org.espalier.op.OneHot;
import org.espalier.op.Scale;
import org.espalier.op.Softmax;
import org.espalier.supernet.Selection;
import org.espalier.supernet.Selections;
import org.espalier.tensor.Rng;
import org.espalier.tensor.Shape;

/**
 * GDAS (Dong and Yang 2019): one hard Gumbel-softmax sample per edge, gradients through the soft
 * one. Only the sampled candidates are computed; the temperature falls from 10 to 0.1 in a straight
 * line.
 */
record Gdas() implements Strategy {
  private static final double HOT = 10;
  private static final double COLD = 0.1;

  @Override
  public String name() {
    return "gdas";
  }

  @Override
  public String description() {
    return "one hard Gumbel sample per edge, temperature 10 to 0.1 (Dong and Yang 2019)";
  }

  @Override
  public Selections select(Draw draw) {
    double temperature = HOT + (COLD - HOT) * draw.progress();
    List<Sample> samples = new java.util.ArrayList<>();
    for (int kind = 0; kind < draw.alphas().size(); kind++) {
      Tensor alpha = draw.alphas().get(kind);
      float[] noise = gumbel(alpha.shape(), draw.rng().split(kind));
      samples.add(sample(draw.tape(), alpha, noise, (float) temperature));
    }
    return (kind, edge) -> {
      Sample sample = samples.get(kind);
      return new Selection.One(sample.chosen[edge], sample.gates, edge);
    };
  }

  /**
   * The chosen candidate of each edge, and the straight-through gates {@code [edges, candidates]}.
   */
  record Sample(int[] chosen, Tensor gates) {}

  /**
   * Softmax is blind to a shift of its rows, so log_softmax(alpha) + g may be written alpha + g.
   */
  static Sample sample(Tape tape, Tensor alpha, float[] noise, float temperature) {
    Tensor perturbed = tape.apply(new Add(), alpha, tape.constant(alpha.shape(), noise));
    Tensor soft = tape.apply(new Softmax(), tape.apply(new Scale(1 / temperature), perturbed));
    Tensor gates = tape.apply(new OneHot(), soft);
    float[] hot = new float[gates.shape().size()];
    tape.backend().read(gates.data(), hot);
    int columns = alpha.shape().channels();
    int[] chosen = new int[alpha.shape().rows()];
    for (int edge = 0; edge < chosen.length; edge++) {
      chosen[edge] = OneHot.argmax(hot, edge * columns, columns);
    }
    return new Sample(chosen, gates);
  }

  private static float[] gumbel(Shape shape, Rng rng) {
    float[] noise = new float[shape.size()];
    for (int i = 0; i < noise.length; i++) {
      noise[i] = rng.gumbel(i);
    }
    return noise;
  }
}
