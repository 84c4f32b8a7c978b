package org.espalier.op;

import static org.espalier.op.Sample.shape;

import java.util.List;
import org.espalier.autograd.Call;
import org.espalier.autograd.Op;
import org.espalier.backend.Conv;
import org.espalier.tensor.Shape;

/**
 * 2-D convolution: [N, H, W, I] by [kH, kW, I/groups, O] -> [N, H', W', O]. Depthwise where groups
 * = I = O.
 */
public record Conv2d(int stride, int pad, int dilation, int groups) implements Op {
  static final List<Sample> SAMPLES =
      List.of(
          Sample.of(new Conv2d(1, 1, 1, 1), shape(2, 5, 7, 3), shape(3, 3, 3, 8)),
          Sample.of(new Conv2d(1, 1, 1, 1), shape(1, 8, 8, 16), shape(3, 3, 16, 16)),
          Sample.of(new Conv2d(1, 1, 1, 1), shape(1, 4, 5, 17), shape(3, 3, 17, 33)),
          Sample.of(new Conv2d(2, 1, 1, 1), shape(2, 7, 6, 5), shape(3, 3, 5, 12)),
          Sample.of(new Conv2d(2, 1, 1, 1), shape(1, 8, 8, 16), shape(3, 3, 16, 32)),
          Sample.of(new Conv2d(1, 0, 1, 1), shape(2, 5, 5, 16), shape(1, 1, 16, 48)),
          Sample.of(new Conv2d(1, 0, 1, 1), shape(3, 3, 5, 7), shape(1, 1, 7, 9)),
          Sample.of(new Conv2d(2, 0, 1, 1), shape(2, 7, 5, 4), shape(1, 1, 4, 10)),
          Sample.of(new Conv2d(1, 0, 1, 1), shape(1, 4, 4, 6), shape(2, 2, 6, 5)),
          Sample.of(new Conv2d(1, 2, 2, 1), shape(1, 7, 7, 3), shape(3, 3, 3, 4)),
          Sample.of(new Conv2d(1, 1, 1, 2), shape(2, 5, 4, 6), shape(3, 3, 3, 8)),
          Sample.of(new Conv2d(1, 1, 1, 16), shape(2, 6, 6, 16), shape(3, 3, 1, 16)),
          Sample.of(new Conv2d(1, 2, 1, 7), shape(2, 6, 5, 7), shape(5, 5, 1, 7)),
          Sample.of(new Conv2d(2, 2, 1, 8), shape(1, 8, 7, 8), shape(5, 5, 1, 8)),
          Sample.of(new Conv2d(1, 2, 2, 16), shape(1, 7, 7, 16), shape(3, 3, 1, 16)),
          Sample.of(new Conv2d(2, 4, 2, 20), shape(1, 9, 8, 20), shape(5, 5, 1, 20)));

  @Override
  public Shape infer(Shape... inputs) {
    Shape x = inputs[0].requireRank(4, this);
    Shape w = inputs[1].requireRank(4, this);
    if (w.dim(2) * groups != x.dim(3)) {
      throw new IllegalArgumentException(
          "conv2d: input "
              + x
              + " has "
              + x.dim(3)
              + " channels, weight "
              + w
              + " wants "
              + w.dim(2) * groups);
    }
    if (w.dim(3) % groups != 0) {
      throw new IllegalArgumentException(
          "conv2d: weight "
              + w
              + " has "
              + w.dim(3)
              + " output channels, no multiple of "
              + groups
              + " groups");
    }
    Conv conv = geometry(x, w);
    if (conv.outH() < 1 || conv.outW() < 1) {
      throw new IllegalArgumentException(
          "conv2d: input "
              + x
              + " is smaller than the window of weight "
              + w
              + " at padding "
              + pad);
    }
    return Shape.of(x.dim(0), conv.outH(), conv.outW(), w.dim(3));
  }

  private Conv geometry(Shape x, Shape w) {
    return new Conv(
        x.dim(0), x.dim(1), x.dim(2), x.dim(3), w.dim(3), w.dim(0), w.dim(1), stride, pad, dilation,
        groups);
  }

  @Override
  public void forward(Call call) {
    call.backend().conv(geometry(call.shape(0), call.shape(1)), call.in(0), call.in(1), call.out());
  }

  @Override
  public void backward(Call call) {
    Conv conv = geometry(call.shape(0), call.shape(1));
    if (call.needs(0)) {
      Call.Grad dx = call.grad(0);
      call.backend().convGradInput(conv, call.gradOut(), call.in(1), dx.buffer(), dx.add());
    }
    if (call.needs(1)) {
      Call.Grad dw = call.grad(1);
      if (!dw.add()) {
        call.backend().fill(dw.buffer(), 0);
      }
      call.backend().convGradWeight(conv, call.in(0), call.gradOut(), dw.buffer());
    }
  }
}
