package org.espalier.op;

import static org.espalier.op.Sample.shape;

import java.util.List;
import org.espalier.autograd.Call;
import org.espalier.autograd.Op;
import org.espalier.backend.Pool;
import org.espalier.tensor.Shape;

/**
 * Max or average pooling over k x k windows, padding never counted: [N, H, W, C] -> [N, H', W', C].
 */
public record Pool2d(Pool.Kind kind, int k, int stride, int pad) implements Op {
  static final List<Sample> SAMPLES =
      List.of(
          Sample.of(max(3, 1, 1), Sample.Values.DISTINCT, shape(2, 5, 4, 3)),
          Sample.of(max(3, 2, 1), Sample.Values.DISTINCT, shape(1, 7, 6, 16)),
          Sample.of(max(3, 2, 1), Sample.Values.DISTINCT, shape(1, 6, 5, 8)),
          Sample.of(average(3, 1, 1), shape(2, 6, 6, 16)),
          Sample.of(average(3, 1, 1), shape(2, 5, 7, 7)),
          Sample.of(average(3, 2, 1), shape(1, 8, 7, 12)),
          Sample.of(average(2, 2, 0), shape(2, 6, 8, 5)),
          Sample.of(average(5, 3, 0), shape(1, 8, 8, 4)),
          Sample.of(average(3, 1, 1), shape(1, 1, 2, 8)));

  /** Max pooling. */
  public static Pool2d max(int k, int stride, int pad) {
    return new Pool2d(Pool.Kind.MAX, k, stride, pad);
  }

  /** Average pooling. */
  public static Pool2d average(int k, int stride, int pad) {
    return new Pool2d(Pool.Kind.AVERAGE, k, stride, pad);
  }

  @Override
  public Shape infer(Shape... inputs) {
    Pool pool = geometry(inputs[0].requireRank(4, this));
    if (pool.outH() < 1 || pool.outW() < 1) {
      throw new IllegalArgumentException(
          "pool2d: input " + inputs[0] + " is smaller than the window " + k);
    }
    return Shape.of(pool.n(), pool.outH(), pool.outW(), pool.c());
  }

  private Pool geometry(Shape x) {
    return new Pool(kind, x.dim(0), x.dim(1), x.dim(2), x.dim(3), k, stride, pad);
  }

  @Override
  public void forward(Call call) {
    call.backend().pool(geometry(call.shape(0)), call.in(0), call.out());
  }

  @Override
  public void backward(Call call) {
    Call.Grad dx = call.grad(0);
    call.backend()
        .poolGrad(geometry(call.shape(0)), call.in(0), call.gradOut(), dx.buffer(), dx.add());
  }

  @Override
  public boolean shared() {
    return true;
  }
}
