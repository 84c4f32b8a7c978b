package org.espalier.op;

import static org.espalier.op.Sample.shape;

import java.util.List;
import org.espalier.autograd.Call;
import org.espalier.autograd.Op;
import org.espalier.tensor.Shape;

/** Mean over the spatial axes: [N, H, W, C] -> [N, C]. */
public record GlobalAvgPool() implements Op {
  static final List<Sample> SAMPLES =
      List.of(
          Sample.of(new GlobalAvgPool(), shape(2, 3, 5, 7)),
          Sample.of(new GlobalAvgPool(), shape(1, 1, 1, 16)));

  @Override
  public Shape infer(Shape... inputs) {
    Shape x = inputs[0].requireRank(4, this);
    return Shape.of(x.dim(0), x.dim(3));
  }

  @Override
  public void forward(Call call) {
    Shape x = call.shape(0);
    call.backend().meanPixels(x.dim(0), x.dim(1) * x.dim(2), x.dim(3), call.in(0), call.out());
  }

  @Override
  public void backward(Call call) {
    Shape x = call.shape(0);
    Call.Grad dx = call.grad(0);
    call.backend()
        .meanPixelsGrad(
            x.dim(0), x.dim(1) * x.dim(2), x.dim(3), call.gradOut(), dx.buffer(), dx.add());
  }
}
