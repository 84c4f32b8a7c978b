package org.espalier.strategy;

import java.util.List;
import org.espalier.autograd.Tensor;
import org.espalier.op.Softmax;
import org.espalier.supernet.Selection;
import org.espalier.supernet.Selections;

/** DARTS (Liu et al. 2019): every candidate at once, weighted by softmax(alpha) (eq. 2). */
record Darts(String name, AlphaUpdate update) implements Strategy {
  @Override
  public String description() {
    return "softmax relaxation, "
        + (update == AlphaUpdate.UNROLLED ? "second-order (unrolled)" : "first-order")
        + " alpha (Liu et al. 2019)";
  }

  @Override
  public Selections select(Draw draw) {
    List<Tensor> weights =
        draw.alphas().stream().map(alpha -> draw.tape().apply(new Softmax(), alpha)).toList();
    return (kind, edge) -> new Selection.All(weights.get(kind), edge);
  }
}
