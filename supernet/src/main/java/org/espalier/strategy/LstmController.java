package org.espalier.strategy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.espalier.autograd.Op;
import org.espalier.autograd.Tape;
import org.espalier.autograd.Tensor;
import org.espalier.nn.Init;
import org.espalier.nn.Parameter;
import org.espalier.nn.ParameterArena;
import org.espalier.op.Add;
import org.espalier.op.Concat;
import org.espalier.op.CrossEntropy;
import org.espalier.op.Linear;
import org.espalier.op.Mul;
import org.espalier.op.Scale;
import org.espalier.op.Sigmoid;
import org.espalier.op.Slice;
import org.espalier.op.Tanh;
import org.espalier.space.Decision;
import org.espalier.space.SearchSpace;
import org.espalier.tensor.Rng;
import org.espalier.tensor.Shape;
import org.jspecify.annotations.Nullable;

/**
 * ENAS' controller: an LSTM that takes an architecture's decisions one by one and reads each before
 * the next. An operation is drawn from a linear head. An input is drawn by attention over the nodes
 * there are, {@code v tanh(W1 anchor + W2 h)}, and read as the node's anchor: the LSTM's state
 * after the node was settled (Pham et al. 2018, section 2.4, and the code published with it, which
 * gives the two inputs of a cell zero anchors). Where there are only operations to decide it is the
 * controller of NAS-Bench-201's authors, with one bias for PyTorch's two.
 */
final class LstmController {
  /** All weights start uniformly within it. */
  private static final float SPREAD = 0.1f;

  /** Where the learned bias of separable convolutions starts, as published; that of others at 0. */
  private static final float SEPARABLE_BIAS = 10;

  /** Fixed, in the first kind of cell: for separable convolutions, and against the others. */
  private static final float SEPARABLE_NUDGE = 0.25f;

  private final OneShot.Controller settings;
  private final List<Decision> decisions;
  private final boolean attends;
  private final boolean[] separable;
  private final Parameter start;
  private final List<Parameter> gates = new ArrayList<>();
  private final List<Parameter> biases = new ArrayList<>();
  private final Parameter embedding;
  private final Parameter head;
  private final Parameter headBias;
  private @Nullable Attention attention;

  private record Attention(Parameter anchor, Parameter query, Parameter score) {}

  LstmController(ParameterArena.Namespace in, SearchSpace space, OneShot.Controller settings) {
    this.settings = settings;
    decisions = space.decisions();
    attends = decisions.stream().anyMatch(d -> d.what() == Decision.What.INPUT);
    int operations = space.operations().size();
    separable = new boolean[operations];
    for (int k = 0; k < operations; k++) {
      separable[k] =
          space.candidates().get(space.operations().get(k)).name().startsWith("sep_conv");
    }
    int h = settings.hidden();
    Init init = Init.within(SPREAD);
    start = in.parameter("start", Shape.of(1, h), init);
    for (int layer = 0; layer < settings.layers(); layer++) {
      gates.add(in.parameter("lstm." + layer + ".weight", Shape.of(2 * h, 4 * h), init));
      if (settings.biases()) {
        biases.add(in.parameter("lstm." + layer + ".bias", Shape.of(4 * h), init));
      }
    }
    embedding = in.parameter("embedding", Shape.of(operations, h), init);
    head = in.parameter("operation.weight", Shape.of(h, operations), init);
    headBias =
        in.parameter(
            "operation.bias", Shape.of(operations), (rng, i) -> separable[i] ? SEPARABLE_BIAS : 0);
    if (attends) {
      attention =
          new Attention(
              in.parameter("input.anchor", Shape.of(h, h), init),
              in.parameter("input.query", Shape.of(h, h), init),
              in.parameter("input.score", Shape.of(h, 1), init));
    }
  }

  /**
   * An architecture and what the controller thinks of it.
   *
   * @param choices for each decision
   * @param surprise {@code -log p}, {@code [1]}, on the tape
   * @param logProbability the same, without the sign
   * @param entropy of the distributions on the way, summed, in nats
   */
  record Walk(int[] choices, Tensor surprise, double logProbability, double entropy) {}

  /** Draws an architecture. */
  Walk sample(Tape tape, Rng rng) {
    return new Steps(tape).walk((decision, p) -> draw(p, rng.uniform(decision)));
  }

  /** Takes the given choices. */
  Walk follow(Tape tape, int... choices) {
    return new Steps(tape).walk((decision, p) -> choices[decision]);
  }

  private static int draw(double[] probabilities, double uniform) {
    double sum = 0;
    for (int k = 0; k < probabilities.length - 1; k++) {
      sum += probabilities[k];
      if (uniform < sum) {
        return k;
      }
    }
    return probabilities.length - 1;
  }

  private interface Chooser {
    int choose(int decision, double[] probabilities);
  }

  /** The controller on its way through one architecture. */
  private final class Steps {
    private final Tape tape;
    private final Tensor zero;
    private final Tensor[] cells = new Tensor[settings.layers()];
    private final Tensor[] outputs = new Tensor[settings.layers()];
    private final List<Tensor> anchors = new ArrayList<>();
    private final List<Tensor> keys = new ArrayList<>();
    private final List<Tensor> surprises = new ArrayList<>();
    private Tensor input;
    private double logProbability;
    private double entropy;

    Steps(Tape tape) {
      this.tape = tape;
      zero = tape.filled(Shape.of(1, settings.hidden()), 0);
      Arrays.fill(cells, zero);
      Arrays.fill(outputs, zero);
      input = start.tensor();
    }

    Walk walk(Chooser chooser) {
      int[] choices = new int[decisions.size()];
      List<Integer> free = new ArrayList<>();
      for (int i = 0; i < choices.length; i++) {
        Decision decision = decisions.get(i);
        if (attends && (i == 0 || decisions.get(i - 1).kind() != decision.kind())) {
          beginCell(decision.node());
        }
        if (i == 0 || decisions.get(i - 1).node() != decision.node()) {
          free = new ArrayList<>(IntStream.range(0, anchors.size()).boxed().toList());
        }
        step();
        if (decision.what() == Decision.What.INPUT) {
          choices[i] = choose(i, inputLogits(free), chooser);
          int node = free.get(choices[i]);
          free.removeIf(each -> each == node);
          input = anchors.get(node);
        } else {
          choices[i] = choose(i, operationLogits(decision.kind()), chooser);
          input = tape.apply(new Slice(0, choices[i], choices[i] + 1), embedding.tensor());
        }
        if (attends
            && (i + 1 == choices.length || decisions.get(i + 1).node() != decision.node())) {
          step();
          anchor(outputs[outputs.length - 1]);
          input = start.tensor();
        }
      }
      Tensor surprise = tape.apply(new Add(), surprises.toArray(Tensor[]::new));
      return new Walk(choices, surprise, logProbability, entropy);
    }

    /** The nodes outside the cell take a step each, but are read as zero. */
    private void beginCell(int outside) {
      anchors.clear();
      keys.clear();
      input = start.tensor();
      for (int node = 0; node < outside; node++) {
        step();
        anchor(zero);
      }
    }

    private void anchor(Tensor value) {
      anchors.add(value);
      keys.add(product(outputs[outputs.length - 1], attention().anchor));
    }

    private void step() {
      Tensor x = input;
      for (int layer = 0; layer < cells.length; layer++) {
        Tensor both = tape.apply(new Concat(1), x, outputs[layer]);
        Tensor all =
            settings.biases()
                ? tape.apply(
                    new Linear(), both, gates.get(layer).tensor(), biases.get(layer).tensor())
                : product(both, gates.get(layer));
        Tensor kept = tape.apply(new Mul(), gate(new Sigmoid(), all, 1), cells[layer]);
        Tensor fresh = tape.apply(new Mul(), gate(new Sigmoid(), all, 0), gate(new Tanh(), all, 2));
        cells[layer] = tape.apply(new Add(), kept, fresh);
        outputs[layer] =
            tape.apply(
                new Mul(), gate(new Sigmoid(), all, 3), tape.apply(new Tanh(), cells[layer]));
        x = outputs[layer];
      }
    }

    /** Gates in PyTorch's order: input, forget, cell, output. */
    private Tensor gate(Op f, Tensor all, int which) {
      int h = settings.hidden();
      return tape.apply(f, tape.apply(new Slice(1, which * h, (which + 1) * h), all));
    }

    private Tensor product(Tensor x, Parameter weight) {
      Tensor none = tape.filled(Shape.of(weight.shape().dim(1)), 0);
      return tape.apply(new Linear(), x, weight.tensor(), none);
    }

    private Tensor inputLogits(List<Integer> free) {
      Tensor query = product(outputs[outputs.length - 1], attention().query);
      Tensor[] scores = new Tensor[free.size()];
      for (int i = 0; i < scores.length; i++) {
        Tensor match = tape.apply(new Add(), keys.get(free.get(i)), query);
        scores[i] = product(tape.apply(new Tanh(), match), attention().score);
      }
      return bounded(tape.apply(new Concat(1), scores), settings.tanh());
    }

    private Tensor operationLogits(int kind) {
      Tensor logits =
          tape.apply(new Linear(), outputs[outputs.length - 1], head.tensor(), headBias.tensor());
      Tensor bounded = bounded(logits, settings.operationTanh());
      return kind == 0 && nudges() ? tape.apply(new Add(), bounded, nudge()) : bounded;
    }

    private Tensor bounded(Tensor logits, float constant) {
      Tensor cooled = tape.apply(new Scale(1 / settings.temperature()), logits);
      return tape.apply(new Scale(constant), tape.apply(new Tanh(), cooled));
    }

    private Tensor nudge() {
      float[] nudge = new float[separable.length];
      for (int k = 0; k < nudge.length; k++) {
        nudge[k] = separable[k] ? SEPARABLE_NUDGE : -SEPARABLE_NUDGE;
      }
      return tape.constant(Shape.of(1, nudge.length), nudge);
    }

    private int choose(int decision, Tensor logits, Chooser chooser) {
      float[] values = new float[logits.shape().size()];
      tape.backend().read(logits.data(), values);
      double[] p = softmax(values);
      int choice = chooser.choose(decision, p);
      logProbability += Math.log(p[choice]);
      for (double each : p) {
        entropy -= each * Math.log(each);
      }
      Tensor label = tape.constant(Shape.of(1), choice);
      surprises.add(tape.apply(new CrossEntropy(0), logits, label));
      return choice;
    }
  }

  private boolean nudges() {
    for (boolean each : separable) {
      if (each) {
        return true;
      }
    }
    return false;
  }

  private Attention attention() {
    if (attention == null) {
      throw new IllegalStateException("a space without inputs to decide has no attention");
    }
    return attention;
  }

  /** Of bounded logits: none is so small that its probability would be zero. */
  private static double[] softmax(float[] logits) {
    double[] p = new double[logits.length];
    double sum = 0;
    for (int k = 0; k < p.length; k++) {
      p[k] = Math.exp(logits[k]);
      sum += p[k];
    }
    for (int k = 0; k < p.length; k++) {
      p[k] /= sum;
    }
    return p;
  }
}
