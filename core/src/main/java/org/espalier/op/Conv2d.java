package org.espalier.op;

import static org.espalier.op.Sample.shape;

import java.util.List;
import java.util.function.Function;
import org.espalier.autograd.Call;
import org.espalier.autograd.JointOp;
import org.espalier.backend.Buffer;
import org.espalier.backend.Conv;
import org.espalier.backend.Fan;
import org.espalier.tensor.Shape;
import org.jspecify.annotations.Nullable;

/**
 * 2-D convolution: [N, H, W, I] by [kH, kW, I/groups, O] -> [N, H', W', O]. Depthwise where groups
 * = I = O.
 *
 * @param relu whether it is max(x, 0) that is convolved: the ReLU of a ReLU-convolution-norm block,
 *     which then costs no pass of its own
 * @param shift rows and columns at the beginning of the padded input that are passed over: with
 *     stride 2 and shift 1, a 1x1 convolution reads the pixels (2y+1, 2x+1)
 */
public record Conv2d(boolean relu, int stride, int pad, int dilation, int groups, int shift)
    implements JointOp {
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
          Sample.of(shifted(2, 0, 1), shape(2, 6, 8, 5), shape(1, 1, 5, 6)),
          Sample.of(shifted(2, 0, 1), shape(2, 7, 5, 4), shape(1, 1, 4, 10)),
          Sample.of(shifted(2, 1, 1), shape(1, 8, 7, 5), shape(3, 3, 5, 4)),
          Sample.of(new Conv2d(1, 0, 1, 1), shape(1, 4, 4, 6), shape(2, 2, 6, 5)),
          Sample.of(new Conv2d(1, 2, 2, 1), shape(1, 7, 7, 3), shape(3, 3, 3, 4)),
          Sample.of(new Conv2d(1, 1, 1, 2), shape(2, 5, 4, 6), shape(3, 3, 3, 8)),
          Sample.of(new Conv2d(1, 1, 1, 16), shape(2, 6, 6, 16), shape(3, 3, 1, 16)),
          Sample.of(new Conv2d(1, 2, 1, 7), shape(2, 6, 5, 7), shape(5, 5, 1, 7)),
          Sample.of(new Conv2d(2, 2, 1, 8), shape(1, 8, 7, 8), shape(5, 5, 1, 8)),
          Sample.of(new Conv2d(1, 2, 2, 16), shape(1, 7, 7, 16), shape(3, 3, 1, 16)),
          Sample.of(new Conv2d(2, 4, 2, 20), shape(1, 9, 8, 20), shape(5, 5, 1, 20)),
          rectified(new Conv2d(1, 1, 1, 1), shape(2, 5, 7, 8), shape(3, 3, 8, 8)),
          rectified(new Conv2d(1, 0, 1, 1), shape(2, 4, 4, 16), shape(1, 1, 16, 16)),
          rectified(new Conv2d(2, 1, 1, 1), shape(2, 6, 6, 5), shape(3, 3, 5, 12)),
          rectified(new Conv2d(1, 2, 2, 16), shape(1, 7, 7, 16), shape(3, 3, 1, 16)),
          rectified(shifted(2, 0, 1), shape(2, 6, 6, 16), shape(1, 1, 16, 8)),
          rectified(shifted(2, 0, 1), shape(2, 5, 7, 6), shape(1, 1, 6, 6)));

  private static Sample rectified(Conv2d op, Shape x, Shape w) {
    return Sample.of(op.withRelu(true), Sample.Values.AWAY_FROM_ZERO, x, w);
  }

  private static Conv2d shifted(int stride, int pad, int shift) {
    return new Conv2d(false, stride, pad, 1, 1, shift);
  }

  /**
   * A convolution.
   *
   * @throws IllegalArgumentException if the shift is negative
   */
  public Conv2d {
    if (shift < 0) {
      throw new IllegalArgumentException("conv2d: a shift of " + shift + ", 0 or more is wanted");
    }
  }

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
              + pad
              + (shift == 0 ? "" : " and shift " + shift));
    }
    return Shape.of(x.dim(0), conv.outH(), conv.outW(), w.dim(3));
  }

  private Conv geometry(Shape x, Shape w) {
    return new Conv(
        x.dim(0), x.dim(1), x.dim(2), x.dim(3), w.dim(3), w.dim(0), w.dim(1), stride, pad, dilation,
        groups, shift);
  }

  /** A convolution without ReLU and shift. */
  public Conv2d(int stride, int pad, int dilation, int groups) {
    this(false, stride, pad, dilation, groups, 0);
  }

  /** The same with a ReLU before it, or without. */
  public Conv2d withRelu(boolean with) {
    return new Conv2d(with, stride, pad, dilation, groups, shift);
  }

  @Override
  public boolean joins(JointOp other) {
    return other instanceof Conv2d conv && conv.relu == relu;
  }

  @Override
  public void forward(List<Call> calls) {
    calls.getFirst().backend().conv(fan(calls, Conv2d::arm));
  }

  @Override
  public void backward(List<Call> calls) {
    Call first = calls.getFirst();
    Fan fan = fan(calls, Conv2d::armWithGradients);
    Call.@Nullable Grad dx = first.needs(0) ? first.grad(0) : null;
    first.backend().convGrad(fan, dx == null ? null : dx.buffer(), dx != null && dx.add());
  }

  private static Fan fan(List<Call> calls, Function<Call, Fan.Arm> arm) {
    Call first = calls.getFirst();
    return new Fan(((Conv2d) first.op()).relu, first.in(0), calls.stream().map(arm).toList());
  }

  private static Fan.Arm arm(Call call) {
    return new Fan.Arm(geometry(call), call.in(1), call.out(), call.momentsOut(), null, null);
  }

  private static Fan.Arm armWithGradients(Call call) {
    Buffer dw = null;
    if (call.needs(1)) {
      Call.Grad grad = call.grad(1);
      dw = grad.buffer();
      if (!grad.add()) {
        call.backend().fill(dw, 0);
      }
    }
    return new Fan.Arm(geometry(call), call.in(1), call.out(), null, call.upstream(), dw);
  }

  private static Conv geometry(Call call) {
    return ((Conv2d) call.op()).geometry(call.shape(0), call.shape(1));
  }
}
