package org.espalier.proxy;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.espalier.autograd.Observer;
import org.espalier.autograd.Op;
import org.espalier.autograd.Tensor;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.nn.Parameter;
import org.espalier.op.BatchNorm;
import org.espalier.op.GlobalAvgPool;
import org.espalier.tensor.Rng;
import org.espalier.tensor.Shape;

/**
 * zen (Lin et al. 2021, algorithm 1): log E ||f(x) - f(x + 0.01 e)||_1, f the features before the
 * global pooling, plus the sum over the batch normalisations of log sqrt(mean over the channels of
 * their variance); the mean over weights, x and e drawn anew from N(0, 1). The batch has at most 16
 * images, as published.
 *
 * <p>The variance is the moving one after the two passes, as in the authors' code and the values
 * that others published: with momentum 0.1 from 1 on, 0.81 + 0.19 of the batch's. By algorithm 1 it
 * would be the batch's own, and each convolution would count for up to 0.83 more.
 *
 * @param repeats how often all is drawn; published: 32
 */
record Zen(int repeats) implements Proxy {
  private static final int BATCH = 16;
  private static final double STEP = 0.01;

  /** Of a normalisation's moving variance. */
  private static final double MOMENTUM = 0.1;

  /** As published. */
  Zen() {
    this(32);
  }

  @Override
  public String name() {
    return "zen";
  }

  @Override
  public String description() {
    return "expected gradient norm of the features, Gaussian weights and images (Lin et al. 2021)";
  }

  @Override
  public Reading book(Passes passes) {
    Subject subject = passes.subject();
    return Reading.of(
        () -> {
          double sum = 0;
          for (int i = 0; i < repeats; i++) {
            sum += once(subject, subject.rng().split("zen").split(i));
          }
          return sum / repeats;
        });
  }

  private static double once(Subject subject, Rng rng) {
    float[] weights = subject.weights();
    for (Parameter layer : subject.layers().weights()) {
      Rng own = rng.split(layer.name());
      IntStream.range(0, layer.shape().size())
          .parallel()
          .forEach(i -> weights[layer.offset() + i] = own.normal(i));
    }
    Shape all = subject.images().shape();
    Shape shape = all.with(0, Math.min(BATCH, all.dim(0)));
    Rng at = rng.split("x");
    Rng aside = rng.split("e");
    Features here = new Features(subject);
    Features there = new Features(subject);
    return subject.with(
        weights,
        () -> {
          subject.forward(subject.tensor(shape, at::normal), List.of(here));
          subject.forward(
              subject.tensor(shape, i -> at.normal(i) + STEP * aside.normal(i)), List.of(there));
          double distance = 0;
          for (int i = 0; i < here.values.length; i++) {
            distance += Math.abs((double) here.values[i] - there.values[i]);
          }
          double scale = 0;
          for (int i = 0; i < here.variances.size(); i++) {
            double moving = moved(moved(1, here.variances.get(i)), there.variances.get(i));
            scale += Math.log(moving) / 2;
          }
          return Math.log(distance / shape.dim(0)) + scale;
        });
  }

  private static double moved(double variance, double batch) {
    return (1 - MOMENTUM) * variance + MOMENTUM * batch;
  }

  private static final class Features implements Observer {
    private final Subject subject;
    private float[] values = {};
    private final List<Double> variances = new ArrayList<>();

    Features(Subject subject) {
      this.subject = subject;
    }

    @Override
    public void computed(Op op, List<Tensor> inputs, Tensor output) {
      Tensor x = inputs.getFirst();
      switch (op) {
        case GlobalAvgPool pool -> values = subject.read(x.data());
        case BatchNorm norm -> variances.add(meanVariance(x));
        default -> {}
      }
    }

    /** The mean over the channels, as a moving variance takes it: of so many values less one. */
    private double meanVariance(Tensor x) {
      Backend backend = subject.backend();
      int c = x.shape().channels();
      double rows = x.shape().rows();
      Buffer moments = backend.memory().take(2 * c);
      backend.moments(x.shape().rows(), c, x.data(), moments);
      double sum = 0;
      for (float variance : subject.read(moments.slice(c, c))) {
        sum += variance;
      }
      backend.memory().give(moments);
      return sum / c * rows / (rows - 1);
    }
  }
}
