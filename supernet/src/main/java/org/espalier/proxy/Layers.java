package org.espalier.proxy;

import java.util.List;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import org.espalier.nn.Parameter;

/** The weights of convolutions and linear layers among the parameters of a network. */
public final class Layers {
  private final List<Parameter> weights;

  Layers(List<Parameter> parameters) {
    weights = parameters.stream().filter(parameter -> parameter.shape().rank() > 1).toList();
  }

  /** One for each layer, in the order of their declaration. */
  public List<Parameter> weights() {
    return weights;
  }

  /** Sum over all elements of all layers, of two arrays laid out as the parameters. */
  public double sum(float[] a, float[] b, DoubleBinaryOperator element) {
    return sum(a, b, element, DoubleUnaryOperator.identity());
  }

  /** Sum over the layers of {@code layer(sum over its elements)}. */
  public double sum(float[] a, float[] b, DoubleBinaryOperator element, DoubleUnaryOperator layer) {
    double total = 0;
    for (Parameter weight : weights) {
      double sum = 0;
      int end = weight.offset() + weight.shape().size();
      for (int i = weight.offset(); i < end; i++) {
        sum += element.applyAsDouble(a[i], b[i]);
      }
      total += layer.applyAsDouble(sum);
    }
    return total;
  }
}
