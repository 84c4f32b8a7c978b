package org.espalier.op;

import static org.espalier.op.Sample.shape;

import java.util.List;
import org.espalier.autograd.Call;
import org.espalier.autograd.Op;
import org.espalier.tensor.Shape;

/** x w + b: [N, in] by [in, out] plus [out] -> [N, out]. */
public record Linear() implements Op {
  static final List<Sample> SAMPLES =
      List.of(
          Sample.of(new Linear(), shape(5, 7), shape(7, 3), shape(3)),
          Sample.of(new Linear(), shape(4, 64), shape(64, 10), shape(10)));

  @Override
  public Shape infer(Shape... inputs) {
    Shape x = inputs[0].requireRank(2, this);
    Shape w = inputs[1].requireRank(2, this);
    Shape b = inputs[2].requireRank(1, this);
    if (x.dim(1) != w.dim(0) || w.dim(1) != b.dim(0)) {
      throw new IllegalArgumentException(
          "linear: input "
              + x
              + ", weight "
              + w
              + " and bias "
              + b
              + " want [N, in], [in, out], [out]");
    }
    return Shape.of(x.dim(0), w.dim(1));
  }

  @Override
  public void forward(Call call) {
    Shape w = call.shape(1);
    int n = call.shape(0).dim(0);
    call.backend()
        .gemm(false, false, n, w.dim(1), w.dim(0), call.in(0), call.in(1), call.out(), false);
    call.backend().addRow(n, w.dim(1), call.out(), call.in(2), call.out());
  }

  @Override
  public void backward(Call call) {
    Shape w = call.shape(1);
    int n = call.shape(0).dim(0);
    int in = w.dim(0);
    int out = w.dim(1);
    if (call.needs(0)) {
      Call.Grad dx = call.grad(0);
      call.backend()
          .gemm(false, true, n, in, out, call.gradOut(), call.in(1), dx.buffer(), dx.add());
    }
    if (call.needs(1)) {
      Call.Grad dw = call.grad(1);
      call.backend()
          .gemm(true, false, in, out, n, call.in(0), call.gradOut(), dw.buffer(), dw.add());
    }
    if (call.needs(2)) {
      Call.Grad db = call.grad(2);
      call.backend().sumRows(n, out, call.gradOut(), db.buffer(), db.add());
    }
  }
}
